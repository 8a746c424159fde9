"""Two evaluations side by side: what changed per regime and k, on the same problems, with intervals.

Each arm is one evaluation, or one per seed. The difference is taken problem by problem, so the spread between easy and
hard problems, most of the error of either arm alone, cancels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from interplay.evals.evaluation import SAME_TEXT, Counts, Evaluation, counts_by_problem, from_table, read_evaluation
from interplay.evals.intervals import mean_interval, paired_interval
from interplay.evals.multiple import holm_within, paired_p_value
from interplay.evals.pass_at_k import default_ks, pass_at_k

Records: TypeAlias = Evaluation | pa.Table | str | Path
ALL = "all"  # the row over every regime, there when regimes are several


def compare(
    records_a: Records | Sequence[Records],
    records_b: Records | Sequence[Records],
    *,
    ks: Sequence[int] | None = None,
    rules: Sequence[str] = ("strict",),
    level: float = 0.95,
) -> list[dict[str, Any]]:
    """One row per regime, rule and k: pass@k of both arms and the paired effect b - a, each with its interval.

    An arm is an evaluation directory, an `Evaluation`, a table of samples, or a sequence of these, one per seed.
    Rows hold `regime, rule, k, n_problems, n_seeds, n_samples_a, n_samples_b, a, a_lo, a_hi, b, b_lo, b_hi, effect,
    lo, hi, p, p_holm`; p_holm is corrected over the rows of one rule. Without ks they are what `default_ks` says of the
    samples that there are; a k that is asked for and is beyond them gives NaN. Raises
    ValueError when the evaluations do not share all problems, when the arms differ in seeds, or a rule is unknown.
    """
    if (ks is not None and not ks) or not rules:
        raise ValueError("nothing to compare: give at least one k and one rule")
    arm_a, arm_b = _arm(records_a, rules), _arm(records_b, rules)
    ks = ks or default_ks(min(fewest_samples(evaluation, rules[0]) for evaluation in (*arm_a, *arm_b)))
    if len(arm_a) != len(arm_b):
        raise ValueError(f"both arms need the same number of seeds, got {len(arm_a)} and {len(arm_b)}")
    first = arm_a[0]
    for other in [*arm_a[1:], *arm_b]:
        _check_same_problems(first, other)
    ids = tuple(first.problems["problem_id"].to_pylist())
    groups = _regimes(first)
    rows = []
    for rule in rules:
        a, b = ([_in_order(counts_by_problem(seed, rule), ids) for seed in arm] for arm in (arm_a, arm_b))
        for regime, members in groups.items():
            of_a, of_b = ([_select(counts, members) for counts in arm] for arm in (a, b))
            rows += [_row(regime, rule, k, of_a, of_b, level) for k in ks]
    return holm_within(rows, ("rule",))


def fewest_samples(evaluation: Evaluation, rule: str = "strict") -> int:
    """The samples of the problem that has fewest."""
    return int(counts_by_problem(evaluation, rule).n.min(initial=2**31))


def format_table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as text, one line each. A star: the interval leaves 0 out and the corrected p-value is below 0.05."""
    head = ("regime", "rule", "k", "problems", "a", "b", "b - a", "interval", "p (Holm)")
    lines = [head]
    for row in rows:
        star = "*" if row["p_holm"] < 0.05 and not row["lo"] <= 0.0 <= row["hi"] else " "
        p_holm = "<0.0001" if row["p_holm"] < 0.0001 else f"{row['p_holm']:.4f}"
        interval = f"[{row['lo']:+.3f}, {row['hi']:+.3f}]"
        lines.append((
            row["regime"], row["rule"], str(row["k"]), str(row["n_problems"]), f"{row['a']:.3f}", f"{row['b']:.3f}",
            f"{row['effect']:+.3f}{star}", interval, p_holm,
        ))  # fmt: skip
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = []
    for line in lines:
        cells = [
            cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        ]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text)


def _arm(records: Records | Sequence[Records], rules: Sequence[str]) -> list[Evaluation]:
    if isinstance(records, (Evaluation, pa.Table, str, Path)):
        records = [records]
    if not records:
        raise ValueError("an arm needs at least one evaluation")
    return [_evaluation(one, rules) for one in records]


def _evaluation(records: Records, rules: Sequence[str]) -> Evaluation:
    if isinstance(records, Evaluation):
        return records
    return from_table(records) if isinstance(records, pa.Table) else read_evaluation(records, rules)


def _check_same_problems(a: Evaluation, b: Evaluation) -> None:
    ids_a, ids_b = a.problems["problem_id"].to_pylist(), b.problems["problem_id"].to_pylist()
    shared = set(ids_a) & set(ids_b)
    if len(shared) < max(len(ids_a), len(ids_b)):
        raise ValueError(
            f"a paired comparison needs the same problems: {a.source} has {len(ids_a)}, {b.source} has {len(ids_b)}, "
            f"{len(shared)} are shared"
        )
    for column in ("regime", *SAME_TEXT):
        if column in a.problems.column_names and column in b.problems.column_names:
            of_b = dict(zip(ids_b, b.problems[column].to_pylist(), strict=True))
            differing = [i for i, v in zip(ids_a, a.problems[column].to_pylist(), strict=True) if of_b[i] != v]
            if differing:
                raise ValueError(
                    f"{len(differing)} problems have one problem_id but another {column} in {a.source} and {b.source}, "
                    f"{differing[0]!r} first"
                )


def _regimes(evaluation: Evaluation) -> dict[str, NDArray[np.int64]]:
    """Indices of the problems in each regime, in order of first appearance, and of all of them."""
    everything = np.arange(evaluation.problems.num_rows)
    if "regime" not in evaluation.problems.column_names:
        return {ALL: everything}
    names = np.array([name or "" for name in evaluation.problems["regime"].to_pylist()], dtype=object)
    groups = {name or ALL: np.flatnonzero(names == name) for name in dict.fromkeys(names)}
    return groups if len(groups) < 2 else {**groups, ALL: everything}


def _in_order(counts: Counts, problem_ids: tuple[str, ...]) -> Counts:
    position = {problem_id: index for index, problem_id in enumerate(counts.problem_ids)}
    return _select(counts, np.array([position[problem_id] for problem_id in problem_ids], dtype=np.int64))


def _select(counts: Counts, indices: NDArray[np.int64]) -> Counts:
    return Counts(tuple(counts.problem_ids[index] for index in indices), counts.n[indices], counts.c[indices])


def _row(regime: str, rule: str, k: int, a: list[Counts], b: list[Counts], level: float) -> dict[str, Any]:
    a_S_P, b_S_P = (np.stack([np.asarray(pass_at_k(seed.n, seed.c, k)) for seed in arm]) for arm in (a, b))
    names = ("compare", regime)  # the same resamples for every rule and k
    alone_a, alone_b = (mean_interval(values, names=names, level=level) for values in (a_S_P, b_S_P))
    effect = paired_interval(a_S_P, b_S_P, names=names, level=level)
    p = math.nan if math.isnan(effect.value) else paired_p_value(a_S_P, b_S_P, names=names)
    return {
        "regime": regime, "rule": rule, "k": k, "n_problems": a_S_P.shape[1], "n_seeds": len(a),
        "n_samples_a": int(sum(seed.n.sum() for seed in a)), "n_samples_b": int(sum(seed.n.sum() for seed in b)),
        "a": alone_a.value, "a_lo": alone_a.lo, "a_hi": alone_a.hi,
        "b": alone_b.value, "b_lo": alone_b.lo, "b_hi": alone_b.hi,
        "effect": effect.value, "lo": effect.lo, "hi": effect.hi, "p": p,
    }  # fmt: skip
