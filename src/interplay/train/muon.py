"""Muon (Jordan et al. 2024) over stacked matrices: those of one shape are orthogonalised together, tall ones lying down.

The same update as `torch.optim.Muon`, which goes through the matrices one by one: on small models most of its time is the
launching of small products. Stacks are of a fixed size, so threads may share them without moving a bit.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from interplay.train.shares import on_threads

NEWTON_SCHULZ = (3.4445, -4.775, 2.0315)
ITERATIONS = 5
EPSILON = 1e-7
STACK = 8  # matrices


class Muon(torch.optim.Optimizer):
    """Momentum with Nesterov's look ahead, orthogonalised in bf16, with decoupled decay; for matrices only."""

    def __init__(
        self, params: Sequence[nn.Parameter], lr: float, weight_decay: float, momentum: float, threads: int = 1
    ) -> None:
        super().__init__(list(params), {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})
        self.threads = threads

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One update of every matrix that has a gradient."""
        assert closure is None, "Muon takes no closure"
        for group in self.param_groups:
            stacks = _stacks([p for p in group["params"] if p.grad is not None])
            for p in (p for stack in stacks for p in stack):
                if not self.state[p]:
                    self.state[p]["momentum_buffer"] = torch.zeros_like(p)
            for _ in on_threads(lambda stack, group=group: self._update(stack, group), stacks, self.threads):  # type: ignore[misc]
                pass

    @torch.no_grad()  # of this thread
    def _update(self, stack: list[Tensor], group: dict[str, Any]) -> None:
        gradients = [p.grad for p in stack if p.grad is not None]
        buffers = [self.state[p]["momentum_buffer"] for p in stack]
        torch._foreach_lerp_(buffers, gradients, 1 - group["momentum"])
        ahead = torch._foreach_lerp(gradients, buffers, group["momentum"])
        torch._foreach_mul_(stack, 1 - group["lr"] * group["weight_decay"])
        for p, update in zip(stack, orthogonal(torch.stack([_lying(a) for a in ahead])), strict=True):
            stretch = math.sqrt(max(1.0, p.shape[0] / p.shape[1]))
            p.add_(update if p.shape[0] <= p.shape[1] else update.mT, alpha=-group["lr"] * stretch)


def orthogonal(x_S_A_B: Tensor) -> Tensor:
    """Near the closest matrix with orthogonal rows, for each of S matrices with A <= B: Newton-Schulz in bf16."""
    a, b, c = NEWTON_SCHULZ
    x = x_S_A_B.bfloat16()
    x.div_(torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True).clamp_(min=EPSILON))
    for _ in range(ITERATIONS):
        gram = torch.bmm(x, x.mT)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


def _lying(x: Tensor) -> Tensor:
    return x if x.shape[0] <= x.shape[1] else x.mT


def _stacks(params: list[Tensor]) -> list[list[Tensor]]:
    by_shape: dict[tuple[int, ...], list[Tensor]] = defaultdict(list)
    for p in params:
        by_shape[tuple(sorted(p.shape))].append(p)
    return [group[start : start + STACK] for group in by_shape.values() for start in range(0, len(group), STACK)]
