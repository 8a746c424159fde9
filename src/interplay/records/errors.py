"""errors.csv: first faults per arm, seed and regime, and how many right answers came with a wrong derivation."""

from __future__ import annotations

from collections import Counter
from typing import Any

from interplay.evals.records import read_samples
from interplay.records.measured import Measured
from interplay.schema.verdicts import NO_ERROR


def error_rows(measured: Measured) -> list[dict[str, Any]]:
    """One row per regime and first fault; "none" for solutions that are strictly right."""
    samples = read_samples(measured.arm.evaluation.folder, ("problem_id", "error", "strict", "answer_correct"))
    regime_of = measured.regime_of_problem()
    counts: Counter[tuple[str, str]] = Counter()
    hacked: Counter[tuple[str, str]] = Counter()
    totals: Counter[str] = Counter()
    for problem, error, strict, right in zip(*samples.to_pydict().values(), strict=True):
        key = (regime_of[problem], error or NO_ERROR)
        counts[key] += 1
        totals[key[0]] += 1
        hacked[key] += right and not strict
    return [
        {
            "arm": measured.arm.name, "seed": measured.arm.seed, "regime": regime, "error": error, "count": count,
            "share": round(count / totals[regime], 6), "hacked": hacked[regime, error],
        }
        for (regime, error), count in sorted(counts.items())
    ]  # fmt: skip
