"""Rows in Parquet, nothing lost on the way there and back.

What a column holds, `parquet_shapes` says, and the file's metadata, so reading gives the rows that were written. Of other
people's files every type is read: times as ISO text, bytes as text or base64. Both ways a few rows at a time are in memory,
and of a file that is read one page of each column besides: other writers look at a page's size every 1,024 rows, ours every 16.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interplay.data.json_rows import MAX_DEPTH, Item
from interplay.data.parquet_shapes import METADATA

T = TypeVar("T")

ROWS_PER_BATCH = 256
BYTES_PER_BATCH = 1 << 24
ROWS_PER_GROUP = 4096
BYTES_PER_GROUP = 1 << 23
ROWS_PER_PAGE = 16  # a page is closed at the first multiple beyond 1 MiB, and must be read whole
READ_BYTES = 1 << 16


def read_parquet(path: Path, name: str) -> Iterator[Item]:
    """The rows of a file. Raises ValueError naming the file, and the row from which on it cannot be read."""
    number = 0
    try:
        file = _open(path)
        _check_names(file.schema_arrow.names, name)
        kept = _kept_as(file.schema_arrow)
        for batch in file.iter_batches(_rows_per_batch(file)):
            for row in _rows(batch):
                number += 1
                yield _item(row, kept, f"{name}, row {number}")
    except (pa.ArrowException, OSError, OverflowError, UnicodeDecodeError) as error:
        where = f"after row {number}" if number else "from its beginning"
        raise ValueError(f"{name} is not a readable Parquet file {where}: {_first_line(error)}") from error


def copy_parquet(source: Path, target: IO[bytes], name: str) -> int:
    """The same rows in the same types, a few at a time; their number."""
    count = 0
    try:
        file = _open(source)
        _check_names(file.schema_arrow.names, name)
        with _writer(target, file.schema_arrow) as writer:
            # written as tables: single batches would wait in memory for a group of a million
            for group in _groups(file.iter_batches(_rows_per_batch(file)), len, lambda batch: int(batch.nbytes)):
                writer.write_table(pa.Table.from_batches(group))
                count += sum(map(len, group))
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise ValueError(f"{name} cannot be copied after row {count}: {_first_line(error)}") from error
    return count


def write_parquet(target: IO[bytes], rows: Iterable[Mapping[str, object]], schema: pa.Schema) -> None:
    """Write rows that the schema was gathered from."""
    as_json = _kept_as(schema)[0]
    kept = ({name: json.dumps(value) if name in as_json else value for name, value in row.items()} for row in rows)
    with _writer(target, schema) as writer:
        for group in _groups(kept, lambda _: 1, lambda row: sum(len(v) for v in row.values() if isinstance(v, str))):
            writer.write_table(pa.Table.from_pylist(group, schema))


def _groups(items: Iterable[T], rows: Callable[[T], int], size: Callable[[T], int]) -> Iterator[list[T]]:
    """Items put together until they have the rows or the size of a group."""
    group: list[T] = []
    num_rows = total = 0
    for item in items:
        group.append(item)
        num_rows, total = num_rows + rows(item), total + size(item)
        if num_rows >= ROWS_PER_GROUP or total > BYTES_PER_GROUP:
            yield group
            group, num_rows, total = [], 0, 0
    if group:
        yield group


def _open(path: Path) -> pq.ParquetFile:
    """Read on as rows are needed; by default all that is still to come would be held in memory."""
    return pq.ParquetFile(path, pre_buffer=False, buffer_size=READ_BYTES)


def _writer(target: IO[bytes], schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(target, schema, compression="zstd", write_batch_size=ROWS_PER_PAGE)


def _kept_as(schema: pa.Schema) -> tuple[set[str], set[str]]:
    """(columns of JSON text, columns whose null means that there is no such field), as our own files say."""
    try:
        told = json.loads((schema.metadata or {}).get(METADATA, b"{}"))
        return set(told.get("json", ())), set(told.get("absent", ()))
    except (ValueError, AttributeError, TypeError):  # somebody else's metadata
        return set(), set()


def _rows_per_batch(file: pq.ParquetFile) -> int:
    """So many rows that the widest group of them stays small."""
    groups = [file.metadata.row_group(index) for index in range(file.metadata.num_row_groups)]
    widest = max((group.total_byte_size / max(1, group.num_rows) for group in groups), default=0.0)
    return max(1, min(ROWS_PER_BATCH, int(BYTES_PER_BATCH / max(1.0, widest))))


def _check_names(names: list[str], file: str) -> None:
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise ValueError(f"{file} has two columns named {twice!r}")


def _item(row: dict[str, object] | str, kept: tuple[set[str], set[str]], place: str) -> Item:
    if isinstance(row, str):
        return Item(place, None, row)
    as_json, absent = kept
    value = {}
    for name, field in row.items():
        if field is None and name in absent:
            continue
        if name in as_json and isinstance(field, str):
            try:
                field = json.loads(field)
            except (ValueError, RecursionError):
                return Item(place, None, f"the column {name!r} holds damaged JSON")
        value[name] = field
    return Item(place, value)


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, object] | str]:
    """The rows as JSON values, or what is wrong with one."""
    names = batch.schema.names
    try:
        columns = [_json_column(column) for column in batch.columns]
    except (ValueError, OverflowError, pa.ArrowException):
        if len(batch) == 1:
            yield _fault_of(batch)
            return
        for place in range(len(batch)):  # so that one row's fault is not its neighbours'
            yield from _rows(batch.slice(place, 1))
        return
    yield from (dict(zip(names, fields, strict=True)) for fields in zip(*columns, strict=True))


def _fault_of(row: pa.RecordBatch) -> str:
    for name, column in zip(row.schema.names, row.columns, strict=True):
        try:
            _json_column(column)
        except (ValueError, OverflowError, pa.ArrowException) as error:
            return f"the column {name!r} cannot be read ({_first_line(error)})"
    raise AssertionError("a row that cannot be read has a column that cannot")


def _json_column(column: pa.Array) -> list[object]:
    if pa.types.is_temporal(column.type):
        return _times(column)
    values: list[object] = column.to_pylist()
    return values if _is_plain(column.type) else [_json_value(value) for value in values]


def _times(column: pa.Array) -> list[object]:
    """ISO text; a time that no calendar here reaches stays the number that the file holds."""
    try:
        texts = pc.cast(column, pa.string()).to_pylist()
    except pa.ArrowNotImplementedError:
        return [_json_value(value) for value in column.to_pylist()]
    beyond = [text is not None and text.startswith("<value out of range: ") for text in texts]
    return [int(text[21:-1]) if out else text for text, out in zip(texts, beyond, strict=True)]


def _is_plain(kind: pa.DataType) -> bool:
    """Whether Python's values of this type are JSON values."""
    if pa.types.is_struct(kind):
        return all(_is_plain(field.type) for field in kind)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _is_plain(kind.value_type)
    if pa.types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    texts = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    numbers = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return bool(texts or numbers or pa.types.is_boolean(kind) or pa.types.is_null(kind))


def _json_value(value: object, depth: int = 0) -> object:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} deep")
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                return base64.b64encode(value).decode()
        case dict():
            return {str(name): _json_value(one, depth + 1) for name, one in value.items()}
        case list() | tuple():
            return [_json_value(one, depth + 1) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
