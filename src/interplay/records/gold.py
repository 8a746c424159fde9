"""nll.csv: how likely each arm finds the gold solutions, and how that changed against the arm it was trained from.

NLL is nats per whole gold solution, the mean over problems; it moves where pass@k is still 0 or already 1. The change is
paired by problem and by seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from interplay.evals.evaluation import read_problems
from interplay.evals.intervals import mean_interval, paired_interval
from interplay.records.measured import Arms, Group, Measured, Values, groups_of
from interplay.schema import sampled
from interplay.schema.parquet import read_table
from interplay.studies.study import Study

GOLD = "gold.parquet"


def read_gold(folder: Path) -> dict[str, list[Any]] | None:
    """`nll`, `tokens` and `greedy` of each problem of an evaluation, in their order; None where it was not measured.

    Raises ValueError where the table is not of the problems beside it.
    """
    if not (folder / GOLD).exists():
        return None
    table = read_table(folder / GOLD, sampled.Gold, ("problem_id", "nll_sum", "num_tokens", "greedy_strict"))
    if table["problem_id"].to_pylist() != read_problems(folder, ("problem_id",))["problem_id"].to_pylist():
        raise ValueError(f"{folder / GOLD} is not of the problems beside it")
    columns = {"nll": "nll_sum", "tokens": "num_tokens", "greedy": "greedy_strict"}
    return {name: table[column].to_pylist() for name, column in columns.items()}


def nll_rows(study: Study, arms: Arms) -> Iterator[dict[str, object]]:
    """Of every arm whose evaluation has gold likelihoods: each regime as a whole and op by op, over all seeds."""
    measured = {name: members for name, members in arms.items() if all(m.nll is not None for m in members)}
    starts = {arm.name: arm.start for arm in study.arms}
    for group in groups_of(measured, each_seed=False):
        start = starts[group.arm]
        for regime, ops in study.regimes.items():
            for op in (None, *ops):
                row = _row(group, measured.get(start, []), regime, op)
                if row is not None:
                    yield row | {"start": start if start in measured else ""}


def _row(group: Group, start: Sequence[Measured], regime: str, op: int | None) -> dict[str, object] | None:
    own, chosen = group.measured, group.measured[0].chosen(regime, op)
    if not chosen.any():
        return None
    names = ("nll", regime, "all" if op is None else str(op))
    estimate = mean_interval(_nll(own, chosen), names=names, bounded=False)
    row: dict[str, object] = {
        "arm": group.arm, "seed": group.seed, "regime": regime, "op": names[2],
        "nll": _cell(estimate.value), "lo": _cell(estimate.lo), "hi": _cell(estimate.hi),
        "per_token": _cell(float(np.mean([m.per_token[chosen].mean() for m in own]))),
        "greedy": _cell(float(np.mean([m.greedy[chosen].mean() for m in own]))),
        "n_problems": estimate.n_problems, "n_seeds": estimate.n_seeds,
    }  # fmt: skip
    if len(start) == len(own):
        change = paired_interval(_nll(start, chosen), _nll(own, chosen), names=names, bounded=False)
        row |= {"change": _cell(change.value), "change_lo": _cell(change.lo), "change_hi": _cell(change.hi)}
    return row


def _nll(members: Sequence[Measured], chosen: Values) -> list[Values]:
    return [m.nll[chosen] for m in members if m.nll is not None]


def _cell(value: float) -> float | str:
    return round(value, 5) if np.isfinite(value) else ""
