"""What a study varied: the values of a factor in order, and how a figure spells them."""

from __future__ import annotations

from interplay.report import wording
from interplay.report.records import Records
from interplay.schema.row import Factor


def levels(records: Records, factor: str) -> list[Factor]:
    """The values of a factor: numbers in order, anything else as the study lists it; none for a study without it."""
    found = list(dict.fromkeys(own[factor] for own in records.factors.values() if factor in own))
    return sorted(found, key=float) if all(isinstance(value, int | float) for value in found) else found


def line_name(by: str, level: Factor) -> str:
    """`budget 1.4M`; a word stands for itself."""
    name = spelled(level)
    return f"{by} {name}" if name[:1].isdigit() else name


def spelled(level: Factor) -> str:
    """A dose as an axis shows it."""
    if isinstance(level, str):
        return level
    return wording.size(level) if abs(level) >= 1e4 else f"{level:g}"
