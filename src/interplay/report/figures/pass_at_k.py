"""pass@k against k. A few arms share a panel per regime; many get a panel each, beside the arm they were trained from."""

from __future__ import annotations

import altair as alt

from interplay.report import charts, select, series
from interplay.report.charts import Figure, Key, Panel
from interplay.report.place import placed
from interplay.report.points import result_row
from interplay.report.records import Records
from interplay.report.theme import DASHES, MARKERS, MUTED, Styles
from interplay.schema.measured import Result

SMALL_WIDTH, SMALL_HEIGHT = 175, 140


@placed("pass-at-k")
def pass_at_k(records: Records, styles: Styles) -> Figure | None:
    """pass@k against k (log scale), with the 95 % interval as a band."""
    rows = select.pass_rows(records)
    if len({row.arm for row in rows}) > charts.FEW_ARMS:
        return _by_arm(records, rows, styles)
    panels = []
    for regime, title in select.regimes_of(records).items():
        here = [row for row in rows if row.regime == regime]
        if here:
            panels.append(Panel(title, _regime_panel(here, styles)))
    caption = (
        "Share of problems solved by at least one of k samples, every step checked (strict). Bands are 95 % "
        f"intervals; {select.sizes(rows)} per regime."
    )
    tops = {
        charts.ceiling(highest([row for row in rows if row.regime == regime])) for regime in {r.regime for r in rows}
    }
    if len(tops) > 1:
        caption += " The vertical scales differ."
    return charts.figure("pass_at_k", "pass@k", caption, panels, [row.arm for row in rows])


def highest(rows: list[Result]) -> float:
    """The highest end of an interval."""
    return max(row.hi if row.hi is not None else row.value or 0.0 for row in rows)


def _regime_panel(rows: list[Result], styles: Styles) -> alt.LayerChart:
    values = [result_row(row, styles) for row in rows]
    x = charts.log2_axis("k", "k (samples per problem)", select.ks_of(rows))
    arm = charts.by_arm(styles)
    y = charts.share_axis("pass@k", highest(rows))
    low = charts.share_axis("pass@k", highest(rows), "lo")
    bands = alt.Chart().mark_area(opacity=0.15, aria=False).encode(x=x, y=low, y2="hi:Q", **arm)
    lines = alt.Chart().mark_line(strokeWidth=2).encode(x=x, y=y, strokeDash=charts.dash_by_arm(styles), **arm)
    return charts.layered(values, bands, lines, charts.points(styles, x, y))


def _by_arm(records: Records, rows: list[Result], styles: Styles) -> Figure | None:
    """A panel per arm: its regimes, and in grey those of the arm it was trained from."""
    regimes = [regime for regime in records.study.regimes if any(row.regime == regime for row in rows)]
    panels = []
    for arm, style in styles.items():
        own = [row for row in rows if row.arm == arm]
        before = [row for row in rows if row.arm == records.starts.get(arm)]
        if own:
            chart = _arm_panel(own, before, regimes, styles)
            panels.append(Panel(style.label, chart, height=SMALL_HEIGHT, width=SMALL_WIDTH))
    keys = [*series.series_keys(regimes)]
    caption = (
        "Share of problems solved by at least one of k samples, every step checked (strict), a line per regime. Bands "
        f"are 95 % intervals; {select.sizes(rows)} per regime."
    )
    if records.starts:
        keys.append(Key("the arm it was trained from", MUTED, DASHES[2], MARKERS[0].replace('r="4"', 'r="0"')))
        caption += " Grey: the arm that this one was trained from."
    return charts.figure("pass_at_k", "pass@k", caption, panels, keys=keys)


def _arm_panel(own: list[Result], before: list[Result], regimes: list[str], styles: Styles) -> alt.LayerChart:
    values = [{**result_row(row, styles), "series": row.regime} for row in own]
    ks = select.ks_of(own)
    shown = [k for k in ks if len(ks) <= 5 or k in (ks[0], ks[-1]) or ks.index(k) % 2 == 0]
    x, y = charts.log2_axis("k", "k", ks, shown), charts.share_axis(None, 1.0)
    color, dash, shape = series.series_encoding(regimes)
    base = alt.Chart().encode(x=x, color=color)
    bands = base.mark_area(opacity=0.16, aria=False).encode(y=charts.share_axis(None, 1.0, "lo"), y2="hi:Q")
    lines = base.mark_line(strokeWidth=2).encode(y=y, strokeDash=dash)
    points = base.mark_point(filled=True, size=34, opacity=1).encode(y=y, shape=shape, description="tip:N")
    grey = alt.Chart(charts.inline([{"k": row.k, "value": row.value, "regime": row.regime} for row in before]))
    old = grey.mark_line(color=MUTED, strokeWidth=1.5, strokeDash=[2, 2], aria=False).encode(
        x=x, y=y, detail="regime:N"
    )
    return charts.layered(values, *([old] if before else []), bands, lines, points)
