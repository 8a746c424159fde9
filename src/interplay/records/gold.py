"""nll.csv: how likely each arm finds the gold solutions, and how that changed against the arm it was trained from.

NLL is nats per whole gold solution, the mean over problems; it moves where pass@k is still 0 or already 1. The change is
paired by problem and by seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from interplay.evals.evaluation import read_problems
from interplay.evals.intervals import mean_interval, paired_interval
from interplay.records.measured import Arms, Group, Values, groups_of
from interplay.schema import sampled
from interplay.schema.parquet import read_table
from interplay.studies.study import Study

GOLD = "gold.parquet"


class Gold:
    """The gold solutions' likelihood under one checkpoint, in the order of its problems."""

    def __init__(self, folder: Path) -> None:
        table = read_table(folder / GOLD, sampled.Gold)
        if table["problem_id"].to_pylist() != read_problems(folder, ("problem_id",))["problem_id"].to_pylist():
            raise ValueError(f"{folder / GOLD} is not of the problems beside it")
        self.nll: Values = table["nll_sum"].to_numpy()
        self.per_token: Values = self.nll / table["num_tokens"].to_numpy()
        self.greedy: Values = table["greedy_strict"].to_numpy().astype(float)


def nll_rows(study: Study, arms: Arms) -> Iterator[dict[str, Any]]:
    """Of every arm whose evaluation has gold likelihoods: each regime as a whole and op by op, over all seeds."""
    found = {
        name: [Gold(m.arm.evaluation.folder) for m in members]
        for name, members in arms.items()
        if all((m.arm.evaluation.folder / GOLD).exists() for m in members)
    }
    for group in groups_of(arms, each_seed=False):
        if group.arm not in found:
            continue
        start = group.measured[0].arm.start
        for regime, ops in study.regimes.items():
            for op in (None, *ops):
                row = _row(group, found[group.arm], found.get(start, []), regime, op)
                if row is not None:
                    yield row | {"start": start if start in found else ""}


def _row(group: Group, own: list[Gold], start: list[Gold], regime: str, op: int | None) -> dict[str, Any] | None:
    chosen = group.measured[0].chosen(regime, op)
    if not chosen.any():
        return None
    names = ("nll", regime, "all" if op is None else str(op))
    estimate = mean_interval([gold.nll[chosen] for gold in own], names=names, bounded=False)
    row: dict[str, Any] = {
        "arm": group.arm, "seed": group.seed, "regime": regime, "op": names[2],
        "nll": _cell(estimate.value), "lo": _cell(estimate.lo), "hi": _cell(estimate.hi),
        "per_token": _cell(float(np.mean([gold.per_token[chosen].mean() for gold in own]))),
        "greedy": _cell(float(np.mean([gold.greedy[chosen].mean() for gold in own]))),
        "n_problems": estimate.n_problems, "n_seeds": estimate.n_seeds,
    }  # fmt: skip
    if len(start) == len(own):
        before, after = ([gold.nll[chosen] for gold in golds] for golds in (start, own))
        change = paired_interval(before, after, names=names, bounded=False)
        row |= {"change": _cell(change.value), "change_lo": _cell(change.lo), "change_hi": _cell(change.hi)}
    return row


def _cell(value: float) -> float | str:
    return round(value, 5) if np.isfinite(value) else ""
