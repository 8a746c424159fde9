"""Several processes as one: each samples and learns its share of a step, and all of them take the same step.

Every process knows all problems of a step and tells from its rank which are its own, so only results travel. A sample does
not depend on who draws it, and a gradient is a sum, so what N processes do differs from what one does in the order of that
sum alone. With one process nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from accelerate import PartialState
from torch import Tensor

Item = TypeVar("Item")
Result = TypeVar("Result")


class Processes:
    """This process among those that `accelerate launch` or `torchrun` started, which all call the same functions."""

    def __init__(self, state: PartialState) -> None:
        self.rank, self.world = int(state.process_index), int(state.num_processes)

    @property
    def is_first(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def mine(self, items: Sequence[Item]) -> list[Item]:
        """This process's share, every `world`-th."""
        return list(items[self.rank :: self.world])

    def spread(self, items: list[Item], work: Callable[[list[Item]], list[Result]]) -> list[Result]:
        """`work` on every item, each process on its share; all get all results, in the order of the items."""
        if self.world == 1:
            return work(items)
        own = self.mine(items)
        shares = self.gather(work(own) if own else [])
        results: list[Any] = [None] * len(items)
        for rank, share in enumerate(shares):
            results[rank :: self.world] = share
        return results

    def gather(self, own: Result) -> list[Result]:
        """What each process holds, by rank."""
        if self.world == 1:
            return [own]
        everyone: list[Any] = [None] * self.world
        dist.all_gather_object(everyone, own)
        return everyone

    def agreed(self, what: str, own: Result) -> Result:
        """The value that all processes hold. Raises RuntimeError where they do not."""
        held = self.gather(own)
        if any(value != own for value in held):
            raise RuntimeError(f"the processes do not agree on {what}: {held}; do they share the folder?")
        return own

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Add up the gradients of all processes, in one exchange; a parameter without one counts as zero."""
        if self.world == 1:
            return
        trained = [p for p in parameters if p.requires_grad]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        parts = torch.split(flat, [p.numel() for p in trained])
        for parameter, part in zip(trained, parts, strict=True):
            parameter.grad = part.view_as(parameter)

    def totals(self, values: dict[str, float], largest: Collection[str]) -> dict[str, float]:
        """Sums over the processes by name, and maxima of those named in `largest`."""
        if self.world == 1:
            return values
        held = self.gather(values)
        return {name: (max if name in largest else sum)(each[name] for each in held) for name in values}

    def wait(self) -> None:
        """Go on when all processes are here."""
        self.gather(None)
