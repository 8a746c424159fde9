"""pass@k of one evaluation per regime and overall, under every rule side by side, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from interplay.evals.evaluation import Counts, counts_by_problem, read_evaluation
from interplay.evals.intervals import mean_interval
from interplay.evals.pass_at_k import pass_at_k
from interplay.schema.verdicts import RULES


def summarize(folder: Path, ks: Sequence[int], rules: Sequence[str] = tuple(RULES)) -> list[dict[str, object]]:
    """One row per regime (and "all"), rule and k: value, lo, hi, n_problems, n_samples. A k beyond the samples is null."""
    evaluation = read_evaluation(folder)
    regimes = np.array(evaluation.problems["regime"].to_pylist())
    return [row for rule in rules for row in estimates(regimes, counts_by_problem(evaluation, rule), rule, ks)]


def estimates(regimes_P: NDArray[np.str_], counts: Counts, rule: str, ks: Sequence[int]) -> list[dict[str, object]]:
    """The rows of one rule, from its counts and the regime of each problem."""
    rows = []
    for regime in ["all", *dict.fromkeys(regimes_P.tolist())]:
        chosen = np.ones(len(regimes_P), bool) if regime == "all" else regimes_P == regime
        for k in ks:
            values = np.asarray(pass_at_k(counts.n[chosen], counts.c[chosen], k))
            estimate = mean_interval(values, names=("summary", regime), n_samples=int(counts.n[chosen].min()))
            undefined = bool(np.isnan(estimate.value))
            rows.append(
                {"regime": regime, "rule": rule, "k": k}
                | {name: None if undefined else round(getattr(estimate, name), 6) for name in ("value", "lo", "hi")}
                | {"n_problems": estimate.n_problems, "n_samples": estimate.n_samples}
            )
    return rows
