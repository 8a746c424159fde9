"""What is solved at each operation count: lines for a few arms, a heat map for many; and how the gold NLL changed."""

from __future__ import annotations

import altair as alt

from interplay.report import charts, select, wording
from interplay.report.charts import Figure, Panel
from interplay.report.heat import HeatCell, columns_for, heat_panel
from interplay.report.place import placed
from interplay.report.points import result_row
from interplay.report.records import Records
from interplay.report.theme import GRID, MUTED, SHADE, Styles
from interplay.schema.measured import Result

OP_WIDTH = 350


@placed("by-op")
def by_op(records: Records, styles: Styles) -> Figure | None:
    """pass@1 and pass@k at the largest k, against op. Regimes that share ops have panels of their own."""
    rows = [row for row in select.pass_rows(records, over_ops=False) if row.op != "all"]
    ks = select.ks_of(rows)
    shown = ks[:1] + ks[1:][-1:]
    many = len({row.arm for row in rows}) > charts.FEW_ARMS
    labels = [styles[arm].label for arm in styles if any(row.arm == arm for row in rows)]
    lanes = select.lanes(records)
    panels = []
    for k in shown:
        here = [row for row in rows if row.k == k]
        if many:
            panels.append(heat_panel(f"pass@{k}", [_cell(row, styles) for row in here], "op"))
            continue
        for lane in lanes:
            title = f"pass@{k}" if len(lanes) == 1 else f"{' and '.join(lane)} · pass@{k}"
            inside = [row for row in here if row.regime in lane]
            if inside:
                panels.append(Panel(title, _op_panel(lane, inside, styles), width=OP_WIDTH))
    how = "" if many else " Bars are 95 % intervals, shading marks the regimes."
    caption = f"Strictly right solutions by operation count; {select.sizes(rows)} per op.{how}"
    if many:
        caption += " Each cell holds the share solved, its colour the same; intervals are under the pointer and in results.csv."
    across = columns_for(panels, labels) if many else 0
    return charts.figure(
        "by_op", "By operation count", caption, panels, () if many else [r.arm for r in rows], (), across
    )


def _cell(row: Result, styles: Styles) -> HeatCell:
    point = result_row(row, styles, f"{row.regime}, op {row.op}")
    value = row.value or 0.0
    return HeatCell(styles[row.arm].label, (row.regime, str(row.op)), wording.decimal(value, 2), value, point["tip"])


def _op_panel(lane: select.Lane, rows: list[Result], styles: Styles) -> alt.LayerChart:
    arms = [arm for arm in styles if any(row.arm == arm for row in rows)]
    spread = min(0.1, 0.5 / max(len(arms), 1))
    values = []
    for row in rows:
        shift = (arms.index(row.arm) - (len(arms) - 1) / 2) * spread
        values.append({**result_row(row, styles, f"op {row.op}"), "x": int(row.op) + shift})
    ops = sorted({int(row.op) for row in rows})
    x = _op_axis("x", ops)
    y = charts.share_axis("share solved", 1.0)
    arm = charts.by_arm(styles)
    low = charts.share_axis("share solved", 1.0, "lo")
    bars = alt.Chart().mark_rule(strokeWidth=1.5, opacity=0.6, aria=False).encode(x=x, y=low, y2="hi:Q", **arm)
    lines = alt.Chart().mark_line(strokeWidth=1.5).encode(x=x, y=y, strokeDash=charts.dash_by_arm(styles), **arm)
    drawn = charts.layered(values, bars, lines, charts.points(styles, x, y))
    return alt.LayerChart(layer=[*_regime_shading(lane, ops), drawn])


def _regime_shading(lane: select.Lane, shown: list[int]) -> list[alt.Chart]:
    """A ground for every regime and its name above; both on the axis of the ops."""
    values = [
        {"from": min(ops) - 0.5, "to": max(ops) + 0.5, "at": (min(ops) + max(ops)) / 2, "name": name, "odd": place % 2}
        for place, (name, ops) in enumerate(lane.items())
        if ops
    ]
    data = charts.inline(values)
    paint = alt.condition("datum.odd", alt.value(GRID), alt.value(SHADE))
    ground = (
        alt.Chart(data).mark_rect(opacity=0.75, aria=False).encode(x=_op_axis("from", shown), x2="to:Q", color=paint)
    )
    names = alt.Chart(data).mark_text(baseline="bottom", dy=-4, color=MUTED, fontSize=11, aria=False)
    return [ground, names.encode(x=_op_axis("at", shown), y=alt.value(0), text="name:N")]


def _op_axis(field: str, ops: list[int]) -> alt.X:
    """The axis of the ops for one field; layers share an axis only when they agree on all of it."""
    scale = alt.Scale(domain=[ops[0] - 0.5, ops[-1] + 0.5], nice=False)
    return alt.X(f"{field}:Q", title="op", scale=scale, axis=alt.Axis(values=ops, format="d"))
