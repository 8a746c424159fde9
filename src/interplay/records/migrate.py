"""One-off: committed records of version 2 of the tables, brought to version 3.

Version 2 called `hacked` every right answer that was not strictly right. That number is now `not_strict`, which is what it
is; `hacked` and the outcomes are not known of these runs and are left out. Examples are judged again.

    python -m interplay.records.migrate docs/studies/*/
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from interplay.schema.measured import Effect, ErrorCount, Reliability
from interplay.schema.row import VERSION, Row
from interplay.schema.sampled import Example
from interplay.schema.text import csv_text, json_lines
from interplay.schema.training import CurvePoint, Silent
from interplay.schema.verdicts import columns_of
from interplay.world.graph import from_dict
from interplay.world.verify import Reference, verify

Cells = dict[str, Any]


def renamed(path: Path, row: type[Row], change: Callable[[Cells], Cells]) -> None:
    """A table with its cells changed."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [change(cells) for cells in csv.DictReader(file)]
    path.write_text(csv_text(row, rows), encoding="utf-8")


def count(cells: Cells) -> Cells:
    """How many have the right answer; those without a fault all do."""
    hacked = cells.pop("hacked")
    return cells | {"right_answer": cells["count"] if cells["error"] == "none" else hacked}


def measure(cells: Cells) -> Cells:
    """The metric by its new name, under the rule that counts right answers."""
    return cells | {"metric": "not_strict", "rule": "answer"} if cells["metric"] == "hacked" else cells


def scored(cells: Cells) -> Cells:
    """The contrast under the new name of what it counts."""
    return {name: "not_strict" if cell == "hacked" and "rule" in name else cell for name, cell in cells.items()}


def curve(cells: Cells) -> Cells:
    """The metric by its new name."""
    return cells | {"rl/not_strict": cells["rl/hacked"], "rl/hacked": "", "rl/sound": ""}


def silent(cells: Cells) -> Cells:
    """The share by its new name."""
    return cells | {"not_strict": cells["hacked"], "hacked": ""}


def judged(row: Cells) -> Cells:
    """The solution with its verdict of today."""
    reference = Reference.from_graph(from_dict(row["graph"]), row["gold"])
    verdict = verify(reference, row["text"], truncated=row["error"] == "truncated")
    for name in ("strict", "error", "answer"):
        if getattr(verdict, name) != row[name]:
            print(f"{row['arm']} {row['regime']}: {name} was {row[name]!r}, is {getattr(verdict, name)!r}")
    cells = columns_of(verdict)
    steps = [{"name": s.name, "start": s.start, "end": s.end, "error": s.error} for s in verdict.steps]
    kept = {name: value for name, value in row.items() if name not in (*cells, "steps", "graph")}
    return kept | cells | {"steps": steps, "graph": row["graph"]}


def migrate(folder: Path) -> None:
    """Rewrite the records of one study."""
    tables: tuple[tuple[str, type[Row], Callable[[Cells], Cells]], ...] = (
        ("errors", ErrorCount, count), ("reliability", Reliability, measure), ("effects", Effect, scored),
        ("curves", CurvePoint, curve), ("silent", Silent, silent),
    )  # fmt: skip
    for name, row, change in tables:
        renamed(folder / f"{name}.csv", row, change)
    path = folder / "claims.json"
    claims = json.loads(path.read_text(encoding="utf-8"))
    claims = [claim | {"scored": "not_strict" if claim["scored"] == "hacked" else claim["scored"]} for claim in claims]
    path.write_text(json.dumps(claims, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    path = folder / "examples.jsonl"
    rows = [judged(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text(json_lines(Example, rows), encoding="utf-8")
    path = folder / "study.json"
    study = json.loads(path.read_text(encoding="utf-8")) | {"schema_version": VERSION}
    path.write_text(json.dumps(study, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        migrate(Path(name))
