"""Tables in Parquet: types from the row class, and reading that refuses another file than the one it was told of.

A column that is missing, unknown or of another type is an error that names the file, the column and the version of the
tables; so is an empty cell where the column is never empty. Nothing is cast: the text "False" is no truth value.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq

from interplay.schema.row import VERSION, Arrow, Row, optional, types_of

MARK = b"interplay.tables"
PLAIN = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}


@cache
def arrow_schema(row: type[Row]) -> pa.Schema:
    """The Parquet columns of a row class, and the version they were written under."""
    fields = [(name, _arrow(annotation)) for name, annotation in types_of(row).items()]
    return pa.schema(fields, metadata={MARK: str(VERSION).encode()})


def _arrow(annotation: Any) -> pa.DataType:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        named = next((part for part in annotation.__metadata__ if isinstance(part, Arrow)), None)
        return pa.type_for_alias(named.name) if named else _arrow(parts[0])
    if origin in (Union, types.UnionType):
        return _arrow(next(part for part in parts if part is not type(None)))
    if origin is tuple:
        return pa.list_(_arrow(parts[0]))
    if origin is dict:
        return pa.map_(*map(_arrow, parts))
    if isinstance(annotation, type) and issubclass(annotation, Row):
        return pa.struct([(name, _arrow(part)) for name, part in types_of(annotation).items()])
    return PLAIN[annotation]


def table_of(rows: Iterable[Mapping[str, object]], row: type[Row]) -> pa.Table:
    """Rows as a table. Raises ValueError for a column that is not declared, or an empty cell that must not be."""
    rows = list(rows)
    if unknown := {name for cells in rows for name in cells} - set(row.columns()):
        raise ValueError(f"{row.__name__} has no column {min(unknown)!r}")
    table = pa.Table.from_pylist(rows, arrow_schema(row))
    _refuse_empty_cells(table, row, row.__name__)
    return table


def marked(table: pa.Table, row: type[Row]) -> pa.Table:
    """A table of this kind that was read, as it is written: with the version of the tables."""
    return table.replace_schema_metadata(arrow_schema(row).metadata)


def read_table(path: Path, row: type[Row], columns: Sequence[str] | None = None) -> pa.Table:
    """The table, or some of its columns. Raises ValueError naming the file and what is wrong with it."""
    unknown = [name for name in columns or () if name not in row.columns()]
    if unknown:
        raise ValueError(f"{path} lacks the columns {', '.join(unknown)}; it has {', '.join(row.columns())}")
    try:
        with pq.ParquetFile(path) as file:
            _refuse_another_schema(path, file.schema_arrow, row)
            table = file.read(columns=None if columns is None else list(columns))
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: is {path.parent} the right folder?") from None
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, ValueError) and str(error).startswith(str(path)):
            raise
        raise ValueError(f"{path} cannot be read as Parquet: {error}") from error
    _refuse_empty_cells(table, row, str(path))
    return table.replace_schema_metadata(None)


def _refuse_another_schema(path: Path, found: pa.Schema, row: type[Row]) -> None:
    wanted = arrow_schema(row)
    written = (found.metadata or {}).get(MARK, b"unknown").decode()
    about = f"(tables of version {VERSION}; the file says {written})"
    if missing := [name for name in wanted.names if name not in found.names]:
        raise ValueError(f"{path} lacks the columns {', '.join(missing)} {about}")
    if unknown := [name for name in found.names if name not in wanted.names]:
        raise ValueError(f"{path} has unknown columns {', '.join(unknown)} {about}")
    for field in wanted:
        if (kind := found.field(field.name).type) != field.type:
            raise ValueError(f"{path}: column {field.name} is {kind}, not {field.type} {about}")


def _refuse_empty_cells(table: pa.Table, row: type[Row], source: str) -> None:
    for name, annotation in types_of(row).items():
        if name in table.column_names and table[name].null_count and not optional(annotation):
            raise ValueError(f"{source}: column {name} has {table[name].null_count} empty cells")
