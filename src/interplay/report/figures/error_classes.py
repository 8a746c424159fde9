"""Figures of what goes wrong: first faults, right answers with wrong steps, and groups from which RL learns nothing."""

from __future__ import annotations

from collections import Counter

from interplay.report import charts, select, wording
from interplay.report.charts import Figure, Row
from interplay.report.counts import error_counts
from interplay.report.place import placed
from interplay.report.records import Records
from interplay.report.segments import keys_of, panel_of, segments
from interplay.report.theme import GRID, PARTS, Styles
from interplay.schema.verdicts import NO_ERROR

WIDTH = 215
SHOWN_ERRORS = 7  # more classes than this cannot be told apart; the rest is one part, and the table has them all
RIGHT, OTHER = "strictly right", "other faults"


@placed("errors")
def error_classes(records: Records, styles: Styles) -> Figure | None:
    """Where all samples of an arm went: strictly right, or the first fault; a bar per arm."""
    counts = error_counts(records)
    totals: Counter[str] = Counter()
    bars: Counter[tuple[str, str]] = Counter()
    for (arm, regime, error), count in counts.items():
        totals[error] += count
        bars[arm, regime] += count
    order = sorted((error for error in totals if error != NO_ERROR), key=lambda error: (-totals[error], error))
    shown, rest = order[:SHOWN_ERRORS], order[SHOWN_ERRORS:]
    names = [RIGHT, *map(wording.error_name, shown), *([OTHER] if rest else [])]
    colors = [GRID, *PARTS[: len(shown)], *([PARTS[7]] if rest else [])]
    panels = []
    for regime, title in select.regimes_of(records).items():
        rows: list[Row] = []
        for arm, style in styles.items():
            if total := bars[arm, regime]:
                one, *shares = (counts[arm, regime, error] for error in (NO_ERROR, *shown))
                others = [sum(counts[arm, regime, error] for error in rest)] if rest else []
                rows += segments(style.label, regime, names, [one, *shares, *others], total, "samples")
        if rows:
            panels.append(panel_of(title, rows, names, colors, WIDTH))
    n = "–".join(f"{end:,}" for end in dict.fromkeys((min(bars.values(), default=0), max(bars.values(), default=0))))
    caption = (
        "All samples of each arm by their first fault, as shares (numbers in per cent); strictly right solutions have "
        f"none. {n} samples a bar, all seeds together; counts are under the pointer and in the table."
    )
    across = 2 if len(panels) == 4 else 0
    return charts.figure("error_classes", "Error classes", caption, panels, keys=keys_of(names, colors), across=across)
