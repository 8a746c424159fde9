"""The gradient of an update from its micro-batches: one after the other, or each thread with its own.

torch shares every single product among its threads and waits for all of them after each. That is slow for small models, and
collapses when another process takes a core. Threads that each work through whole micro-batches with single-threaded
products wait once per update. The sum then runs in another order, which moves last bits; it is the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

from interplay.rl.loss import LossParts

Rows = list[int]
LossOf = Callable[[Rows], LossParts]
CPU_POSITIONS = 2048  # larger batches outgrow the caches and pad more: 3 times as slow with all of an update in one


def positions_per_batch(most: int, on_cpu: bool) -> int:
    """How many positions make a micro-batch: on a CPU few, so that each thread has some too."""
    return min(most, CPU_POSITIONS) if on_cpu else most


def add_gradient(loss_of: LossOf, batches: list[Rows], model: nn.Module, threads: int) -> list[LossParts]:
    """Add the gradient of the sum of the batches' losses to the parameters' `grad`."""
    if threads == 1:
        parts = []
        for rows in batches:
            part = loss_of(rows)
            part.loss.backward()  # type: ignore[no-untyped-call]
            parts.append(part._replace(loss=part.loss.detach()))
        return parts
    trained = [p for p in model.parameters() if p.requires_grad]

    def work(number: int) -> tuple[list[LossParts], list[Tensor]]:
        torch.set_num_threads(1)
        return _gradient(loss_of, batches[number::threads], trained)

    before = torch.get_num_threads()
    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(work, range(min(threads, len(batches)))))
    torch.set_num_threads(before)
    for _, gradients in results:
        for parameter, gradient in zip(trained, gradients, strict=True):
            parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)
    return [part for parts, _ in results for part in parts]


def _gradient(loss_of: LossOf, batches: list[Rows], trained: Sequence[Tensor]) -> tuple[list[LossParts], list[Tensor]]:
    parts: list[LossParts] = []
    sums: list[Tensor] = []
    for rows in batches:
        part = loss_of(rows)
        gradients = torch.autograd.grad(part.loss, trained, allow_unused=True, materialize_grads=True)
        sums = [total.add_(g) for total, g in zip(sums, gradients, strict=True)] if sums else list(gradients)
        parts.append(part._replace(loss=part.loss.detach()))
    return parts, sums
