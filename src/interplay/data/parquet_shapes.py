"""What the columns of a Parquet file must be to hold rows of JSON values, and what its metadata says of them.

A column has the type that all of its values share. Where they share none, and for a number beyond 64 bits, it holds JSON text;
the metadata names these columns, and those whose null means "no such field".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

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


class Shapes:
    """What the columns must be to hold every row, gathered row by row."""

    def __init__(self) -> None:
        self.rows = 0
        self.shapes: dict[str, Shape] = {}
        self.present: dict[str, int] = {}
        self.nulls: set[str] = set()

    def add(self, row: Mapping[str, object]) -> None:
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
