"""Samples counted by their first fault, added up over the seeds."""

from __future__ import annotations

from interplay.report.records import Records
from interplay.schema.verdicts import NO_ERROR


def error_counts(records: Records) -> dict[tuple[str, str, str], int]:
    """Samples by arm, regime and first fault, added up over the seeds."""
    single = [row for row in records.errors if row.seed != "all"]
    counts: dict[tuple[str, str, str], int] = {}
    for row in single or records.errors:
        key = (row.arm, row.regime, row.error)
        counts[key] = counts.get(key, 0) + row.count
    return counts


def right_counts(records: Records) -> dict[tuple[str, str], int]:
    """Samples by arm and regime whose answer is right though they are not strictly right."""
    single = [row for row in records.errors if row.seed != "all"]
    counts: dict[tuple[str, str], int] = {}
    for row in single or records.errors:
        if row.error != NO_ERROR:
            counts[row.arm, row.regime] = counts.get((row.arm, row.regime), 0) + row.right_answer
    return counts
