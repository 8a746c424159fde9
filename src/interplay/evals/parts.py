"""Work cut into parts: files that appear whole or not at all, shared among processes, merged by the first of them.

A part is a function of its number, so nothing but the files themselves needs to be agreed on: who is cut goes on with the
parts that are missing, and what another process fails to deliver the first one does itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from interplay.progress import Update, say

POLL_S = 0.1
PATIENCE_S = 60.0

Finish = Callable[[], pa.Table]


class Share(NamedTuple):
    """Process `rank` of `world`; it does every part whose number is `rank` modulo `world`."""

    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process merges."""
        return self.rank == 0


ALONE = Share()


def share_of_environment() -> Share:
    """What `accelerate launch` and `torchrun` say of this process; each takes its own GPU. ValueError when it is odd."""
    rank, world = os.environ.get("RANK"), os.environ.get("WORLD_SIZE")
    if rank is None or world is None:
        return ALONE
    if not (rank.isdigit() and world.isdigit() and int(rank) < int(world)):
        raise ValueError(f"RANK and WORLD_SIZE must be whole numbers, RANK the smaller, got {rank!r} and {world!r}")
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", rank)) % torch.cuda.device_count())
    return Share(int(rank), int(world))


def do_parts(
    paths: Sequence[Path],
    begin: Callable[[int], Finish],
    update: Update,
    *,
    share: Share = ALONE,
    overlap: bool = False,
    patience_s: float = PATIENCE_S,
) -> None:
    """Make this process's missing parts; the first process then waits until all are there.

    `begin(number)` does what must be done here and returns what finishes the part. With `overlap` that is called after
    the next part has begun. Waiting ends after `patience_s` (or ten of its own parts) without news: the first process
    then makes a missing part itself.
    """
    mine = [n for n in range(share.rank, len(paths), share.world) if not paths[n].exists()]
    pending: tuple[int, Finish] | None = None
    slowest_s = 0.0
    for number in mine:
        started = time.monotonic()
        finish = begin(number)
        if pending is not None:
            write_table(pending[1](), paths[pending[0]])
        pending = (number, finish)
        if not overlap:
            write_table(finish(), paths[number])
            pending = None
        slowest_s = max(slowest_s, time.monotonic() - started)
        update(_present(paths))
    if pending is not None:
        write_table(pending[1](), paths[pending[0]])
        update(_present(paths))
    if share.is_first and share.world > 1:
        _wait(paths, begin, update, max(patience_s, 10 * slowest_s))


def merge(paths: Sequence[Path], path: Path) -> None:
    """One table of all the parts, in their order."""
    write_table(pa.concat_tables([pq.read_table(part) for part in paths]).combine_chunks(), path)


def write_table(table: pa.Table, path: Path) -> None:
    """Write as Parquet; the file appears whole or not at all, whoever else writes it."""
    staging = path.with_name(f".{path.name}.{os.getpid()}.staging")
    pq.write_table(table, staging, compression="zstd")
    staging.replace(path)


def write_text(text: str, path: Path) -> None:
    """The same for a small text."""
    staging = path.with_name(f".{path.name}.{os.getpid()}.staging")
    staging.write_text(text, encoding="utf-8")
    staging.replace(path)


def _present(paths: Sequence[Path]) -> int:
    return sum(path.exists() for path in paths)


def _wait(paths: Sequence[Path], begin: Callable[[int], Finish], update: Update, patience_s: float) -> None:
    news, present = time.monotonic(), _present(paths)
    while missing := [number for number, path in enumerate(paths) if not path.exists()]:
        if (now_present := len(paths) - len(missing)) > present:
            news, present = time.monotonic(), now_present
            update(present)
        if time.monotonic() - news > patience_s:
            say(f"no news of part {missing[-1]} from its process for {patience_s:.0f} s; it is made here")
            write_table(begin(missing[-1])(), paths[missing[-1]])
        time.sleep(POLL_S)
