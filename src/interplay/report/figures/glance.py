"""The study at a glance: every arm's pass@1 and pass@K side by side, a row per arm.

The distance from the filled mark to the ring says how much is there to be sharpened; a ring that moves says that something
was added. Rows carry their names, so the figure holds any number of arms.
"""

from __future__ import annotations

import altair as alt

from interplay.report import charts, select, wording
from interplay.report.charts import Figure, Panel, Row
from interplay.report.labelled_rows import APART, ROW, rows_axis
from interplay.report.place import placed
from interplay.report.points import result_row
from interplay.report.records import Records
from interplay.report.theme import MUTED, Styles
from interplay.schema.measured import Result

WIDTH, WIDER = 170, 280


@placed("glance", document="main", rank=1)
def glance(records: Records, styles: Styles) -> Figure | None:
    """A panel per regime, a row per arm: pass@1, pass@K and their intervals."""
    ks = select.ks_of(select.pass_rows(records))
    ends = [ks[0], ks[-1]] if ks else []
    rows = [row for row in select.pass_rows(records) if row.k in ends]
    panels = []
    across = 2 if len(records.study.regimes) in (2, 4) else 0
    for regime, title in select.regimes_of(records).items():
        here = [row for row in rows if row.regime == regime]
        if here:
            panels.append(_panel(title, here, ends, styles, WIDER if across else WIDTH))
    known = {wording.sample_size(row.n_problems, row.n_samples, row.n_seeds) for row in rows}
    caption = (
        f"Share of problems solved, every step checked (strict): the filled mark is pass@{ends[0]}, the ring "
        f"pass@{ends[-1]}; thin lines are 95 % intervals. {'; '.join(sorted(known))} per regime."
        if ends
        else ""
    )
    return charts.figure("glance", "At a glance", caption, panels, across=across)


def _panel(title: str, rows: list[Result], ends: list[int], styles: Styles, width: int) -> Panel:
    labels = [style.label for arm, style in styles.items() if any(row.arm == arm for row in rows)]
    values: list[Row] = [{**result_row(row, styles), "first": row.k == ends[0]} for row in rows]
    top = charts.ceiling(max(row.hi if row.hi is not None else row.value or 0.0 for row in rows))
    scale = alt.Scale(domain=[0, top], nice=False)
    axis = alt.Axis(grid=True, tickCount=4, format="~g", domain=False)
    x = alt.X("value:Q", title=f"● pass@{ends[0]}   ○ pass@{ends[-1]}", scale=scale, axis=axis)
    y, arm = rows_axis(labels), charts.by_arm(styles, legend=False)
    base = alt.Chart().encode(y=y, **arm)
    reach = base.mark_rule(strokeWidth=9, opacity=0.16, aria=False).encode(x="min(value):Q", x2="max(value):Q")
    shape = charts.shape_by_arm(styles, legend=False)
    layers = []
    for first, offset in (
        (False, APART),
        (True, -APART),
    ):  # one above the other, so that their intervals can be told apart
        chosen = "datum.first" if first else "!datum.first"
        bars = base.mark_rule(strokeWidth=1.3, aria=False, yOffset=offset).encode(x=alt.X("lo:Q"), x2="hi:Q")
        marks = base.mark_point(size=54, opacity=1, strokeWidth=1.7, filled=first, yOffset=offset)
        layers += [bars.transform_filter(chosen)]
        layers += [marks.encode(x=x, shape=shape, description="tip:N").transform_filter(chosen)]
    drawn = charts.layered(values, reach, *layers, _numbers(values, labels, y, width))
    return Panel(title, drawn, height=ROW * len(labels), width=width)


def _numbers(values: list[Row], labels: list[str], y: alt.Y, width: int) -> alt.Chart:
    """Both numbers at the end of each row."""
    rows: list[Row] = []
    for label in labels:
        mine = [row for row in values if row["arm"] == label]
        spelled = [wording.decimal(row["value"], 2) for row in sorted(mine, key=lambda row: not row["first"])]
        rows.append({"arm": label, "text": " → ".join(spelled)})
    mark = alt.Chart(charts.inline(rows)).mark_text(align="left", dx=8, fontSize=11, color=MUTED, aria=False)
    made: alt.Chart = mark.encode(y=y, x=alt.value(width), text="text:N")
    return made
