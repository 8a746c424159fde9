"""Figures of what happens on the way: loss, reward, length, and the likelihood of every op's gold on the token grid."""

from __future__ import annotations

import altair as alt

from interplay.report import charts, series, wording
from interplay.report.charts import Figure, Panel, Row
from interplay.report.place import placed
from interplay.report.records import Records
from interplay.report.theme import Styles
from interplay.schema.training import CurvePoint

Curve = list[tuple[float, float]]
LEARNING = (
    ("pretrain", "train/loss", "Pre-training loss"),
    ("midtrain", "train/loss", "Mid-training loss"),
    ("rl", "rl/reward", "RL reward"),
    ("rl", "rl/strict", "Strictly right rollouts"),
    ("rl", "rl/hacked", "Hacked rollouts"),
    ("rl", "rl/not_strict", "Right answer, not strict"),
    ("rl", "rl/length", "Solution length in tokens"),
    ("rl", "rl/silent_wrong", "Silent groups, all wrong"),
    ("rl", "rl/silent_right", "Silent groups, all right"),
)
NUM_BINS, SMOOTH_BINS = 50, 25
LEARNING_WIDTH, NAMED_WIDTH, HEIGHT = 205, 210, 190


@placed("learning")
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
