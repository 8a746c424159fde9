"""How a record is written: whole or not at all, the same bytes for the same rows, checked against its table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from interplay.schema.row import Row
from interplay.schema.text import csv_text, document, json_lines


def write_csv(path: Path, row: type[Row], rows: Iterable[Mapping[str, Any]]) -> None:
    """A table. Raises ValueError for rows that are not of it."""
    _replace(path, csv_text(row, rows))


def write_json(path: Path, kind: Any, value: Any) -> None:
    """One JSON document: a row, or a tuple of rows."""
    _replace(path, document(kind, value))


def write_jsonl(path: Path, row: type[Row], rows: Iterable[Mapping[str, Any]]) -> None:
    """One row a line."""
    _replace(path, json_lines(row, rows))


def _replace(path: Path, text: str) -> None:
    staging = path.with_name(f".{path.name}.staging")
    staging.write_text(text, encoding="utf-8")
    staging.replace(path)
