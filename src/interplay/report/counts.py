"""Samples counted by their first fault, added up over the seeds."""

from __future__ import annotations

from interplay.report.records import Records


def error_counts(records: Records) -> dict[tuple[str, str, str], int]:
    """Samples by arm, regime and first fault, added up over the seeds."""
    single = [row for row in records.errors if row.seed != "all"]
    counts: dict[tuple[str, str, str], int] = {}
    for row in single or records.errors:
        key = (row.arm, row.regime, row.error)
        counts[key] = counts.get(key, 0) + row.count
    return counts


def hacked_counts(records: Records) -> dict[tuple[str, str], int]:
    """Samples by arm and regime whose answer is right though their derivation is not, where that was counted."""
    single = [row for row in records.errors if row.seed != "all"]
    counts: dict[tuple[str, str], int] = {}
    for row in single or records.errors:
        if row.hacked is not None:
            counts[row.arm, row.regime] = counts.get((row.arm, row.regime), 0) + row.hacked
    return counts
