"""Samples counted by their first fault, added up over the seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from interplay.report.records import Records
from interplay.schema.measured import ErrorCount
from interplay.schema.verdicts import NO_ERROR


def error_counts(records: Records) -> Counter[tuple[str, str, str]]:
    """Samples by arm, regime and first fault, added up over the seeds."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in _of_seeds(records):
        counts[row.arm, row.regime, row.error] += row.count
    return counts


def right_counts(records: Records) -> Counter[tuple[str, str]]:
    """Samples by arm and regime whose answer is right though they are not strictly right."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in _of_seeds(records):
        if row.error != NO_ERROR:
            counts[row.arm, row.regime] += row.right_answer
    return counts


def _of_seeds(records: Records) -> Sequence[ErrorCount]:
    """The rows of single seeds; where there are none, all."""
    return [row for row in records.errors if row.seed != "all"] or records.errors
