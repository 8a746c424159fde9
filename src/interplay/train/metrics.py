"""Metrics as JSON lines, one object a step, in a file that an interrupted run continues without a gap or a double line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from interplay.files import json_line, write_jsonl


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Every whole line of a metrics file; a last line that was cut off is left out."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]


class MetricsLog:
    """Appends to `path`; opening it for a run that resumes at `step` drops what came after that step."""

    def __init__(self, path: Path, step: int) -> None:
        kept = [row for row in read_metrics(path) if row["step"] <= step]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_jsonl(path, kept)
        self._file = path.open("a", encoding="utf-8")

    def write(self, row: dict[str, object]) -> None:
        """Append one row; it holds `step`."""
        self._file.write(json_line(row))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
