"""Rows in Parquet, nothing lost on the way there and back.

A column has the type that all of its values share. Where they share none, and for a number beyond 64 bits, it holds JSON
text; the file's metadata names these columns, and those whose null means "no such field", so reading gives the rows
that were written. Of other people's files every type is read: times as ISO text, bytes as text or base64. Both ways a
few rows at a time are in memory.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interplay.data.json_rows import MAX_DEPTH, Item

ROWS_PER_BATCH = 256
BYTES_PER_BATCH = 1 << 24
ROWS_PER_GROUP = 4096
CHARS_PER_GROUP = 1 << 25
METADATA = b"interplay"
# Every row has names of its own: a struct would hold all of them, mostly null. A graph that is JSON text stays as it is.
ALWAYS_JSON = ("graph",)

# What a column is stored as, spelled so that it can be compared: a scalar, ("list", of) or ("struct", fields).
Shape = Any
JSON, NULL, ANY = "json", "null", "any"
SCALARS = {
    "string": pa.string(), "bool": pa.bool_(), "double": pa.float64(), NULL: pa.null(),
    "int53": pa.int64(), "int64": pa.int64(),  # the first are exact as doubles, too
}  # fmt: skip
WIDER = {("int53", "int64"): "int64", ("int53", "double"): "double"}


def read_parquet(path: Path, name: str) -> Iterator[Item]:
    """The rows of a file. Raises ValueError naming the file, and the row from which on it cannot be read."""
    number = 0
    try:
        file = pq.ParquetFile(path)
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
        file = pq.ParquetFile(source)
        _check_names(file.schema_arrow.names, name)
        with pq.ParquetWriter(target, file.schema_arrow, compression="zstd") as writer:
            for batch in file.iter_batches(_rows_per_batch(file)):
                writer.write_batch(batch)
                count += len(batch)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise ValueError(f"{name} cannot be copied after row {count}: {_first_line(error)}") from error
    return count


class Shapes:
    """What the columns must be to hold every row, gathered row by row."""

    def __init__(self) -> None:
        self.rows = 0
        self.shapes: dict[str, Shape] = {}
        self.present: dict[str, int] = {}
        self.nulls: set[str] = set()

    def add(self, row: Mapping[str, Any]) -> None:
        """Take note of a row. Raises ValueError for one without any field: a table cannot hold it."""
        if not row:
            raise ValueError("a row without any field cannot be kept in Parquet")
        self.rows += 1
        for name, value in row.items():
            self.present[name] = self.present.get(name, 0) + 1
            if value is None:
                self.nulls.add(name)
            self.shapes[name] = merged(self.shapes.get(name, NULL), shape_of(value))

    def schema(self) -> pa.Schema:
        """The columns, with what the reader must know in the metadata."""
        absent = [name for name, present in self.present.items() if present < self.rows]
        as_json = [
            name for name, shape in self.shapes.items()
            if not _has_type(shape) or (name in ALWAYS_JSON and shape != "string")
        ]  # fmt: skip
        as_json += [name for name in absent if name in self.nulls and name not in as_json]
        types = [(name, pa.string() if name in as_json else _type(shape)) for name, shape in self.shapes.items()]
        told = json.dumps({"json": as_json, "absent": absent})
        return pa.schema(types, metadata={METADATA: told.encode()})


def write_parquet(target: IO[bytes], rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> None:
    """Write rows that the schema was gathered from."""
    as_json = _kept_as(schema)[0]
    group: list[dict[str, Any]] = []
    chars = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for row in rows:
            group.append({name: json.dumps(value) if name in as_json else value for name, value in row.items()})
            chars += sum(len(value) for value in group[-1].values() if isinstance(value, str))
            if len(group) == ROWS_PER_GROUP or chars > CHARS_PER_GROUP:
                writer.write_table(pa.Table.from_pylist(group, schema))
                group, chars = [], 0
        if group:
            writer.write_table(pa.Table.from_pylist(group, schema))


def shape_of(value: object) -> Shape:
    """The narrowest shape that holds a JSON value."""
    match value:
        case None:
            return NULL
        case bool():
            return "bool"
        case int():
            return "int53" if abs(value) <= 2**53 else "int64" if -(2**63) <= value < 2**63 else JSON
        case float():
            return "double"
        case str():
            return "string"
        case list():
            of: Shape = ANY
            for one in value:
                of = merged(of, shape_of(one))
            return ("list", of)
        case dict() if value:
            return ("struct", tuple((name, shape_of(one)) for name, one in value.items()))
    return JSON


def merged(a: Shape, b: Shape) -> Shape:
    """The shape that holds what either holds."""
    if a == b or b in (NULL, ANY):
        return a if a != ANY else b
    if a in (NULL, ANY):
        return b
    if isinstance(a, str) or isinstance(b, str):
        return WIDER.get((a, b)) or WIDER.get((b, a), JSON)
    if a[0] != b[0]:
        return JSON
    if a[0] == "list":
        return ("list", merged(a[1], b[1]))
    of_a, of_b = dict(a[1]), dict(b[1])
    if of_a.keys() != of_b.keys():
        return JSON
    return ("struct", tuple((name, merged(shape, of_b[name])) for name, shape in of_a.items()))


def _has_type(shape: Shape) -> bool:
    if isinstance(shape, str):
        return shape != JSON
    return _has_type(shape[1]) if shape[0] == "list" else all(_has_type(each) for _, each in shape[1])


def _type(shape: Shape) -> pa.DataType:
    if isinstance(shape, str):
        return SCALARS[NULL if shape == ANY else shape]
    if shape[0] == "list":
        return pa.list_(_type(shape[1]))
    return pa.struct([(name, _type(each)) for name, each in shape[1]])


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


def _item(row: dict[str, Any] | str, kept: tuple[set[str], set[str]], place: str) -> Item:
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


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | str]:
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


def _json_column(column: pa.Array) -> list[Any]:
    if pa.types.is_temporal(column.type):
        return _times(column)
    values: list[Any] = column.to_pylist()
    return values if _is_plain(column.type) else [_json_value(value) for value in values]


def _times(column: pa.Array) -> list[Any]:
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


def _json_value(value: Any, depth: int = 0) -> Any:
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
