"""Rows in Parquet: the fields of the JSONL files as columns, the graph as a JSON string."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_GROUP = 4096


def read_parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows one by one; memory does not grow with the file. Raises ValueError naming an unreadable file."""
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise ValueError(f"{path} is not a readable Parquet file: {str(error).splitlines()[0]}") from error
    for batch in file.iter_batches(ROWS_PER_GROUP):
        for row in batch.to_pylist():
            if isinstance(row.get("graph"), str):
                row["graph"] = json.loads(row["graph"])
            yield row


def write_parquet_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows; returns how many. The columns are those of the first row."""
    staging, writer, count = path.with_name(f".{path.name}.staging"), None, 0
    for group in _groups(rows):
        table = pa.Table.from_pylist(
            [row | {"graph": json.dumps(row["graph"])} if "graph" in row else dict(row) for row in group]
        )
        writer = writer or pq.ParquetWriter(staging, table.schema, compression="zstd")
        writer.write_table(table)
        count += len(group)
    if writer is not None:
        writer.close()
        staging.replace(path)
    return count


def _groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for row in rows:
        group.append(dict(row))
        if len(group) == ROWS_PER_GROUP:
            yield group
            group = []
    if group:
        yield group
