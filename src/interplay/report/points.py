"""A measured row as a drawn point, with what it says under the pointer: the number, its interval and n."""

from __future__ import annotations

from interplay.report import wording
from interplay.report.charts import Row
from interplay.report.theme import Styles
from interplay.schema.measured import Result


def result_row(row: Result, styles: Styles, place: str | None = None) -> Row:
    """A row of results as a drawn point, with what it says under the pointer."""
    known = wording.sample_size(row.n_problems, row.n_samples, row.n_seeds)
    number = f"{wording.decimal(row.value)} {wording.interval(row.lo, row.hi)}"
    tip = f"{styles[row.arm].label}, {place or row.regime}: pass@{row.k} {number}; {known}"
    return {"arm": styles[row.arm].label, "k": row.k, "value": row.value, "lo": row.lo, "hi": row.hi, "tip": tip}
