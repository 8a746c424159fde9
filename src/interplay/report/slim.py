"""Records small enough to be committed: what the page shows stays, what each seed adds to it goes.

Kept are the rows over all seeds and, of every seed, pass@k under the strict rule; curves are thinned further. The page made
from these shows the same numbers, with shorter learning curves.
"""

from __future__ import annotations

import csv
import json
import math
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from interplay.files import write_csv, write_text
from interplay.report.records import read_records

Rows = list[dict[str, str]]
POINTS = 25
COPIED = ("reliability.csv", "effects.csv", "silent.csv", "nll.csv", "similarity.csv", "worlds.csv", "claims.json",
          "examples.jsonl")  # fmt: skip


def slim(directory: Path, target: Path) -> Path:
    """Write the records of `directory` into `target`, smaller. Raises ValueError for a bad record."""
    read_records(directory)  # nothing damaged is handed on
    if target.resolve() == directory.resolve():
        raise ValueError(f"{target} is the folder of the records itself")
    target.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        if (directory / name).exists():
            shutil.copyfile(directory / name, target / name)
    shorter: dict[str, Callable[[Rows], Rows]] = {
        "results.csv": _results, "errors.csv": _errors, "curves.csv": _curves, "outcomes.csv": _outcomes,
        "cells.csv": _cells,
    }  # fmt: skip
    for name, shorten in shorter.items():
        if (directory / name).exists():
            _rewrite(directory / name, target / name, shorten)
    study = json.loads((directory / "study.json").read_text(encoding="utf-8"))
    write_text(target / "study.json", json.dumps(study, ensure_ascii=False, separators=(",", ":")) + "\n")
    return target


def _rewrite(source: Path, target: Path, shorten: Callable[[Rows], Rows]) -> None:
    with source.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        columns, rows = list(reader.fieldnames or ()), shorten(list(reader))
    write_csv(target, columns, rows)


def _results(rows: Rows) -> Rows:
    """pass@k over all seeds; other rules at the ends of k, where tables show them; of each seed, the ends alone."""
    pooled = {row["arm"] for row in rows if row["seed"] == "all"}
    ends = {str(end(int(row["k"]) for row in rows)) for end in (min, max)} if rows else set()

    def kept(row: dict[str, str]) -> bool:
        of_several = row["seed"] != "all" and row["arm"] in pooled
        if of_several and (row["rule"] != "strict" or row["op"] != "all"):
            return False
        return row["k"] in ends or (row["rule"] == "strict" and not of_several)

    digits = {"value", "lo", "hi"}
    return [
        {name: f"{float(cell):.4g}" if name in digits and cell else cell for name, cell in row.items()}
        for row in rows
        if kept(row)
    ]


def _cells(rows: Rows) -> Rows:
    """Means over the seeds."""
    points: dict[tuple[str, ...], Rows] = {}
    for row in rows:
        points.setdefault(tuple(row[name] for name in ("arm", "stage", "tokens", "cell")), []).append(row)
    return [
        near[0] | {"seed": "all" if len(near) > 1 else near[0]["seed"]}
        | {name: _mean(near, name) for name in ("loss", "solution_nll")}
        for near in points.values()
    ]  # fmt: skip


def _errors(rows: Rows) -> Rows:
    """Counts added up over the seeds."""
    single = [row for row in rows if row["seed"] != "all"]
    counts, totals = _added(single, "error", "count")
    right, _ = _added(single, "error", "right_answer")
    return [
        {"arm": arm, "seed": "all", "regime": regime, "error": error, "count": str(count),
         "share": f"{count / (totals[arm, regime] or 1):.6f}", "right_answer": str(right[arm, regime, error])}
        for (arm, regime, error), count in counts.items()
    ] or rows  # fmt: skip


def _outcomes(rows: Rows) -> Rows:
    """Counts added up over the seeds."""
    counts, totals = _added(rows, "outcome", "count")
    guesses = {row["regime"]: row["guess"] for row in rows}
    return [
        {"arm": arm, "seed": "all", "regime": regime, "outcome": outcome, "count": str(count),
         "share": f"{count / totals[arm, regime]:.6f}", "guess": guesses[regime]}
        for (arm, regime, outcome), count in counts.items()
    ]  # fmt: skip


def _added(rows: Rows, kind: str, column: str) -> tuple[Counter[tuple[str, str, str]], Counter[tuple[str, str]]]:
    """The sums of a column by arm, regime and kind, and by arm and regime."""
    sums: Counter[tuple[str, str, str]] = Counter()
    totals: Counter[tuple[str, str]] = Counter()
    for row in rows:
        sums[row["arm"], row["regime"], row[kind]] += int(row[column])
        totals[row["arm"], row["regime"]] += int(row[column])
    return sums, totals


def _curves(rows: Rows) -> Rows:
    """Means of neighbouring points, under the last of them."""
    curves: dict[tuple[str, str, str], Rows] = {}
    for row in rows:
        curves.setdefault((row["arm"], row["seed"], row["stage"]), []).append(row)
    thin: Rows = []
    for points in curves.values():
        size = math.ceil(len(points) / POINTS)
        for start in range(0, len(points), size):
            near = points[start : start + size]
            thin.append({name: _mean(near, name) if "/" in name else near[-1][name] for name in near[-1]})
    return thin


def _mean(rows: Rows, metric: str) -> str:
    values = [float(row[metric]) for row in rows if row[metric]]
    return f"{math.fsum(values) / len(values):.5g}" if values else ""
