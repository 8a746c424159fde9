"""RL samples per second at `micro`: whole steps (sample, verify, update), beside the same steps sampled by `generate`.

The model is untrained and nothing stops it, so both sides do exactly the same number of tokens.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

import torch

from interplay.data.tokenizer import decode_completion, train_tokenizer
from interplay.model.build import build
from interplay.model.sampler import Completion, sample
from interplay.rl.grpo import Learner, RLConfig, Scored
from interplay.rl.rollout import Rollout
from interplay.studies.quickstart import mixtures, reinforcement, tokenizer_config
from interplay.studies.scales import MICRO
from interplay.train.runtime import Runtime
from interplay.world.verify import Reference, verify

PROMPTS, GROUP, NEW_TOKENS, ROUNDS = 16, 16, 48, 4
PHASES = ("sample", "verify", "update")


class Steps:
    """The same step by either sampler, with the seconds each phase took."""

    def __init__(self, config: RLConfig, threads: int) -> None:
        self.config = config
        self.tokenizer = train_tokenizer(tokenizer_config(MICRO))
        model = build(MICRO.model, len(self.tokenizer), 0)
        runtime = Runtime(device="cpu", threads=threads)
        self.learner = Learner(model, self.tokenizer, config, runtime)
        self.problems = config.pool.problems(0, PROMPTS)
        self.references = [Reference.from_graph(p.graph, p.solution) for p in self.problems]
        encode = self.tokenizer.backend_tokenizer.encode
        self.prompts = [encode(p.prompt, add_special_tokens=False).ids for p in self.problems]
        self.completions = self.sampled()
        self.spent: dict[str, float] = defaultdict(float)
        self.rounds = 0

    def sampled(self) -> list[Completion]:
        """By our sampler."""
        sampling = self.config.sampling.model_copy(update={"max_new_tokens": NEW_TOKENS})
        return list(sample(self.learner.model, self.prompts, num_samples=GROUP, config=sampling, stop_ids=[], seed=0))

    def generated(self) -> list[Completion]:
        """By `transformers.generate`; its tokens are thrown away, so that both sides update on the same rollouts."""
        width, pad = max(map(len, self.prompts)), self.tokenizer.pad_token_id
        ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in self.prompts])
        model: Any = self.learner.model.eval()
        with torch.inference_mode():
            model.generate(
                ids, attention_mask=(ids != pad).long(), do_sample=True, num_return_sequences=GROUP,
                min_new_tokens=NEW_TOKENS, max_new_tokens=NEW_TOKENS, pad_token_id=pad,
            )  # fmt: skip
        model.train()
        return self.completions

    def step(self, side: str) -> None:
        """One whole step, timed by phase."""
        clock = [time.perf_counter()]
        completions = self.sampled() if side == "ours" else self.generated()
        clock.append(time.perf_counter())
        rollouts = [self._verified(completion) for completion in completions]
        clock.append(time.perf_counter())
        advantages = [torch.full((NEW_TOKENS,), 1.0 - 2.0 * (i % 2)) for i in range(len(rollouts))]
        self.learner.update(Scored(rollouts, advantages), 0)
        clock.append(time.perf_counter())
        for phase, start, end in zip(PHASES, clock[:-1], clock[1:], strict=True):
            self.spent[f"{side}_{phase}"] += end - start
        self.rounds += side == "generate"

    def _verified(self, completion: Completion) -> Rollout:
        p = completion.prompt
        text = decode_completion(self.tokenizer, completion.tokens)
        verdict = verify(self.references[p], text, truncated=True)
        return Rollout(self.problems[p], self.prompts[p], completion, text, verdict, 0.0, None)


def bench(threads: int) -> dict[str, Any]:
    """The parts hold the share of each phase of our step."""
    steps = Steps(reinforcement(MICRO, mixtures(MICRO)["edge"], seed=0), threads)
    for _ in range(1 + ROUNDS):
        steps.step("ours")
        steps.step("generate")
        if steps.rounds == 1:  # the first update takes memory from the system, which is nobody's speed
            steps.spent.clear()
    total = {side: sum(steps.spent[f"{side}_{phase}"] for phase in PHASES) for side in ("ours", "generate")}
    samples = ROUNDS * PROMPTS * GROUP
    return {
        "value": round(samples / total["ours"], 1), "unit": "samples/s",
        "peer": "the same step sampled by transformers.generate", "peer_value": round(samples / total["generate"], 1),
        "parts": {f"{phase}_share": round(steps.spent[f"ours_{phase}"] / total["ours"], 4) for phase in PHASES},
    }  # fmt: skip
