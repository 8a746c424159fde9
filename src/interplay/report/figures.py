"""The figures of a report, and those that compare arms by what they solve: pass@k by regime, by op, effects.

Each takes the records and gives a `Figure`, or None where the records hold nothing to draw. Every drawn point says in
words what it is, with interval and n: screen readers read it and the page shows it under the pointer.
"""

from __future__ import annotations

import altair as alt

from interplay.report import charts, dynamics, select, wording
from interplay.report.charts import Figure, Panel, Row
from interplay.report.records import Records, Result
from interplay.report.theme import GRID, INK, MUTED, SHADE, ArmStyle

Styles = dict[str, ArmStyle]
OP_WIDTH = 350


def all_figures(records: Records, styles: Styles) -> list[Figure]:
    """Every figure that the records can give, in reading order."""
    made = (
        pass_at_k(records, styles),
        effects(records, styles),
        by_op(records, styles),
        dynamics.learning(records, styles),
        dynamics.error_classes(records, styles),
    )
    return [figure for figure in made if figure is not None]


def pass_at_k(records: Records, styles: Styles) -> Figure | None:
    """pass@k against k, a panel per regime and a line per arm, with the 95 % interval as a band."""
    rows = select.pass_rows(records)
    panels = []
    for regime, title in select.regimes_of(records).items():
        here = [row for row in rows if row.regime == regime]
        if here:
            panels.append(Panel(title, _pass_panel(here, styles)))
    caption = (
        "Share of problems solved by at least one of k samples, every step checked (strict). Bands are 95 % intervals."
    )
    tops = [
        charts.ceiling(_highest([row for row in rows if row.regime == regime])) for regime in {r.regime for r in rows}
    ]
    if len(set(tops)) > 1:
        caption += " The vertical scales differ."
    return charts.figure("pass_at_k", "pass@k", caption, panels, [row.arm for row in rows])


def _highest(rows: list[Result]) -> float:
    """The highest end of an interval."""
    return max(row.hi if row.hi is not None else row.value or 0.0 for row in rows)


def _pass_panel(rows: list[Result], styles: Styles) -> alt.LayerChart:
    values = [_result_row(row, styles) for row in rows]
    x = charts.log2_axis("k", "k (samples per problem)", select.ks_of(rows))
    arm = charts.by_arm(styles)
    y = charts.share_axis("pass@k", _highest(rows))
    bands = alt.Chart().mark_area(opacity=0.15).encode(x=x, y=alt.Y("lo:Q"), y2="hi:Q", **arm)
    lines = alt.Chart().mark_line(strokeWidth=2).encode(x=x, y=y, strokeDash=charts.dash_by_arm(styles), **arm)
    return charts.layered(values, bands, lines, charts.points(styles, x, y))


def _result_row(row: Result, styles: Styles, place: str | None = None) -> Row:
    known = wording.sample_size(row.n_problems, row.n_samples, row.n_seeds)
    where = place or row.regime
    number = f"{wording.decimal(row.value)} {wording.interval(row.lo, row.hi)}"
    tip = f"{styles[row.arm].label}, {where}: pass@{row.k} {number}; {known}"
    return {"arm": styles[row.arm].label, "k": row.k, "value": row.value, "lo": row.lo, "hi": row.hi, "tip": tip}


def by_op(records: Records, styles: Styles) -> Figure | None:
    """pass@1 and pass@k at the largest k, against op, with the regimes behind."""
    rows = [row for row in select.pass_rows(records, over_ops=False) if row.op != "all"]
    ks = select.ks_of(rows)
    shown = ks[:1] + ks[1:][-1:]
    panels = [
        Panel(f"pass@{k}", _op_panel(records, [r for r in rows if r.k == k], styles), width=OP_WIDTH) for k in shown
    ]
    caption = "Strictly right solutions by operation count; bars are 95 % intervals, shading marks the regimes."
    return charts.figure("by_op", "By operation count", caption, panels, [row.arm for row in rows])


def _op_panel(records: Records, rows: list[Result], styles: Styles) -> alt.LayerChart:
    arms = [arm for arm in styles if any(row.arm == arm for row in rows)]
    spread = min(0.1, 0.5 / max(len(arms), 1))
    values = []
    for row in rows:
        shift = (arms.index(row.arm) - (len(arms) - 1) / 2) * spread
        values.append({**_result_row(row, styles, f"op {row.op}"), "x": int(row.op) + shift})
    ops = sorted({int(row.op) for row in rows})
    x = _op_axis("x", ops)
    y = charts.share_axis("share solved", 1.0)
    arm = charts.by_arm(styles)
    bars = alt.Chart().mark_rule(strokeWidth=1.5, opacity=0.6).encode(x=x, y=alt.Y("lo:Q"), y2="hi:Q", **arm)
    lines = alt.Chart().mark_line(strokeWidth=1.5).encode(x=x, y=y, strokeDash=charts.dash_by_arm(styles), **arm)
    drawn = charts.layered(values, bars, lines, charts.points(styles, x, y))
    return alt.LayerChart(layer=[*_regime_shading(records, ops), drawn])


def _regime_shading(records: Records, shown: list[int]) -> list[alt.Chart]:
    """A ground for every regime and its name above; both on the axis of the ops."""
    known = [(name, ops) for name, ops in records.study.regimes.items() if ops]
    values = [
        {"from": min(ops) - 0.5, "to": max(ops) + 0.5, "at": (min(ops) + max(ops)) / 2, "name": name, "odd": place % 2}
        for place, (name, ops) in enumerate(known)
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


def effects(records: Records, styles: Styles) -> Figure | None:
    """A forest plot of all effects; on the page the same is drawn inside the table."""
    rows: list[Row] = []
    for effect in records.effects:
        if effect.effect is not None:
            rule = "" if effect.rule == "strict" else f" ({effect.rule})"
            name = f"{effect.label} · {effect.regime} · pass@{effect.k}{rule}"
            row = {"name": name, "value": effect.effect, "lo": effect.lo, "hi": effect.hi}
            rows.append({**row, "arm": styles[effect.treatment].label, "tip": name})
    if not rows:
        return None
    y = alt.Y("name:N", sort=None, axis=alt.Axis(title=None, domain=False, ticks=False, labelLimit=420, labelColor=INK))
    x = alt.X("value:Q", title="effect (treatment minus control)")
    arm = charts.by_arm(styles)
    bars = alt.Chart().mark_rule(strokeWidth=2).encode(x=alt.X("lo:Q"), x2="hi:Q", y=y, **arm)
    zero = alt.Chart().mark_rule(color=MUTED, strokeDash=[2, 2]).encode(x=alt.datum(0))
    drawn = charts.layered(rows, zero, bars, charts.points(styles, x, y, size=60))
    panel = Panel("", drawn, height=24 * len({row["name"] for row in rows}))
    treatments = [effect.treatment for effect in records.effects]
    return charts.figure("effects", "Effects", "Effects with 95 % intervals.", [panel], treatments)
