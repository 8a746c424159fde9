"""One-off: committed records of before the tables had a version, brought to version 1.

`study.json` says the version; every sampled solution of `examples.jsonl` is judged again, so that it has the verdict under
every rule. No number changes.

    python -m interplay.records.migrate docs/studies/*
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from interplay.schema.row import VERSION
from interplay.schema.sampled import Example
from interplay.schema.text import json_lines
from interplay.schema.verdicts import columns_of
from interplay.world.graph import from_dict
from interplay.world.verify import Reference, verify


def migrate(folder: Path) -> None:
    """Rewrite both files of one study."""
    path = folder / "study.json"
    study: dict[str, Any] = json.loads(path.read_text())
    spelled: dict[str, Any] = {}
    for name, value in study.items():
        spelled |= {name: value, "schema_version": VERSION} if name == "version" else {name: value}
    path.write_text(json.dumps(spelled, ensure_ascii=False, separators=(",", ":")) + "\n")
    path = folder / "examples.jsonl"
    rows = [_judged(json.loads(line)) for line in path.read_text().splitlines()]
    path.write_text(json_lines(Example, rows))


def _judged(row: dict[str, Any]) -> dict[str, Any]:
    reference = Reference.from_graph(from_dict(row["graph"]), row["gold"])
    verdict = columns_of(verify(reference, row["text"], truncated=row["error"] == "truncated"))
    assert all(verdict[name] == row[name] for name in ("strict", "error", "answer")), row
    kept = {name: value for name, value in row.items() if name not in (*verdict, "steps", "graph")}
    return kept | verdict | {"steps": row["steps"], "graph": row["graph"]}


for name in sys.argv[1:]:
    migrate(Path(name))
