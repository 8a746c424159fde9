"""One process at a time in a stage's folder: an advisory lock that the kernel drops when its holder dies.

The lock is taken on a file in the folder. Whoever waited looks again whether that file is still the one in the folder,
because a folder may be deleted meanwhile. On a shared file system `flock` must work across nodes, which NFS and Lustre
allow (Lustre with the mount option `flock`).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

LOCK, USE = ".lock", ".in-use"

_held: set[Path] = set()


@contextmanager
def hold(folder: Path) -> Iterator[Path]:
    """Hold the folder, which is made where it is not there; waits for another process, never for this one."""
    folder = folder.absolute()
    if folder in _held:
        yield folder
        return
    file = _acquire(folder, wait=True)
    assert file is not None, "a lock that waits is always had"
    with file:
        _held.add(folder)
        try:
            yield folder
        finally:
            _held.discard(folder)


@contextmanager
def try_hold(folder: Path) -> Iterator[bool]:
    """Hold the folder if nobody does; False when another process does, or when it is gone."""
    file = _acquire(folder, wait=False) if folder.is_dir() else None
    if file is None:
        yield False
        return
    with file:
        yield True


def is_held(folder: Path) -> bool:
    """True while a process holds the folder, be it this one. Looks without writing, so a store may be read-only."""
    return _refused(folder / LOCK, fcntl.LOCK_SH)


@contextmanager
def use(folder: Path) -> Iterator[None]:
    """Say while the block runs that the folder is needed; any number of processes may, whoever holds it."""
    with (folder / USE).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def is_used(folder: Path) -> bool:
    """True while a process needs the folder."""
    return _refused(folder / USE, fcntl.LOCK_EX)


def _refused(path: Path, lock: int) -> bool:
    """Whether such a lock on the file is refused now; a file that is not there refuses none."""
    if not path.is_file():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, lock | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _acquire(folder: Path, wait: bool) -> TextIO | None:
    path = folder / LOCK
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            file = path.open("a")
        except FileNotFoundError:  # deleted since the line above
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except BlockingIOError:
            file.close()
            return None
        except FileNotFoundError:
            pass
        file.close()
