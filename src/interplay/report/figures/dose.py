"""Response to a dose: pass@1 and pass@K of every regime against what the study varied, a line per second factor."""

from __future__ import annotations

import altair as alt

from interplay.report import charts, select, series
from interplay.report.charts import Figure, Panel, Row
from interplay.report.factors import levels, line_name, spelled
from interplay.report.place import placed
from interplay.report.points import result_row
from interplay.report.records import Records
from interplay.report.theme import MUTED, Styles
from interplay.schema.measured import Result
from interplay.schema.row import Factor

WIDTH, HEIGHT = 200, 170


@placed("dose", document="main")
def dose(records: Records, styles: Styles) -> Figure | None:
    """A row of regimes for pass@1, and one for pass@K; arms without the factor are grey lines to compare with."""
    x, by = records.study.x, records.study.by
    rows = select.pass_rows(records)
    doses = levels(records, x)
    if not x or len(doses) < 2 or not rows:
        return None
    ks = select.ks_of(rows)
    lines = levels(records, by) if by else []
    panels = []
    regimes = [regime for regime in records.study.regimes if any(row.regime == regime for row in rows)]
    for k in dict.fromkeys((ks[0], ks[-1])):
        for regime in regimes:
            here = [row for row in rows if row.k == k and row.regime == regime]
            chart = _panel(records, here, doses, lines, styles)
            panels.append(Panel(f"{select.regimes_of(records)[regime]} · pass@{k}", chart, height=HEIGHT, width=WIDTH))
    names = [line_name(by, level) for level in lines]
    caption = (
        f"Share of problems solved, every step checked (strict), against {x}"
        + (f", a line per {by}" if by else "")
        + f". Bars are 95 % intervals; {select.sizes(rows)} per regime."
    )
    if _without(records, x):
        caption += " Grey dashes: " + ", ".join(records.arms[arm] for arm in _without(records, x)) + "."
    keys = series.series_keys(names) if names else ()
    return charts.figure("dose", f"Against {x}", caption, panels, (), keys, min(len(regimes), 4))


def _without(records: Records, factor: str) -> list[str]:
    return [arm for arm, own in records.factors.items() if factor not in own]


def _panel(
    records: Records, rows: list[Result], doses: list[Factor], lines: list[Factor], styles: Styles
) -> alt.LayerChart:
    x, by = records.study.x, records.study.by
    names = [line_name(by, level) for level in lines] or ["all"]
    spread = min(0.12, 0.5 / len(names))
    values: list[Row] = []
    flat: list[Row] = []
    for row in rows:
        own = records.factors[row.arm]
        point = result_row(row, styles)
        if x not in own:
            flat.append(point)
            continue
        for place in _lines_of(own, by, lines):
            shift = (place - (len(names) - 1) / 2) * spread
            values.append({**point, "series": names[place], "x": doses.index(own[x]) + shift})
    return _drawn(values, flat, names, doses, x)


def _lines_of(own: dict[str, Factor], by: str, lines: list[Factor]) -> list[int]:
    """The lines an arm is on: one, or all of them where it does not depend on the second factor."""
    if not by:
        return [0]
    return [lines.index(own[by])] if by in own else list(range(len(lines)))


def _drawn(values: list[Row], flat: list[Row], names: list[str], doses: list[Factor], title: str) -> alt.LayerChart:
    spelled_doses = "[" + ",".join("'" + spelled(d).replace("\\", "").replace("'", "’") + "'" for d in doses) + "]"
    axis = alt.Axis(values=list(range(len(doses))), labelExpr=f"{spelled_doses}[datum.value]", labelLimit=90)
    scale = alt.Scale(domain=[-0.4, len(doses) - 0.6], nice=False)
    x = alt.X("x:Q", title=title, scale=scale, axis=axis)
    top = max([row["hi"] if row["hi"] is not None else row["value"] for row in values] + [r["value"] for r in flat])
    y = charts.share_axis("share solved", top)
    color, dash, shape = series.series_encoding(names)
    base = alt.Chart().encode(color=color)
    low = charts.share_axis("share solved", top, "lo")
    bars = base.mark_rule(strokeWidth=1.5, opacity=0.6, aria=False).encode(x=x, y=low, y2="hi:Q")
    lines = base.mark_line(strokeWidth=2).encode(x=x, y=y, strokeDash=dash)
    points = base.mark_point(filled=True, size=52, opacity=1).encode(x=x, y=y, shape=shape, description="tip:N")
    reference = alt.Chart(charts.inline(flat)).mark_rule(color=MUTED, strokeWidth=1.5, strokeDash=[5, 3])
    grey = [reference.encode(y=y, description="tip:N")] if flat else []
    return charts.layered(values, *grey, bars, lines, points)
