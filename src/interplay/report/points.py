"""A measured row as a drawn point, with what it says under the pointer: the number, its interval and n."""

from __future__ import annotations

from interplay.report import wording
from interplay.report.charts import Row
from interplay.report.theme import Styles
from interplay.schema.measured import Result


def result_row(row: Result, styles: Styles, place: str | None = None) -> Row:
    """A row of results as a drawn point, with what it says under the pointer."""
    tip = f"{styles[row.arm].label}, {place or row.regime}: {pass_at(row)}"
    return {"arm": styles[row.arm].label, "k": row.k, "value": row.value, "lo": row.lo, "hi": row.hi, "tip": tip}


def pass_at(row: Result) -> str:
    """`pass@8 0.612 [0.580, 0.640]; 200 problems × 16 samples, 3 seeds`."""
    known = wording.sample_size(row.n_problems, row.n_samples, row.n_seeds)
    return f"pass@{row.k} {wording.decimal(row.value)} {wording.interval(row.lo, row.hi)}; {known}"
