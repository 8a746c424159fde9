"""A step's work in shares that the config fixes, each computed by one thread, their gradients added in a fixed order.

torch shares every single product among its threads and waits for all of them after each. That is slow for small models,
collapses when another process takes a core, and adds in an order that depends on the number of threads. Here torch has one
thread, a share is some whole rows, and the shares are dealt out to a fixed number of lanes: a lane adds up its shares one
after the other, and the lanes are added in their order. Whichever thread works on which lane, the sum is the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import torch
from torch import Tensor, nn

LANES = 8  # no more threads than this can work on one step
POSITIONS = 1024  # of a share, unless a row has more: enough for fast products, and its activations stay in the caches

Share = TypeVar("Share")
Given = TypeVar("Given")
Found = TypeVar("Found")


def on_threads(work: Callable[[Given], Found], given: Sequence[Given], threads: int) -> Iterable[Found]:
    """`work` on everything given, in order, on so many threads with one torch thread each."""
    if threads == 1 or len(given) < 2:
        return map(work, given)
    return _pool(threads).map(work, given)


def summed_gradients(
    gradient: Callable[[Share], tuple[Found, Sequence[Tensor]]], shares: Sequence[Share], threads: int
) -> tuple[list[Found], list[Tensor]]:
    """What each share found, and the sum of their gradients in fp32."""

    def lane(number: int) -> tuple[list[Found], list[Tensor]]:
        found: list[Found] = []
        sums: list[Tensor] = []
        for share in shares[number::LANES]:
            one, gradients = gradient(share)
            found.append(one)
            sums = _added(sums, gradients)
        return found, sums

    count = min(LANES, len(shares))
    by_lane: list[list[Found]] = []
    total: list[Tensor] = []
    for found, sums in on_threads(lane, range(count), threads):
        by_lane.append(found)
        total = _added(total, sums)
    return [by_lane[i % LANES][i // LANES] for i in range(len(shares))], total


def add_gradients(parameters: Sequence[nn.Parameter], gradients: Sequence[Tensor]) -> None:
    """To the parameters' `grad`."""
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)


def cut(num_rows: int, width: int) -> list[slice]:
    """Rows of a batch by share: about equal ones, and so many of them that 2, 4 or 8 threads have equally much to do."""
    least = -(-num_rows * width // POSITIONS)
    count = min(num_rows, 1 << (least - 1).bit_length() if least <= LANES else -(-least // LANES) * LANES)
    return [slice(i * num_rows // count, (i + 1) * num_rows // count) for i in range(count)]


def _added(sums: list[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
    if not sums:
        return [g.float() for g in gradients]
    for total, g in zip(sums, gradients, strict=True):
        total.add_(g)
    return sums


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that live as long as the process: starting them anew would cost more than a small step."""
    return ThreadPoolExecutor(threads, thread_name_prefix="share", initializer=torch.set_num_threads, initargs=(1,))
