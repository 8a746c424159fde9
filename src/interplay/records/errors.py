"""errors.csv and outcomes.csv: samples per arm, seed and regime by their first fault, and by what became of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from interplay.evals.evaluation import read_samples
from interplay.records.measured import Measured
from interplay.schema.verdicts import NO_ERROR
from interplay.world.verify import OUTCOMES


def error_rows(measured: Measured) -> list[dict[str, Any]]:
    """One row per regime and first fault; "none" for solutions that are strictly right."""
    counts: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for regime, error, answer_correct in _samples(measured, "error", "answer_correct"):
        counts[regime, error or NO_ERROR] += 1
        right[regime, error or NO_ERROR] += answer_correct
    return _rows(measured, "error", counts, sorted(counts), {"right_answer": right})


def outcome_rows(measured: Measured) -> list[dict[str, Any]]:
    """One row per regime and outcome that occurs, in the verifier's order."""
    counts = Counter((regime, outcome) for regime, outcome in _samples(measured, "outcome"))
    order = sorted(counts, key=lambda key: (key[0], OUTCOMES.index(key[1])))
    return _rows(measured, "outcome", counts, order, {})


def _samples(measured: Measured, *columns: str) -> list[tuple[Any, ...]]:
    """The regime of every sample, and what these columns say of it."""
    regime_of = measured.regime_of_problem()
    table = read_samples(measured.arm.evaluation.folder, ("problem_id", *columns)).to_pydict()
    return [(regime_of[problem], *cells) for problem, *cells in zip(*table.values(), strict=True)]


def _rows(
    measured: Measured,
    kind: str,
    counts: Counter[tuple[str, str]],
    order: list[tuple[str, str]],
    others: dict[str, Counter[tuple[str, str]]],
) -> list[dict[str, Any]]:
    totals: Counter[str] = Counter()
    for (regime, _), count in counts.items():
        totals[regime] += count
    return [
        {
            "arm": measured.arm.name, "seed": measured.arm.seed, "regime": regime, kind: name,
            "count": counts[regime, name], "share": round(counts[regime, name] / totals[regime], 6),
        } | {column: found[regime, name] for column, found in others.items()}
        for regime, name in order
    ]  # fmt: skip
