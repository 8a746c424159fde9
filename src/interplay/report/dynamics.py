"""Figures of what happens on the way: loss, reward, length, and the likelihood of every op's gold on the token grid."""

from __future__ import annotations

import math

import altair as alt

from interplay.report import charts, select, series, wording
from interplay.report.charts import Figure, Panel, Row
from interplay.report.records import Records
from interplay.report.theme import ArmStyle, step_color
from interplay.schema.training import CellPoint, CurvePoint

Styles = dict[str, ArmStyle]
Curve = list[tuple[float, float]]
LEARNING = (
    ("pretrain", "train/loss", "Pre-training loss"),
    ("midtrain", "train/loss", "Mid-training loss"),
    ("rl", "rl/reward", "RL reward"),
    ("rl", "rl/strict", "Strictly right rollouts"),
    ("rl", "rl/hacked", "Right answer, wrong steps"),
    ("rl", "rl/length", "Solution length in tokens"),
    ("rl", "rl/silent_wrong", "Silent groups, all wrong"),
    ("rl", "rl/silent_right", "Silent groups, all right"),
)
NUM_BINS, SMOOTH_BINS = 50, 25
LEARNING_WIDTH, NAMED_WIDTH, HEIGHT = 205, 210, 190


def learning(records: Records, styles: Styles) -> Figure | None:
    """Loss, reward and what RL learns nothing from; thin lines are seeds, thick ones their mean."""
    panels = []
    drawn = {point.arm for point in records.curves}
    for stage, metric, title in LEARNING:
        points = [point for point in records.curves if point.stage == stage and metric in point.values]
        if points:
            named = len({point.arm for point in points}) > charts.FEW_ARMS
            width = NAMED_WIDTH if named else LEARNING_WIDTH
            panels.append(Panel(title, _learning_panel(points, metric, styles, named), height=HEIGHT, width=width))
    many = len(drawn) > charts.FEW_ARMS
    caption = (
        f"Each point is the mean of neighbouring steps (at most {SMOOTH_BINS if many else NUM_BINS} points a curve). "
        + ("Lines are means over the seeds" if many else "Thin lines are single seeds, thick lines their mean")
        + f" ({wording.plural(len(records.study.seeds), 'seed')}); a stage that arms share is drawn once. A group is "
        "silent when all its samples get the same reward: RL learns nothing from it."
    )
    arms = [arm for arm in styles if arm in drawn]
    return charts.figure("learning", "Learning curves", caption, panels, arms, across=3 if many else 0)


def _learning_panel(points: list[CurvePoint], metric: str, styles: Styles, named: bool) -> alt.LayerChart:
    by_tokens = metric == "train/loss" and all(point.tokens is not None for point in points)
    rows: list[Row] = []
    ends: dict[str, float] = {}
    for arm, seeds in _smooth(points, metric, by_tokens, SMOOTH_BINS if named else NUM_BINS).items():
        label = styles[arm].label
        if len(seeds) > 1 and not named:
            rows += [_curve_row(label, f"seed {i}", *point) for i, curve in enumerate(seeds) for point in curve]
        mean = charts.seed_mean(seeds)
        rows += [_curve_row(label, "mean", *point) for point in mean]
        where = f"{wording.size(mean[-1][0])} tokens" if by_tokens else f"step {mean[-1][0]:.0f}"
        end = f"{label}: {wording.decimal(mean[-1][1])} at {where}, {wording.plural(len(seeds), 'seed')}"
        rows[-1] = {**rows[-1], "tip": end}
        ends[label] = mean[-1][1]
    last = max(row["x"] for row in rows)
    axis = alt.Axis(format="~s", tickCount=3) if by_tokens else alt.Axis(format="d", tickCount=5)
    scale = alt.Scale(nice=False, domain=[min(row["x"] for row in rows), last])
    x = alt.X("x:Q", title="tokens" if by_tokens else "step", axis=axis, scale=scale)
    y, low, high, log = _learning_axis(metric, [row["value"] for row in rows])
    arm_color = charts.by_arm(styles)
    lines = alt.Chart().encode(x=x, y=y, detail="line:N", **arm_color)
    thin = lines.mark_line(strokeWidth=1, opacity=0.35, aria=False).transform_filter("datum.line != 'mean'")
    dash = charts.dash_by_arm(styles)
    thick = lines.mark_line(strokeWidth=2, aria=False).transform_filter("datum.line == 'mean'").encode(strokeDash=dash)
    dots = charts.points(styles, x, y).transform_filter("datum.tip != null")
    layers = [thin, thick, dots]
    if named:
        places = series.spread(ends, low, high, HEIGHT, log)
        layers.append(series.end_names(places, x, y, arm_color["color"], last))
    return charts.layered(rows, *layers)


def _smooth(points: list[CurvePoint], metric: str, by_tokens: bool, bins: int) -> dict[str, list[Curve]]:
    """Each arm's curves, one per seed, thinned."""
    curves: dict[tuple[str, str], Curve] = {}
    for point in points:
        at = point.tokens if by_tokens and point.tokens is not None else float(point.step)
        curves.setdefault((point.arm, str(point.seed)), []).append((at, point.values[metric]))
    found: dict[str, list[Curve]] = {}
    for (arm, _), curve in curves.items():
        found.setdefault(arm, []).append(charts.binned(curve, bins))
    return found


def _learning_axis(metric: str, values: list[float]) -> tuple[alt.Y, float, float, bool]:
    """The axis with its ends: a loss is logarithmic; shares begin at zero; anything else lies where it lies."""
    low, high = min(values), max(values)
    if metric == "train/loss" and low > 0:
        return (*charts.log10_axis("nats per token", low, high), True)
    if metric != "rl/length" and low >= 0 and high <= 1:
        return charts.share_axis(None, high), 0.0, charts.ceiling(high), False
    room = 0.05 * (high - low) or 1.0
    scale = alt.Scale(domain=[low - room, high + room], nice=False)
    axis = alt.Axis(tickCount=4, format="~g", minExtent=30)
    return alt.Y("value:Q", title=None, scale=scale, axis=axis), low - room, high + room, False


def _curve_row(arm: str, line: str, x: float, value: float) -> Row:
    return {"arm": arm, "line": line, "x": x, "value": round(value, 6), "tip": None}


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
    return charts.figure("cells", "When each op is learned", caption, panels)


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
