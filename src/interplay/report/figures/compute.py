"""What each arm cost after pre-training, by two counts, and what it could do for that."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from interplay.report import charts, select, series, wording
from interplay.report.charts import Figure, Panel, Row
from interplay.report.costs import AFTER, Spent, spent
from interplay.report.factors import levels, line_name, spelled
from interplay.report.labelled_rows import APART, ROW, rows_axis
from interplay.report.place import placed
from interplay.report.points import pass_at
from interplay.report.records import Records
from interplay.report.theme import Styles
from interplay.schema.measured import Result

UNITS = ((1e18, "EFLOPs"), (1e15, "PFLOPs"), (1e12, "TFLOPs"), (1e9, "GFLOPs"))
ROWS_WIDTH, WIDTH, HEIGHT = 300, 200, 180


@placed("trained", heading="What it took", document="further")
def compute(records: Records, styles: Styles) -> Figure | None:
    """A row per arm that was trained further, with both counts."""
    costs = {arm: cost for arm, cost in spent(records).items() if cost.measured}
    if not costs:
        return None
    chart = _panel_of_rows(costs, styles)
    caption = (
        "FLOPs of mid-training and RL: the filled mark was counted from what was computed, the ring is the nominal count of "
        f"papers; means over {wording.plural(len(records.study.seeds), 'seed')}."
    )
    return charts.figure("compute", "Compute", caption, [Panel("", chart, height=ROW * len(costs), width=ROWS_WIDTH)])


@placed("trained", rank=1, document="further")
def compute_dose(records: Records, styles: Styles) -> Figure | None:
    """Accuracy against the measured count, regimes across, pass@1 and pass@K down; where a budget is divided."""
    x, by, costs = records.study.x, records.study.by, spent(records)
    dosed = {arm: costs[arm] for arm, own in records.factors.items() if x in own and costs[arm].measured}
    lines = [line_name(by, level) for level in levels(records, by)] or ["all"]
    found = [row for row in select.pass_rows(records) if row.arm in dosed]
    kinds = {
        records.study.stages[address].kind for arm in records.study.arms if arm.arm in dosed for address in arm.stages
    }
    if not found or not kinds.issuperset(AFTER):
        return None
    panels = []
    for k in dict.fromkeys(select.ks_of(found)[index] for index in (0, -1)):
        for regime, title in select.regimes_of(records).items():
            here = [row for row in found if row.regime == regime and row.k == k]
            chart = _panel_of_dose(records, here, dosed, lines)
            panels.append(Panel(f"{title} · pass@{k}", chart, height=HEIGHT, width=WIDTH))
    caption = (
        f"Share of problems solved, every step checked (strict), against the FLOPs that were computed after pre-training; the "
        f"numbers are the {x}. Bars are 95 % intervals; {select.sizes(found)} per regime."
    )
    keys = series.series_keys(lines) if lines != ["all"] else ()
    across = min(len(records.study.regimes), 4)
    return charts.figure("compute_dose", "Against compute", caption, panels, (), keys, across)


def _unit(costs: dict[str, Spent]) -> tuple[float, str]:
    largest = max(max(cost.nominal, cost.measured) for cost in costs.values())
    return next(((size, name) for size, name in UNITS if largest >= size), (1.0, "FLOPs"))


def _panel_of_rows(costs: dict[str, Spent], styles: Styles) -> alt.LayerChart:
    divisor, unit = _unit(costs)
    labels = [styles[arm].label for arm in costs]
    values: list[Row] = []
    for name, cost in costs.items():
        tip = (
            f"{styles[name].label}: {wording.size(cost.measured)} FLOPs measured, {wording.size(cost.nominal)} nominal"
        )
        for measured, flops in ((False, cost.nominal), (True, cost.measured)):
            values.append({"arm": styles[name].label, "x": flops / divisor, "measured": measured, "tip": tip})
    top = 1.06 * max(row["x"] for row in values)
    axis = alt.Axis(tickCount=5, format="~f", grid=True, domain=False)
    x = alt.X("x:Q", title=f"{unit}   ● measured   ○ nominal", axis=axis, scale=alt.Scale(domain=[0, top], nice=False))
    y, arm = rows_axis(labels), charts.by_arm(styles, legend=False)
    shape = charts.shape_by_arm(styles, legend=False)
    layers = []
    for measured, offset in ((False, APART), (True, -APART)):
        marks = alt.Chart().mark_point(size=54, opacity=1, strokeWidth=1.7, filled=measured, yOffset=offset)
        chosen = "datum.measured" if measured else "!datum.measured"
        layers.append(marks.encode(x=x, y=y, shape=shape, description="tip:N", **arm).transform_filter(chosen))
    return charts.layered(values, *layers)


def _panel_of_dose(
    records: Records, rows: list[Result], costs: dict[str, Spent], lines: Sequence[str]
) -> alt.LayerChart:
    x_name, by = records.study.x, records.study.by
    divisor, unit = _unit(costs)
    values: list[Row] = []
    for row in rows:
        own = records.factors[row.arm]
        dose = spelled(own[x_name])
        tip = f"{records.arms[row.arm]}: {wording.size(costs[row.arm].measured)} FLOPs, {pass_at(row)}"
        line = line_name(by, own[by]) if by in own else lines[0]
        point = {"series": line, "x": costs[row.arm].measured / divisor, "dose": dose, "tip": tip}
        values.append({**point, "value": row.value, "lo": row.lo, "hi": row.hi})
    top = max(row["hi"] if row["hi"] is not None else row["value"] for row in values)
    end = 1.12 * max(cost.measured for cost in costs.values()) / divisor
    axis = alt.Axis(tickCount=4, format="~f")
    x = alt.X("x:Q", title=f"{unit}, measured", axis=axis, scale=alt.Scale(domain=[0, end], nice=False))
    y, low = charts.share_axis("share solved", top), charts.share_axis("share solved", top, "lo")
    color, _, shape = series.series_encoding(lines)
    base = alt.Chart().encode(color=color)
    bars = base.mark_rule(strokeWidth=1.5, opacity=0.6, aria=False).encode(x=x, y=low, y2="hi:Q")
    points = base.mark_point(filled=True, size=52, opacity=1).encode(x=x, y=y, shape=shape, description="tip:N")
    names = base.mark_text(align="left", dx=6, dy=-6, fontSize=10, aria=False).encode(x=x, y=y, text="dose:N")
    return charts.layered(values, bars, points, names)
