"""One step's experience: problems from the pool, G samples of each from the training model itself, verdicts, rewards."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from transformers import PreTrainedTokenizerFast

from interplay.data.tokenizer import decode_completion
from interplay.judging.pool import CHUNK, Pool
from interplay.judging.texts import Text, as_it_is
from interplay.model.problems import Sampler, sample_problems
from interplay.model.sampler import Completion, SamplingConfig
from interplay.rl.rewards import RewardConfig, reward, step_rewards
from interplay.train.runtime import Runtime
from interplay.world.problem import Problem
from interplay.world.verify import Reference, Verdict

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Judge = Pool[Verdict]


class Rollout(NamedTuple):
    """One sampled solution and what it earned; `token_rewards` is given by per-step credit only."""

    problem: Problem
    prompt: list[int]
    completion: Completion
    text: str
    verdict: Verdict
    reward: float
    token_rewards: list[float] | None


def roll_out(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    problems: list[Problem],
    *,
    group: int,
    sampling: SamplingConfig,
    rewards: RewardConfig,
    seed: int,
    runtime: Runtime,
    judge: Judge | None = None,
    sampler: Sampler | None = None,
) -> list[list[Rollout]]:
    """P groups of G rollouts, in the order of `problems`; judged while the next are sampled, after all of them in this
    process where no `judge` is given. The group of a prompt that does not fit the model is empty."""
    references = [Reference.from_graph(p.graph, p.solution) for p in problems]

    def text_of(c: Completion) -> Text:
        return Text(references[c.prompt], decode_completion(tokenizer, c.tokens, c.finished), truncated=not c.finished)

    judging = _Judging(judge or Pool(0, as_it_is), text_of)
    prompts, ordered = sample_problems(
        model, tokenizer, problems, num_samples=group, config=sampling, seed=seed, drawn=judging.add, sampler=sampler,
        max_rows=runtime.sample_rows, threads=runtime.threads,
    )  # fmt: skip
    judged = judging.judged()
    groups: list[list[Rollout]] = [[] for _ in problems]
    for completion in ordered:
        text, verdict = judged[completion.prompt, completion.sample]
        problem, prompt = problems[completion.prompt], prompts[completion.prompt]
        credit = step_rewards(verdict, token_starts(tokenizer, completion.tokens)) if rewards.kind == "steps" else None
        groups[completion.prompt].append(
            Rollout(problem, prompt, completion, text.text, verdict, reward(verdict, rewards), credit)
        )
    return groups


class _Judging:
    """Verdicts of completions in whatever order they are drawn: each chunk is handed on as soon as it is full."""

    def __init__(self, judge: Judge, text_of: Callable[[Completion], Text]) -> None:
        self.judge, self.text_of = judge, text_of
        self.full: list[Completion] = []
        self.begun: list[tuple[list[Completion], list[Text], Callable[[], list[Verdict]]]] = []

    def add(self, completion: Completion) -> None:
        """One that is drawn."""
        self.full.append(completion)
        if len(self.full) == CHUNK:
            self._hand_on()

    def judged(self) -> dict[tuple[int, int], tuple[Text, Verdict]]:
        """Text and verdict by prompt and sample, when all are drawn."""
        if self.full:
            self._hand_on()
        return {
            (completion.prompt, completion.sample): (text, verdict)
            for completions, texts, verdicts in self.begun
            for completion, text, verdict in zip(completions, texts, verdicts(), strict=True)
        }

    def _hand_on(self) -> None:
        texts = list(map(self.text_of, self.full))
        self.begun.append((self.full, texts, self.judge.submit(texts)))
        self.full = []


def token_starts(tokenizer: PreTrainedTokenizerFast, tokens: list[int]) -> list[int]:
    """The character at which each token's own text starts (a leading blank belongs to the token but not to its step)."""
    starts, text = [], ""
    for count in range(1, len(tokens) + 1):
        longer = str(tokenizer.backend_tokenizer.decode(tokens[:count], skip_special_tokens=False))
        piece = longer[len(text) :]
        starts.append(len(text) + len(piece) - len(piece.lstrip()))
        text = longer
    return starts
