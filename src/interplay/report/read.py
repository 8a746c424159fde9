"""Records read from a study's directory and checked once, so that nothing after this can meet a bad value.

A missing or damaged file is one `ValueError` naming the file, the row and the field.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from interplay.report.fields import Record
from interplay.report.measured import Effect, ErrorCount, GoldRow, Reliability, Result
from interplay.report.records import Claim, Example, Records, Study
from interplay.report.training import CellPoint, CurvePoint, Silent

Row = TypeVar("Row", bound=Record)


def read_records(directory: Path) -> Records:
    """Read the record files of `directory`. Raises ValueError naming the file that is missing or damaged."""
    records = Records(
        study=_checked(directory / "study.json", Study, _read_json(directory / "study.json")),
        results=_rows(directory / "results.csv", Result),
        effects=_rows(directory / "effects.csv", Effect),
        errors=_rows(directory / "errors.csv", ErrorCount),
        curves=_rows(directory / "curves.csv", CurvePoint),
        claims=_checked(directory / "claims.json", tuple[Claim, ...], _read_json(directory / "claims.json")),
        examples=_rows(directory / "examples.jsonl", Example),
        reliability=_rows_if_there(directory / "reliability.csv", Reliability),
        silent=_rows_if_there(directory / "silent.csv", Silent),
        cells=_rows_if_there(directory / "cells.csv", CellPoint),
        nll=_rows_if_there(directory / "nll.csv", GoldRow),
    )
    _refuse_unknown_arms(directory, records)
    return records


def read_claims(directory: Path) -> tuple[Study, tuple[Claim, ...]]:
    """The study and its claims alone. Raises ValueError naming the file that is missing or damaged."""
    study = _checked(directory / "study.json", Study, _read_json(directory / "study.json"))
    claims = _checked(directory / "claims.json", tuple[Claim, ...], _read_json(directory / "claims.json"))
    return study, claims


def _refuse_unknown_arms(directory: Path, records: Records) -> None:
    known = set(records.arms)
    named = {
        "results.csv": {row.arm for row in records.results},
        "effects.csv": {row.treatment for row in records.effects} | {row.control for row in records.effects},
        "errors.csv": {row.arm for row in records.errors},
        "curves.csv": {row.arm for row in records.curves},
        "examples.jsonl": {row.arm for row in records.examples},
        "reliability.csv": {row.arm for row in records.reliability} - {""},
        "silent.csv": {row.arm for row in records.silent},
        "cells.csv": {row.arm for row in records.cells},
        "nll.csv": {row.arm for row in records.nll},
    }
    for name, arms in named.items():
        if arms - known:
            raise ValueError(f"{directory / name}: study.json has no arm {min(arms - known)!r}")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ValueError(f"{path}: the record is missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read ({error})") from None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON (line {error.lineno}: {error.msg})") from None


def _rows(path: Path, row: type[Row]) -> tuple[Row, ...]:
    """Rows of a CSV or JSONL file."""
    if path.suffix == ".jsonl":
        lines = enumerate(_text(path).split("\n"), 1)
        rows = [_json_line(path, number, line) for number, line in lines if line.strip()]
    else:
        reader = csv.DictReader(io.StringIO(_text(path), newline=""))
        if not reader.fieldnames:
            raise ValueError(f"{path}: the header is missing")
        rows = list(reader)
        for number, cells in enumerate(rows, 1):
            if None in cells or None in cells.values():
                raise ValueError(f"{path}: row {number} does not have {len(reader.fieldnames)} cells")
    checked: tuple[Row, ...] = _checked(path, tuple[row, ...], rows)  # type: ignore[valid-type]
    return checked


def _rows_if_there(path: Path, row: type[Row]) -> tuple[Row, ...]:
    """Rows of a record that a study has only where it was measured."""
    return _rows(path, row) if path.exists() else ()


def _json_line(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: line {number} is not JSON ({error.msg})") from None


def _checked(path: Path, kind: Any, value: Any) -> Any:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = [f"row {part + 1}" if isinstance(part, int) else str(part) for part in first["loc"][:4]]
        raise ValueError(f"{path}: {', '.join(where) or 'content'}: {first['msg']}") from None
