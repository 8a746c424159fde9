"""Which of several processes this is, by what `accelerate launch` and `torchrun` say, before any process group exists."""

from __future__ import annotations

import os
from typing import NamedTuple


class Share(NamedTuple):
    """Process `rank` of `world`; of numbered parts of a work it does those whose number is `rank` modulo `world`."""

    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes what all made together."""
        return self.rank == 0


ALONE = Share()


def share_of_environment() -> Share:
    """This process among those that a launcher started. Raises ValueError where the environment makes no sense."""
    rank, world = os.environ.get("RANK"), os.environ.get("WORLD_SIZE")
    if rank is None or world is None:
        return ALONE
    if not (rank.isdigit() and world.isdigit() and int(rank) < int(world)):
        raise ValueError(f"RANK and WORLD_SIZE must be whole numbers, RANK the smaller, got {rank!r} and {world!r}")
    return Share(int(rank), int(world))


def local_rank() -> int:
    """The number of this process on its machine, which is also that of its GPU."""
    return int(os.environ.get("LOCAL_RANK", os.environ.get("RANK", "0")))
