"""Files of problems: JSON lines, plain or gzipped, and Parquet. Rows are read and written one by one.

The columns of a Parquet file are the fields of the JSON rows; a row's graph is kept there as a JSON string.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_GROUP = 4096


def open_text(path: Path, mode: str = "r", errors: str = "strict") -> IO[str]:
    """A text file, unpacked or packed where its name ends in `.gz`."""
    if path.suffix == ".gz":
        return gzip.open(path, f"{mode}t", encoding="utf-8", errors=errors)  # type: ignore[return-value]
    return path.open(mode, encoding="utf-8", errors=errors)


def read_rows(path: str | Path) -> Iterator[object]:
    """The rows of a file. Raises ValueError naming the line that is not JSON, or a file that cannot be read."""
    path = Path(path)
    if path.suffix == ".parquet":
        yield from _read_parquet(path)
        return
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield json.loads(line)
                except json.JSONDecodeError as error:
                    raise ValueError(f"{path}, line {number}: not JSON ({error.msg})") from None


def write_rows(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows; the number written. The file appears whole or not at all."""
    path = Path(path)
    staging = path.with_name(f".staging-{path.name}")
    count = _write_parquet(staging, rows) if path.suffix == ".parquet" else _write_lines(staging, rows)
    staging.replace(path)
    return count


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    with open_text(path, "w") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def _read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise ValueError(f"{path} is not a readable Parquet file: {str(error).splitlines()[0]}") from error
    for batch in file.iter_batches(ROWS_PER_GROUP):
        for row in batch.to_pylist():
            if isinstance(row.get("graph"), str):
                row["graph"] = json.loads(row["graph"])
            yield row


def _write_parquet(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    writer, count = None, 0
    for group in _groups(rows):
        table = pa.Table.from_pylist(group)
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
        count += len(group)
    (writer or pq.ParquetWriter(path, pa.schema([]))).close()
    return count


def _groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for row in rows:
        group.append({**row, "graph": json.dumps(row["graph"])} if "graph" in row else dict(row))
        if len(group) == ROWS_PER_GROUP:
            yield group
            group = []
    if group:
        yield group
