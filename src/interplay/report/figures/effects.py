"""Figures of effects: a forest of intervals, and for many effects a matrix that is read at first sight."""

from __future__ import annotations

import altair as alt

from interplay.report import charts, wording
from interplay.report.charts import Figure, Panel, Row
from interplay.report.contrasts import COLOURS, MANY_EFFECTS, improvement, measure, on_gains, paint, pair, sides, where
from interplay.report.heat import HeatCell, heat_panel
from interplay.report.place import placed
from interplay.report.records import Records
from interplay.report.theme import INK, MUTED, Styles
from interplay.schema.measured import Effect


@placed("effects", rank=2, on_page=False)
def forest(records: Records, styles: Styles) -> Figure | None:
    """A forest plot of all effects; on the page the same is drawn inside the table."""
    rows: list[Row] = []
    for effect in records.effects:
        if effect.effect is not None:
            name = f"{effect.label} · {where(effect)} · {measure(effect)}"
            row = {"name": name, "value": effect.effect, "lo": effect.lo, "hi": effect.hi}
            rows.append({**row, "paint": paint(effect), "tip": name})
    if not rows:
        return None
    y = alt.Y("name:N", sort=None, axis=alt.Axis(title=None, domain=False, ticks=False, labelLimit=420, labelColor=INK))
    x = alt.X("value:Q", title="effect (treatment minus control)")
    color = alt.Color("paint:N", scale=None, legend=None)
    bars = alt.Chart().mark_rule(strokeWidth=2).encode(x=alt.X("lo:Q"), x2="hi:Q", y=y, color=color)
    zero = alt.Chart().mark_rule(color=MUTED, strokeDash=[2, 2]).encode(x=alt.datum(0))
    dots = alt.Chart().mark_point(filled=True, size=60, opacity=1)
    drawn = charts.layered(rows, zero, bars, dots.encode(x=x, y=y, color=color, description="tip:N"))
    panel = Panel("", drawn, height=24 * len({row["name"] for row in rows}))
    return charts.figure(
        "effects", "Effects", f"Effects with 95 % intervals. {COLOURS}{on_gains(records.effects)}", [panel]
    )


@placed("effects")
def matrix(records: Records, styles: Styles) -> Figure | None:
    """Every effect as a cell: a row per pair of arms, a column per regime and k. Only where there are many."""
    found = [effect for effect in records.effects if effect.effect is not None]
    if len(found) <= MANY_EFFECTS:
        return None
    largest = max(abs(effect.effect or 0.0) for effect in found) or 1.0
    order = list(records.study.regimes)
    found.sort(key=lambda effect: order.index(effect.regime) if effect.regime in order else len(order))
    rows = list(dict.fromkeys(pair(effect, styles) for effect in records.effects))
    cells = [_cell(effect, largest, styles) for effect in found]
    cells.sort(key=lambda cell: rows.index(cell.row))
    columns = list(dict.fromkeys((where(effect), f"@{effect.k}") for effect in found))
    cells.sort(key=lambda cell: (rows.index(cell.row), columns.index(cell.column)))
    known = sorted({wording.sample_size(e.n_problems, e.n_samples, e.n_seeds) for e in found})
    caption = (
        "Difference in pass@k, paired by problem; blue is better, orange worse (a fall of hacking is better),"
        " grey numbers have a 95 % interval that "
        f"holds zero (intervals are under the pointer and in the table). {'; '.join(known)}.{on_gains(found)}"
    )
    return charts.figure("effects_matrix", "Effects", caption, [heat_panel("", cells, "pass")], across=1)


def _cell(effect: Effect, largest: float, styles: Styles) -> HeatCell:
    value = effect.effect or 0.0
    ends = wording.interval(effect.lo, effect.hi, sign=True)
    known = wording.sample_size(effect.n_problems, effect.n_samples, effect.n_seeds)
    tip = f"{sides(effect, styles)}, {where(effect)}: {measure(effect)} {wording.signed(value)} {ends}; {known}"
    sure = effect.lo is not None and effect.hi is not None and not effect.lo <= 0 <= effect.hi
    column = (where(effect), f"@{effect.k}")
    return HeatCell(pair(effect, styles), column, wording.signed(value, 2), improvement(effect) / largest, tip, sure)
