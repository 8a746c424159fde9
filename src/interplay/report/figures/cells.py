"""When each op is learned: NLL of the gold solutions over training, a panel per stage that was measured."""

from __future__ import annotations

import math
from dataclasses import replace

import altair as alt

from interplay.report import charts, select, series, wording
from interplay.report.charts import Figure, Panel, Row
from interplay.report.place import placed
from interplay.report.records import Records
from interplay.report.theme import Styles, step_color
from interplay.schema.training import CellPoint

HEIGHT = 190
MANY_PANELS = 8


@placed("learning", rank=1, heading="When each op is learned", document="curves")
def cells(records: Records, styles: Styles) -> Figure | None:
    """NLL of the gold solutions of every op over training, a panel per stage that was measured."""
    stages = list(dict.fromkeys((point.arm, point.stage) for point in records.cells))
    by_context = len(select.lanes(records)) > 1
    values = [p.solution_nll for p in records.cells if p.solution_nll is not None and p.solution_nll > 0]
    panels = []
    for arm, stage in stages:
        own = [point for point in records.cells if (point.arm, point.stage) == (arm, stage)]
        contexts = list(dict.fromkeys(_context(point) for point in own)) if by_context else [""]
        for context in contexts:
            here = [point for point in own if not context or _context(point) == context]
            if len({point.tokens for point in here}) > 1 and values:
                title = f"{styles[arm].label} · {wording.STAGES.get(stage, stage).lower()}{context and f' · {context}'}"
                panels.append(Panel(title, _cell_panel(here, min(values), max(values)), height=HEIGHT, width=225))
    problems = sorted({point.problems for point in records.cells if point.problems})
    n = "–".join(str(end) for end in dict.fromkeys((problems[0], problems[-1]))) if problems else wording.DASH
    caption = (
        f"Mean NLL of the gold solutions of unseen problems, a line per op, measured on the token grid ({n} problems "
        f"per cell, mean over {wording.plural(len(records.study.seeds), 'seed')}; no intervals were computed)."
    )
    made = charts.figure("cells", "When each op is learned", caption, panels)
    return made and replace(made, folded=f"All {len(panels)} stages" if len(panels) > MANY_PANELS else "")


def _context(point: CellPoint) -> str:
    return point.cell.split("/")[1] if "/" in point.cell else point.cell


def _cell_panel(points: list[CellPoint], lowest: float, highest: float) -> alt.LayerChart:
    sums: dict[tuple[int, float], list[float]] = {}
    for point in points:
        if point.solution_nll is not None and point.solution_nll > 0:
            sums.setdefault((point.op, point.tokens), []).append(point.solution_nll)
    ops = sorted({op for op, _ in sums})
    names = [f"op {op}" for op in ops]
    rows: list[Row] = []
    for (op, tokens), values in sorted(sums.items()):
        mean = math.fsum(values) / len(values)
        tip = f"op {op} at {wording.size(tokens)} tokens: {wording.decimal(mean, 2)} nats per gold solution"
        rows.append({"series": f"op {op}", "x": tokens, "value": round(mean, 5), "tip": tip})
    last = max(row["x"] for row in rows)
    ends = {row["series"]: row["value"] for row in rows if row["x"] == last}
    color = charts.painted("series", names, [step_color(i, len(ops)) for i in range(len(ops))], legend=False)
    scale = alt.Scale(nice=False, domain=[0, last])
    x = alt.X("x:Q", title="tokens", axis=alt.Axis(format="~s", tickCount=3), scale=scale)
    y, low, high = charts.log10_axis("nats per solution", lowest, highest)
    base = alt.Chart().encode(x=x, y=y, color=color)
    lines = base.mark_line(strokeWidth=2, aria=False)
    dots = base.mark_point(filled=True, size=26, opacity=1).encode(description="tip:N")
    named = series.end_names(series.spread(ends, low, high, HEIGHT, log=True), x, y, color, last)
    return charts.layered(rows, lines, dots, named)
