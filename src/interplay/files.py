"""Writing files: whatever is written appears under its name whole or not at all, and a failure leaves nothing behind.

What is being written stands beside its target, under a name that begins with `.staging-`. Once it is complete and on the
disk it takes the target's name, in one step. Its writer holds a lock on it meanwhile, which the kernel drops when the
process dies: so the next writer of the same target tells what a killed one left from what another one is writing, and
clears it away.
"""

from __future__ import annotations

import csv
import errno
import fcntl
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import pyarrow as pa

STAGING = ".staging-"
NAME = re.compile(re.escape(STAGING) + r"[0-9a-f]{8}-(.+)", re.DOTALL)
# as libraries say it that hide the error's number
FULL = "No space left|StorageFull|os error (28|27|122)|quota exceeded|File too large"


class OutOfSpaceError(RuntimeError):
    """A disk or a quota is full. The message is one line that names the path and says what is kept."""


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """Where to write the file `path`; it gets its name when the block ends, and vanishes when the block raises.

    Raises ValueError where a folder has the name: a file never takes a folder's place.
    """
    if path.is_dir():
        raise ValueError(f"{path} is a folder; a file is to be written under this name")
    with _staged(path, Path.touch) as staging:
        yield staging


@contextmanager
def staged_folder(path: Path) -> Iterator[Path]:
    """The same for a folder, which is there to be filled; its parents are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _staged(path, Path.mkdir) as staging:
        yield staging


@contextmanager
def _staged(path: Path, create: Callable[[Path], None]) -> Iterator[Path]:
    with space_for(path):
        clear(path.parent, path.name)
        staging, lock = _begin(path, create)
        mode = stat.S_IMODE(staging.stat().st_mode)  # by the umask, which nobody can ask for without changing it
        try:
            yield staging
            settle(staging, path, mode)
        except BaseException:
            remove(staging)
            raise
        finally:
            os.close(lock)


def _begin(path: Path, create: Callable[[Path], None]) -> tuple[Path, int]:
    """A new staging name, made and locked. Who clears up may have caught it before it was locked: then another one."""
    while True:
        staging = _name_beside(path)
        create(staging)
        with suppress(FileNotFoundError):
            lock = os.open(staging, os.O_RDONLY)
            with suppress(OSError):  # no locks on this file system: then nothing is cleared away there, either
                fcntl.flock(lock, fcntl.LOCK_SH)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(lock), staging.stat()):
                    return staging, lock
            os.close(lock)


def _name_beside(path: Path) -> Path:
    return path.with_name(f"{STAGING}{secrets.token_hex(4)}-{path.name}")


def shared_staging(path: Path) -> Path:
    """A staging name that several processes agree on which write the folder `path` together; `settle` ends it."""
    return path.with_name(f"{STAGING}{0:08x}-{path.name}")


def settle(staging: Path, path: Path, mode: int | None = None) -> None:
    """Give what was written under `staging` its name, in place of what had it.

    It is on the disk by then, and its files are as readable as new ones are (`mode`, or what the folder's own says):
    some libraries write them for the owner alone.
    """
    mode = (stat.S_IMODE(staging.stat().st_mode) if mode is None else mode) & 0o666
    for part in [staging, *staging.rglob("*")] if staging.is_dir() else [staging]:
        if part.is_file():
            part.chmod(mode)
        _sync(part)
    if path.is_dir() and not path.is_symlink() and staging.is_dir():
        discard(path)
        staging.rename(path)
    else:
        staging.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Let nothing of a file, or of a folder's names, be lost with the power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clear(folder: Path, name: str | None = None) -> None:
    """Remove what killed writers left in the folder: of the target `name`, or of all. What is being written stays."""
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        for entry in found:
            match = NAME.fullmatch(entry.name)
            if match and name in (None, match[1]) and not _is_written(Path(entry.path)):
                remove(Path(entry.path))


def _is_written(staging: Path) -> bool:
    try:
        lock = os.open(staging, os.O_RDONLY)
    except OSError:
        return not os.path.lexists(staging)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except OSError:  # held, or a file system that cannot say
        return True
    finally:
        os.close(lock)


def remove(path: Path) -> None:
    """Delete a file or a folder, whether it is there or not, also one that was closed to its owner."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        _open(path)
        shutil.rmtree(path, ignore_errors=True)


def _open(folder: Path) -> None:
    """Let the owner of a folder and of all folders in it look into them."""
    with suppress(OSError):
        folder.chmod(0o700)
    for place, names, _ in os.walk(folder):
        for inner in (Path(place, name) for name in names):
            with suppress(OSError):
                if not inner.is_symlink():
                    inner.chmod(0o700)


def discard(path: Path) -> None:
    """Delete a file or a folder at once: however this ends, no half of it stays under its name."""
    old = _name_beside(path)
    path.rename(old)
    remove(old)


@contextmanager
def space_for(path: Path) -> Iterator[None]:
    """Turn whatever a full disk makes libraries raise into an OutOfSpaceError that names `path`."""
    try:
        yield
    except OutOfSpaceError:
        raise
    except Exception as error:
        if not _out_of_space(error, path):
            raise
        raise OutOfSpaceError(
            f"no space left on the disk to write {path}; what was complete before is kept, and the same command goes on "
            "when there is room"
        ) from error


def _out_of_space(error: Exception, path: Path) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # full, quota, `ulimit -f`
    if re.search(FULL, str(error), re.IGNORECASE):
        return True
    return "inline_container" in str(error) and "Reader" not in str(error)  # torch's words for any failed write


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file; its path."""
    with staged(path) as staging:
        staging.write_bytes(content)
    return path


def write_text(path: Path, text: str) -> Path:
    """Write a text in UTF-8, its line ends as they are; its path."""
    return write_bytes(path, text.encode())


def write_json(path: Path, value: object) -> Path:
    """Write one JSON document; its path."""
    return write_text(path, json_document(value))


def json_document(value: object) -> str:
    """The text of a JSON file."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def json_line(value: object) -> str:
    """One line of a JSONL file."""
    return json.dumps(value, ensure_ascii=False) + "\n"


def write_jsonl(path: Path, rows: Iterable[object]) -> Path:
    """Write one JSON document a line; the path."""
    with staged(path) as staging, staging.open("w", encoding="utf-8", newline="") as file:
        file.writelines(map(json_line, rows))
    return path


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Path:
    """Write a table with these columns, in this order; its path. ValueError for a row with another column."""
    with staged(path) as staging, staging.open("w", encoding="utf-8", newline="") as file:
        csv_rows(file, columns, rows)
    return path


def csv_rows(file: TextIO, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a header and rows. The library quotes a cell with its own line end alone; a lone `\\r` would end a row, too."""
    writer, quoting = (
        csv.DictWriter(file, columns, lineterminator="\n", quoting=kind) for kind in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    )
    writer.writeheader()
    for row in rows:
        (quoting if any("\r" in str(cell) for cell in row.values()) else writer).writerow(row)


def write_table(path: Path, table: pa.Table) -> Path:
    """Write a table as Parquet; its path."""
    import pyarrow.parquet as pq

    with staged(path) as staging:
        pq.write_table(table, staging, compression="zstd")
    return path
