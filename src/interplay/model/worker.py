"""One worker's loop: admit, decode, choose, let go.

A worker is deterministic: what it admits and when depends on its own units alone. So a run repeats bit for bit, however
many threads there are and however they are scheduled.
"""

# R rows, V vocabulary

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from interplay.model.cache import Prefix, join
from interplay.model.cohort import Cohort, Completion, Unit
from interplay.model.decode import decode, prefill
from interplay.model.next_token import Choice, SamplingConfig, choose, row_key, uniforms
from interplay.model.phase_times import Clock
from interplay.model.weights import Weights

PREFILL_TOKENS = 4_096


@dataclass(frozen=True)
class Job:
    """What all workers share."""

    prompts: Sequence[Sequence[int]]
    keys: Sequence[str | int]
    config: SamplingConfig
    stops_V: Tensor
    seed: int


class Worker:
    """One stream of decoding steps over its own units. `step` does one and returns what has ended."""

    def __init__(
        self, weights: Weights, job: Job, units: Iterable[Unit], max_rows: int, max_tokens: int, clock: Clock
    ) -> None:
        self.weights, self.job, self.clock = weights, job, clock
        self.max_rows, self.max_tokens = max_rows, max_tokens
        self.waiting = deque(units)
        self.cohorts: list[Cohort] = []
        self.split: tuple[int, Prefix] | None = None  # a prompt whose samples did not all fit, and its prefix

    @property
    def busy(self) -> bool:
        return bool(self.waiting or self.cohorts)

    @property
    def rows(self) -> int:
        return sum(map(len, self.cohorts))

    @property
    def held_tokens(self) -> int:
        """Tokens whose keys and values are held or reserved."""
        return sum(cohort.held_tokens for cohort in self.cohorts)

    @torch.inference_mode()
    def step(self) -> list[Completion]:
        self.clock.lap("bookkeeping")
        fresh = self._admit()
        if fresh is not None:
            logits_R_V = fresh.prefix.logits_P_V[fresh.prompt_R].clone()
            self._choose([fresh], logits_R_V)
            self.cohorts.append(fresh)
            return self._leave()
        logits_R_V = decode(self.weights, self.cohorts, self.clock)
        self._choose(self.cohorts, logits_R_V)
        return self._leave()

    def _choose(self, cohorts: Sequence[Cohort], logits_R_V: Tensor) -> None:
        """`cohort.length` tokens of each row have been fed, so the one to choose now has that number."""
        keys_R = torch.cat([cohort.keys_R for cohort in cohorts])
        steps_R = torch.cat([torch.full_like(cohort.keys_R, cohort.length) for cohort in cohorts])
        choice = choose(logits_R_V, uniforms(keys_R, steps_R), self.job.config)
        if not bool(choice.logprobs_R.isfinite().all()):
            raise ValueError("the model's logits are not finite: its weights have diverged")
        stops_R = self.job.stops_V[choice.tokens_R]
        start = 0
        for cohort in cohorts:
            rows = slice(start, start := start + len(cohort))
            cohort.record(cohort.length, Choice(choice.tokens_R[rows], choice.logprobs_R[rows]), stops_R[rows])
        self.clock.lap("sampling")

    def _leave(self) -> list[Completion]:
        ended = [completion for cohort in self.cohorts for completion in cohort.leave()]
        self.cohorts = [cohort for cohort in self.cohorts if len(cohort)]
        self.clock.lap("bookkeeping")
        return ended

    def _admit(self) -> Cohort | None:
        """The next units, when nothing runs or a quarter of the rows and of the tokens is free: small cohorts cost more."""
        if not self.waiting:
            return None
        free_rows, free_tokens = self.max_rows - self.rows, self.max_tokens - self.held_tokens
        if self.cohorts and (free_rows < self.max_rows / 4 or free_tokens < self.max_tokens / 4):
            return None
        units: list[Unit] = []
        longest = 0
        while self.waiting and free_rows > 0:
            unit, size = self.waiting[0], self.job.config.max_new_tokens
            longest = max(longest, len(self.job.prompts[unit.prompt]))  # prompts are padded to the longest
            room = (free_tokens - longest * (len(units) + 1)) // size
            count = min(
                unit.num_samples, free_rows, max(room, 0 if units or self.cohorts else 1)
            )  # one row always runs
            if count <= 0:
                break
            self.waiting.popleft()
            if count < unit.num_samples:
                self.waiting.appendleft(Unit(unit.prompt, unit.first_sample + count, unit.num_samples - count))
            units.append(Unit(unit.prompt, unit.first_sample, count))
            free_rows, free_tokens = free_rows - count, free_tokens - count * size
        return self._start(units) if units else None

    def _start(self, units: list[Unit]) -> Cohort:
        parts = [self.split[1]] if self.split and self.split[0] == units[0].prompt else []
        parts += [
            prefill(self.weights, [self.job.prompts[prompt] for prompt in batch])
            for batch in batches([unit.prompt for unit in units[len(parts) :]], self.job.prompts)
        ]
        prefix = join(parts)
        self.split = None
        if self.waiting and self.waiting[0].prompt == units[-1].prompt:
            last = torch.tensor([len(units) - 1], device=prefix.lengths_P.device)
            self.split = (units[-1].prompt, prefix.select(last))
        keys = [
            row_key(self.job.seed, self.job.keys[unit.prompt], unit.first_sample + i)
            for unit in units
            for i in range(unit.num_samples)
        ]
        self.clock.lap("prefill")
        return Cohort(units, prefix, keys, self.job.config.max_new_tokens)


def batches(
    prompts: list[int], tokens: Sequence[Sequence[int]], positions: int = PREFILL_TOKENS
) -> Iterator[list[int]]:
    """Neighbouring prompts of at most so many positions, padded to the longest."""
    batch: list[int] = []
    longest = 0
    for prompt in prompts:
        longest = max(longest, len(tokens[prompt]))
        if batch and longest * (len(batch) + 1) > positions:
            yield batch
            batch, longest = [], len(tokens[prompt])
        batch.append(prompt)
    if batch:
        yield batch
