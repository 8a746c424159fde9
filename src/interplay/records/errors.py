"""errors.csv and outcomes.csv: samples per arm, seed and regime by their first fault, and by what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from interplay.records.evaluated import Evaluated
from interplay.schema.verdicts import NO_ERROR
from interplay.studies.study import Arm
from interplay.world.verify import OUTCOMES


def error_rows(found: Evaluated) -> list[dict[str, object]]:
    """One row per regime and first fault; "none" for solutions that are strictly right."""
    counts: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for regime, error, answer_correct in found.samples("error", "answer_correct"):
        counts[regime, error or NO_ERROR] += 1
        right[regime, error or NO_ERROR] += answer_correct
    return _rows(found.arm, "error", counts, sorted(counts), {"right_answer": right})


def outcome_rows(found: Evaluated, guesses: Mapping[str, float]) -> list[dict[str, object]]:
    """One row per regime and outcome that occurs, in the verifier's order; beside it what guessing reaches in the regime."""
    counts = Counter((regime, outcome) for regime, outcome in found.samples("outcome"))
    order = sorted(counts, key=lambda key: (key[0], OUTCOMES.index(key[1])))
    rows = _rows(found.arm, "outcome", counts, order, {})
    return [row | {"guess": guesses.get(row["regime"], "")} for row in rows]


def _rows(
    arm: Arm,
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
            "arm": arm.name, "seed": arm.seed, "regime": regime, kind: name,
            "count": counts[regime, name], "share": round(counts[regime, name] / totals[regime], 6),
        } | {column: found[regime, name] for column, found in others.items()}
        for regime, name in order
    ]  # fmt: skip
