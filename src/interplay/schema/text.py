"""Tables as text: CSV, JSON lines and JSON documents, written from the row class and checked against it when read.

A missing or damaged file is one `ValueError` naming the file, the row and the column; so is a column that is missing or that
nobody declared.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from interplay.files import csv_rows
from interplay.schema.row import VERSION, Row, optional, types_of

R = TypeVar("R", bound=Row)


def csv_text(row: type[Row], rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as CSV. A cell that may be empty may be left out. Raises ValueError for rows of another kind."""
    empty = {name: "" for name, annotation in types_of(row).items() if optional(annotation)}
    filled = [empty | dict(cells) for cells in rows]
    _checked(row.__name__, tuple[row, ...], filled)  # type: ignore[valid-type]
    text = io.StringIO(newline="")
    csv_rows(text, row.columns(), filled)
    return text.getvalue()


def json_lines(row: type[Row], rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as JSON, one a line."""
    rows = list(rows)
    _checked(row.__name__, tuple[row, ...], rows)  # type: ignore[valid-type]
    return "".join(json.dumps(cells, ensure_ascii=False) + "\n" for cells in rows)


def document(kind: Any, value: Any) -> str:
    """One JSON document; `kind` is a row class, or a tuple of one."""
    _checked(getattr(kind, "__name__", str(kind)), kind, json.loads(json.dumps(value)))
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def read_rows(path: Path, row: type[R]) -> tuple[R, ...]:
    """Rows of a CSV or JSONL file."""
    checked: tuple[R, ...] = _checked(str(path), tuple[row, ...], _cells(path, row))  # type: ignore[valid-type]
    return checked


def read_cells(path: Path, row: type[Row]) -> list[dict[str, Any]]:
    """The same as they stand in the file, once they have been checked: the text of a CSV file, the values of a JSONL file."""
    found = _cells(path, row)
    _checked(str(path), tuple[row, ...], found)  # type: ignore[valid-type]
    return found


def read_document(path: Path, kind: Any) -> Any:
    """A JSON document; `kind` is a row class, or a tuple of one."""
    try:
        value = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON (line {error.lineno}: {error.msg})") from None
    return _checked(str(path), kind, value)


def _cells(path: Path, row: type[Row]) -> list[dict[str, Any]]:
    return _json_lines(path) if path.suffix == ".jsonl" else _csv_rows(path, row)


def _csv_rows(path: Path, row: type[Row]) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    header = list(reader.fieldnames or ())
    if not header:
        raise ValueError(f"{path}: the header is missing")
    if missing := [name for name in row.columns() if name not in header]:
        raise ValueError(f"{path} lacks the columns {', '.join(missing)} (tables of version {VERSION})")
    if unknown := [name for name in header if name not in row.columns()]:
        raise ValueError(f"{path} has unknown columns {', '.join(map(repr, unknown))} (tables of version {VERSION})")
    rows = list(reader)
    for number, cells in enumerate(rows, 1):
        if None in cells or None in cells.values():
            raise ValueError(f"{path}: row {number} does not have {len(header)} cells")
    return rows


def _json_lines(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(_text(path).split("\n"), 1):
        try:
            rows += [json.loads(line)] if line.strip() else []
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}: line {number} is not JSON ({error.msg})") from None
    return rows


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()  # line ends as they are: a cell may hold some
    except FileNotFoundError:
        raise ValueError(f"{path}: the record is missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read ({error})") from None


def _checked(source: str, kind: Any, value: Any) -> Any:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = [f"row {part + 1}" if isinstance(part, int) else str(part) for part in first["loc"][:4]]
        about = f" (tables of version {VERSION})" if first["type"] in ("missing", "extra_forbidden") else ""
        raise ValueError(f"{source}: {', '.join(where) or 'content'}: {first['msg']}{about}") from None
