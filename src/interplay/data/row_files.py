"""Files of rows: JSON text, plain or gzipped, and Parquet. Everything that reads rows reads them here.

What a file is, its first bytes say, not its name. Rows come one by one, each with its place, so that whoever finds a
fault can say where. A file that is written appears whole or not at all, and holds every field of every row.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from interplay.data.json_rows import Item, read_json
from interplay.files import staged

STDIN = "-"
KINDS = (".jsonl", ".jsonl.gz", ".parquet")
FOREIGN = {
    b"(\xb5/\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip", b"\x89HDF": "HDF5",
    b"ARROW1": "Arrow", b"\x80\x04\x95": "a pickle", b"\x80\x05\x95": "a pickle",
}  # fmt: skip


def read_items(path: str | Path) -> Iterator[Item]:
    """The rows of a file (`-`: of standard input), each a value or a fault, with its place.

    Raises ValueError where there is no such file, or where the rest of it cannot be read, after the rows before.
    """
    name = "standard input" if str(path) == STDIN else str(path)
    with _opened(path, name) as file:
        head = file.peek(8)[:8]
        if head.startswith(b"PAR1"):
            if str(path) == STDIN:
                raise ValueError("Parquet cannot be read from standard input; give the file")
            from interplay.data.parquet_rows import read_parquet  # pyarrow, which reading text does not need

            yield from read_parquet(Path(path), name)
            return
        kind = next((kind for magic, kind in FOREIGN.items() if head.startswith(magic)), None)
        if kind is not None:
            raise ValueError(f"{name} is {kind}; rows are read from {', '.join(KINDS)}")
        unpacked: Any = gzip.GzipFile(fileobj=file) if head.startswith(b"\x1f\x8b") else file
        yield from _read_text(unpacked, name)


def read_rows(path: str | Path) -> Iterator[Mapping[str, object]]:
    """The rows of a file. Raises ValueError naming the place of the first one that is not an object."""
    return rows_of(read_items(path))


def rows_of(items: Iterable[Item]) -> Iterator[Mapping[str, object]]:
    """The same of rows with their places."""
    for item in items:
        if (fault := fault_of(item)) is not None:
            raise ValueError(f"{item.place}: {fault}")
        yield item.value


def fault_of(item: Item) -> str | None:
    """Why this is not a row: it could not be read, or is no object."""
    if item.fault is None and not isinstance(item.value, Mapping):
        return f"not an object but {_json_type(item.value)}"
    return item.fault


def write_rows(path: str | Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Write rows in the kind that the name ends in; the number written.

    The file appears whole or not at all. Raises ValueError for another ending, a folder that is not there, or a value
    that JSON does not have.
    """
    path = Path(path)
    with _appearing(path) as staging:
        if path.suffix == ".parquet":
            return _write_parquet(staging, path.parent, rows)
        with gzip.GzipFile(fileobj=staging, mode="wb", mtime=0) if path.suffix == ".gz" else staging as packed:
            return _write_lines(packed, rows)


def convert(source: str | Path, target: str | Path) -> int:
    """Copy rows into another kind of file, none of them or all; their number. Raises ValueError naming the bad row."""
    source, target = Path(source), Path(target)
    if target.suffix == ".parquet" and str(source) != STDIN and _begins_with(source, b"PAR1"):
        from interplay.data.parquet_rows import copy_parquet

        with _appearing(target) as staging:
            return copy_parquet(source, staging, str(source))
    return write_rows(target, read_rows(source))


def _line(row: Mapping[str, object], *, finite: bool) -> str:
    """A row as a line of JSON. Raises ValueError for a value that JSON does not have; NaN, which Python reads, if asked to."""
    try:
        return json.dumps(row, ensure_ascii=False, allow_nan=not finite) + "\n"
    except (TypeError, RecursionError) as error:
        raise ValueError(f"a row that JSON cannot hold: {error}") from None
    except ValueError:
        field = next(name for name, value in row.items() if not _is_finite(value))
        raise ValueError(
            f"the field {field!r} holds NaN or an infinite number, which JSON does not have; Parquet holds it"
        ) from None


def _is_finite(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


@contextmanager
def _opened(path: str | Path, name: str) -> Iterator[io.BufferedReader]:
    if str(path) == STDIN:
        yield _standard_input()
        return
    with contextlib.ExitStack() as held:
        try:
            file = held.enter_context(Path(path).open("rb"))
        except FileNotFoundError:
            raise ValueError(f"no such file: {name}") from None
        except OSError as error:
            raise ValueError(f"{name} cannot be read: {error.strerror}") from None
        yield file


def _standard_input() -> io.BufferedReader:
    raw: object = getattr(sys.stdin, "buffer", None)
    if raw is None:  # somebody put lines in its place
        raw = io.BytesIO("".join(sys.stdin).encode("utf-8", "surrogateescape"))
    return cast(io.BufferedReader, raw if hasattr(raw, "peek") else io.BufferedReader(raw))


def _read_text(file: BinaryIO, name: str) -> Iterator[Item]:
    text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape")
    place = name
    try:
        head = text.buffer.peek(4)[:4]  # type: ignore[attr-defined]
        if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head:
            raise ValueError(f"{name}, line 1: not UTF-8 but UTF-16 or binary; save it as UTF-8")
        for item in read_json(text, name):
            place = item.place
            yield item
    except (EOFError, OSError, zlib.error) as error:
        after = "its beginning" if place == name else place.removeprefix(f"{name}, ")
        raise ValueError(f"{name} is damaged or cut short after {after}: {error}") from None
    finally:
        with contextlib.suppress(ValueError):  # closed already, where this is the end of a generator
            text.detach()  # whoever opened the file closes it


def _begins_with(path: Path, magic: bytes) -> bool:
    with _opened(path, str(path)) as file:
        return file.peek(len(magic)).startswith(magic)


@contextmanager
def _appearing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name when it is whole, and leaves nothing behind when it never is."""
    if not path.name.endswith(KINDS):
        raise ValueError(f"{path}: the name must end in {', '.join(KINDS)}")
    try:
        with staged(path) as staging, staging.open("wb") as file:
            yield file
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror or error}") from None


def _write_lines(file: Any, rows: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    for count, row in enumerate(rows, start=1):
        try:
            file.write(_line(row, finite=True).encode())
        except ValueError as error:
            raise ValueError(f"row {count}: {error}") from None
    return count


def _write_parquet(file: IO[bytes], folder: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """What a column must hold is known after the last row, so rows wait in a nameless file beside the target."""
    from interplay.data.parquet_rows import write_parquet
    from interplay.data.parquet_shapes import Shapes

    shapes = Shapes()
    with tempfile.TemporaryFile(dir=folder) as waiting:
        for row in rows:
            line = _line(row, finite=False)
            shapes.add(row)
            waiting.write(line.encode())
        waiting.seek(0)
        write_parquet(file, map(json.loads, waiting), shapes.schema())
    return shapes.rows


def _json_type(value: object) -> str:
    return {list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(type(value), "a number")
