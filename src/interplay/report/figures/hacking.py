"""How often the answer is right though the derivation is not."""

from __future__ import annotations

import altair as alt

from interplay.report import charts, select, wording
from interplay.report.charts import Figure, Panel, Row
from interplay.report.labelled_rows import ROW, rows_axis
from interplay.report.place import placed
from interplay.report.records import Records
from interplay.report.theme import Styles

WIDTH = 215
CLAUSES = {
    "hacked": "a step is false, unsupported or missing",
    "not_strict": "they are not strictly right, shortened derivations among them",
}


@placed("errors", rank=2, heading="Right answer, wrong steps", document="further")
def hacking(records: Records, styles: Styles) -> Figure | None:
    """How often the answer is right though the derivation is not, with intervals: a row per arm."""
    told = {row.metric for row in records.reliability}
    metric = "hacked" if "hacked" in told else "not_strict"  # older records do not tell shortened derivations apart
    rows = [row for row in records.reliability if row.metric == metric and row.value is not None]
    panels = []
    for regime, title in select.regimes_of(records).items():
        values: list[Row] = []
        for row in (row for row in rows if row.regime == regime):
            known = wording.sample_size(row.n_problems, row.n_samples, row.n_seeds)
            number = f"{wording.decimal(row.value)} {wording.interval(row.lo, row.hi)}"
            tip = f"{styles[row.arm].label}, {regime}: {number} of samples; {known}"
            values.append({"arm": styles[row.arm].label, "value": row.value, "lo": row.lo, "hi": row.hi, "tip": tip})
        if values:
            panels.append(Panel(title, _dots(values, styles), height=ROW * len(values), width=WIDTH))
    sizes = sorted({wording.sample_size(row.n_problems, row.n_samples, row.n_seeds) for row in rows})
    caption = (
        f"Share of samples whose answer is right though {CLAUSES[metric]}: what a reward on the answer alone pays for. "
        f"Bars are 95 % intervals; {'; '.join(sizes)} per regime."
        + wording.guessed((row.regime, row.value) for row in records.reliability if row.metric == "guesser")
    )
    across = 2 if len(panels) == 4 else 0
    return charts.figure("hacking", "Right answer, wrong steps", caption, panels, across=across)


def _dots(values: list[Row], styles: Styles) -> alt.LayerChart:
    top = charts.ceiling(max(row["hi"] if row["hi"] is not None else row["value"] for row in values))
    axis = alt.Axis(tickCount=4, format="~g", grid=True, domain=False)
    x = alt.X("value:Q", title="share of samples", axis=axis, scale=alt.Scale(domain=[0, top], nice=False))
    y, arm = rows_axis([row["arm"] for row in values]), charts.by_arm(styles, legend=False)
    shape = charts.shape_by_arm(styles, legend=False)
    bars = alt.Chart().mark_rule(strokeWidth=1.6, aria=False).encode(x=alt.X("lo:Q"), x2="hi:Q", y=y, **arm)
    dots = (
        alt.Chart()
        .mark_point(filled=True, size=62, opacity=1)
        .encode(x=x, y=y, shape=shape, description="tip:N", **arm)
    )
    return charts.layered(values, bars, dots)
