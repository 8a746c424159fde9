"""Work cut into parts: files that appear whole or not at all, shared among processes, merged by the first of them.

A part is a function of its number, so nothing but the files themselves needs to be agreed on: who is cut goes on with the
parts that are missing, and what another process fails to deliver the first one does itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from interplay.files import write_table
from interplay.progress import Update, say
from interplay.rank import ALONE, Share

POLL_S = 0.1
PATIENCE_S = 60.0

Finish = Callable[[], pa.Table]


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
    mine = [n for n in range(share.rank, len(paths), share.world) if not _is_there(paths[n])]
    pending: tuple[int, Finish] | None = None
    slowest_s = 0.0
    for number in mine:
        started = time.monotonic()
        finish = begin(number)
        if pending is not None:
            write_table(paths[pending[0]], pending[1]())
        pending = (number, finish)
        if not overlap:
            write_table(paths[number], finish())
            pending = None
        slowest_s = max(slowest_s, time.monotonic() - started)
        update(_present(paths))
    if pending is not None:
        write_table(paths[pending[0]], pending[1]())
        update(_present(paths))
    if share.is_first and share.world > 1:
        _wait(paths, begin, update, max(patience_s, 10 * slowest_s))


def merge(paths: Sequence[Path], path: Path) -> None:
    """One table of all the parts, in their order."""
    write_table(path, pa.concat_tables([pq.read_table(part) for part in paths]).combine_chunks())


def _is_there(path: Path) -> bool:
    """Whether a part is there from before; one that something else has cut or overwritten is made again."""
    if not path.exists():
        return False
    try:
        pq.read_table(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        say(f"{path} cannot be read and is made again: {str(error).splitlines()[0][:120]}")
        path.unlink()
        return False
    return True


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
            write_table(paths[missing[-1]], begin(missing[-1])())
        time.sleep(POLL_S)
