"""One step's experience: problems from the pool, G samples of each from the training model itself, verdicts, rewards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from transformers import PreTrainedTokenizerFast

from interplay.data.tokenizer import decode_completion
from interplay.judging.pool import judge_here
from interplay.judging.texts import Text, as_it_is
from interplay.model.problems import sample_problems
from interplay.model.sampler import Completion, SamplingConfig
from interplay.rl.rewards import RewardConfig, reward, step_rewards
from interplay.world.problem import Problem
from interplay.world.verify import Reference, Verdict

Judge = Callable[[Sequence[Text]], list[Verdict]]  # verdicts in the order of the texts; never raises


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
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    problems: list[Problem],
    *,
    group: int,
    sampling: SamplingConfig,
    rewards: RewardConfig,
    seed: int,
    rows: int,
    threads: int,
    judge: Judge | None = None,
) -> list[list[Rollout]]:
    """P groups of G rollouts, in the order of `problems`; judged in this process where no `judge` is given. The group of a
    prompt that does not fit the model is empty."""
    prompts, ordered = sample_problems(
        model, tokenizer, problems, num_samples=group, config=sampling, seed=seed, max_rows=rows, threads=threads
    )
    references = [Reference.from_graph(p.graph, p.solution) for p in problems]
    texts = [
        Text(references[c.prompt], decode_completion(tokenizer, c.tokens, c.finished), truncated=not c.finished)
        for c in ordered
    ]
    verdicts = judge(texts) if judge else judge_here(texts, as_it_is)
    groups: list[list[Rollout]] = [[] for _ in problems]
    for completion, text, verdict in zip(ordered, texts, verdicts, strict=True):
        problem, prompt = problems[completion.prompt], prompts[completion.prompt]
        credit = step_rewards(verdict, token_starts(tokenizer, completion.tokens)) if rewards.kind == "steps" else None
        groups[completion.prompt].append(
            Rollout(problem, prompt, completion, text.text, verdict, reward(verdict, rewards), credit)
        )
    return groups


def token_starts(tokenizer: PreTrainedTokenizerFast, tokens: list[int]) -> list[int]:
    """The character at which each token's own text starts (a leading blank belongs to the token but not to its step)."""
    starts, text = [], ""
    for count in range(1, len(tokens) + 1):
        longer = str(tokenizer.backend_tokenizer.decode(tokens[:count], skip_special_tokens=False))
        piece = longer[len(text) :]
        starts.append(len(text) + len(piece) - len(piece.lstrip()))
        text = longer
    return starts
