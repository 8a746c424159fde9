"""Figures of what goes wrong: first faults, right answers with wrong steps, and groups from which RL learns nothing."""

from __future__ import annotations

from interplay.report import charts, select, wording
from interplay.report.charts import Figure, Key, Panel, Row
from interplay.report.counts import error_counts
from interplay.report.labelled_rows import ROW
from interplay.report.place import placed
from interplay.report.records import Records
from interplay.report.segments import BLOCK, bars_of, segments
from interplay.report.theme import GRID, PARTS, Styles

WIDTH = 215
SHOWN_ERRORS = 7  # more classes than this cannot be told apart; the rest is one part, and the table has them all
RIGHT, OTHER = "strictly right", "other faults"


@placed("errors")
def error_classes(records: Records, styles: Styles) -> Figure | None:
    """Where all samples of an arm went: strictly right, or the first fault; a bar per arm."""
    counts = error_counts(records)
    totals: dict[str, int] = {}
    for (_, _, error), count in counts.items():
        totals[error] = totals.get(error, 0) + count
    order = sorted((error for error in totals if error != "none"), key=lambda error: (-totals[error], error))
    shown, rest = order[:SHOWN_ERRORS], order[SHOWN_ERRORS:]
    names = [RIGHT, *map(wording.error_name, shown), *([OTHER] if rest else [])]
    colors = [GRID, *PARTS[: len(shown)], *([PARTS[7]] if rest else [])]
    panels = []
    for regime, title in select.regimes_of(records).items():
        rows: list[Row] = []
        for arm, style in styles.items():
            own = {error: n for (a, r, error), n in counts.items() if (a, r) == (arm, regime)}
            total = sum(own.values())
            if total:
                parts = [own.get("none", 0), *(own.get(e, 0) for e in shown), sum(own.get(e, 0) for e in rest)]
                rows += segments(style.label, regime, names, parts[: len(names)], total, "samples")
        if rows:
            panels.append(
                Panel(title, bars_of(rows, names, colors), height=ROW * len({r["arm"] for r in rows}), width=WIDTH)
            )
    keys = [Key(name, color, marker=BLOCK, line=False) for name, color in zip(names, colors, strict=True)]
    bars: dict[tuple[str, str], int] = {}
    for (arm, regime, _), count in counts.items():
        bars[arm, regime] = bars.get((arm, regime), 0) + count
    n = "–".join(f"{end:,}" for end in dict.fromkeys((min(bars.values(), default=0), max(bars.values(), default=0))))
    caption = (
        "All samples of each arm by their first fault, as shares (numbers in per cent); strictly right solutions have "
        f"none. {n} samples a bar, all seeds together; counts are under the pointer and in the table."
    )
    across = 2 if len(panels) == 4 else 0
    return charts.figure("error_classes", "Error classes", caption, panels, keys=keys, across=across)
