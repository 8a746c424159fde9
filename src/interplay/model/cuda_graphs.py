"""On a GPU, a step of one cohort as a CUDA graph: its several hundred launches become one.

A graph is captured for a cohort's shapes, which stand until rows leave or a block is full; what changes from step to step
(tokens, place, length) is read from tensors that the graph keeps. The first step on new shapes runs without a graph, so
that shapes which do not last are not captured.
"""

# R rows, V vocabulary

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from interplay.model.cohort import Cohort
from interplay.model.decode import decode, forward, spot
from interplay.model.phase_times import Clock
from interplay.model.weights import Weights

MIN_REPLAYS = 4


class StaticStep:
    """One step of a cohort as it stands, with everything that changes read from three tensors."""

    def __init__(self, weights: Weights, cohort: Cohort) -> None:
        self.weights, self.cohort = weights, cohort
        self.tokens_R = torch.zeros_like(cohort.last_R)
        self.place_1 = torch.zeros(1, dtype=torch.long, device=weights.device)
        self.length_1 = torch.zeros(1, dtype=torch.long, device=weights.device)

    def set(self, place: int) -> None:
        self.tokens_R.copy_(self.cohort.last_R)
        self.place_1.fill_(place)
        self.length_1.fill_(self.cohort.length)

    def run(self) -> Tensor:
        here = spot(self.weights, self.cohort, self.place_1, self.length_1)
        return forward(self.weights, [self.cohort], self.tokens_R, [here], Clock(running=False))


class CapturedStep(StaticStep):
    """The same, captured. Running it once beforehand does no harm: the first replay writes the same keys again."""

    def __init__(self, weights: Weights, cohort: Cohort, pool: Any, place: int) -> None:
        super().__init__(weights, cohort)
        self.set(place)
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self.run()
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, pool=pool):
            self.logits_R_V = self.run()

    def run_at(self, place: int) -> Tensor:
        self.set(place)
        self.graph.replay()
        return self.logits_R_V.clone()  # the next graph of the pool may write there


class GraphedDecode:
    """`decode` for a worker on a GPU, cohort by cohort."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.pool = torch.cuda.graph_pool_handle()
        self.steps: dict[int, tuple[tuple[int, int], CapturedStep | None]] = {}

    def __call__(self, cohorts: list[Cohort], clock: Clock) -> Tensor:
        alive = {id(cohort) for cohort in cohorts}
        self.steps = {name: step for name, step in self.steps.items() if name in alive}
        return torch.cat([self._step(cohort, clock) for cohort in cohorts])

    def _step(self, cohort: Cohort, clock: Clock) -> Tensor:
        place = cohort.suffix.reserve(cohort.length + 1)
        shapes = (len(cohort), cohort.suffix.room)
        known, captured = self.steps.get(id(cohort), ((0, 0), None))
        if known != shapes:
            self.steps[id(cohort)] = (shapes, None)
            return decode(self.weights, [cohort], clock)
        if captured is None and cohort.suffix.room - cohort.length < MIN_REPLAYS:
            return decode(self.weights, [cohort], clock)
        if captured is None:
            captured = CapturedStep(self.weights, cohort, self.pool, place)
            self.steps[id(cohort)] = (shapes, captured)
        logits_R_V = captured.run_at(place)
        cohort.length += 1
        clock.lap("graph")
        return logits_R_V
