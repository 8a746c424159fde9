"""What training left behind: curves.csv (loss, reward, length), silent.csv (groups without signal) and cells.csv.

Curves are thinned to at most 50 points, each the mean of neighbouring steps, under the last of them: a record is made to be
kept and sent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from interplay.schema import training as schema
from interplay.stages.stage import Stage, upstream
from interplay.studies.study import Arm, Study
from interplay.train.curves import CURVES
from interplay.train.metrics import read_metrics

POINTS = 50

OP_METRIC = re.compile(r"rl/op(\d+)/reward")

Metrics = dict[str, Any]


def trained_stages(study: Study) -> list[tuple[Arm, Stage]]:
    """Each training stage once, with the first arm that it belongs to."""
    found: dict[str, tuple[Arm, Stage]] = {}
    for arm in study.arms:
        for stage in upstream(arm.checkpoint):
            if stage.kind != "tokenizer":
                found.setdefault(stage.address, (arm, stage))
    return list(found.values())


def curve_rows(study: Study) -> Iterator[dict[str, object]]:
    """One row per point: the metrics that its stage has."""
    for arm, stage in trained_stages(study):
        for steps in _bins(read_metrics(stage.folder / "metrics.jsonl"), POINTS):
            about_it = {"arm": arm.name, "seed": arm.seed, "stage": stage.kind, "step": steps[-1]["step"]}
            means = {metric: _mean(steps, metric) for metric in schema.CURVES}
            yield about_it | {"tokens": steps[-1].get("tokens", "")} | means


def _bins(rows: Sequence[Metrics], most: int) -> list[Sequence[Metrics]]:
    """At most `most` runs of neighbouring steps, all of one size but the last."""
    size = max(1, math.ceil(len(rows) / most))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _mean(rows: Sequence[Metrics], metric: str) -> float | str:
    values = [row[metric] for row in rows if row.get(metric) is not None]
    return float(f"{math.fsum(values) / len(values):.5g}") if values else ""


def silent_rows(study: Study) -> Iterator[dict[str, object]]:
    """Share of groups whose samples all get one reward, per op: over the whole of RL and over its last quarter."""
    for arm, stage in trained_stages(study):
        if stage.kind != "rl":
            continue
        rows = read_metrics(stage.folder / "metrics.jsonl")
        ops = sorted({int(match[1]) for row in rows for name in row if (match := OP_METRIC.fullmatch(name))})
        last = rows[-max(1, len(rows) // 4) :]
        for op, prefix in [("all", "rl/"), *((str(op), f"rl/op{op}/") for op in ops)]:
            for part, steps in (("all", rows), ("last quarter", last)):
                present = [row for row in steps if f"{prefix}reward" in row]
                if present:
                    yield {"arm": arm.name, "seed": arm.seed, "op": op, "part": part, "steps": len(present)} | {
                        name: _mean(present, f"{prefix}{name}")
                        for name in ("silent_wrong", "silent_right", "hacked", "not_strict")
                    }


def cell_rows(study: Study) -> Iterator[dict[str, object]]:
    """Loss on the held-out solutions of every cell at each point of the token grid."""
    for arm, stage in trained_stages(study):
        for row in read_metrics(stage.folder / CURVES):
            for cell, found in row["cells"].items():
                yield {
                    "arm": arm.name, "seed": arm.seed, "stage": stage.kind, "tokens": row["tokens"], "cell": cell,
                    "op": int(re.sub(r"\D", "", cell.partition("/")[0])), "loss": round(found["loss"], 6),
                    "solution_nll": round(found["solution_nll"], 6), "problems": found["problems"],
                }  # fmt: skip
