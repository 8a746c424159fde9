"""The gradient of an update: micro-batches fixed by the rollouts, each computed by one thread, added in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from interplay.rl.loss import LossParts
from interplay.train.shares import summed_gradients

Rows = list[int]
LossOf = Callable[[Rows], LossParts]
CPU_POSITIONS = 2048  # larger batches outgrow the caches and pad more: 3 times as slow with all of an update in one


def positions_per_batch(most: int, on_cpu: bool) -> int:
    """How many positions make a micro-batch: on a CPU few, so that each thread has some too."""
    return min(most, CPU_POSITIONS) if on_cpu else most


def gradient(
    loss_of: LossOf, batches: list[Rows], trained: Sequence[Tensor], threads: int
) -> tuple[list[LossParts], list[Tensor]]:
    """What each batch's loss was made of, and the gradient of their sum: the same bytes whatever the threads."""

    def of(rows: Rows) -> tuple[LossParts, Sequence[Tensor]]:
        part = loss_of(rows)
        gradients = torch.autograd.grad(part.loss, trained, allow_unused=True, materialize_grads=True)
        return part._replace(loss=part.loss.detach()), gradients

    return summed_gradients(of, batches, threads)
