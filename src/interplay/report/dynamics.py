"""Figures of what happens on the way: learning curves of loss and reward, and the faults that remain at the end."""

from __future__ import annotations

import altair as alt

from interplay.report import charts, select, wording
from interplay.report.charts import Figure, Panel, Row
from interplay.report.records import CurvePoint, Records
from interplay.report.theme import MUTED, ArmStyle

Styles = dict[str, ArmStyle]
LEARNING = (
    ("pretrain", "train/loss", "Pre-training loss"),
    ("midtrain", "train/loss", "Mid-training loss"),
    ("rl", "rl/reward", "RL reward"),
    ("rl", "rl/strict", "Strictly right rollouts"),
    ("rl", "rl/silent_wrong", "Silent groups, all wrong"),
    ("rl", "rl/silent_right", "Silent groups, all right"),
    ("rl", "rl/hacked", "Right answer, wrong steps"),
    ("rl", "rl/length", "Solution length in tokens"),
)
NUM_BINS = 60
LEARNING_WIDTH, ERROR_WIDTH = 235, 220


def learning(records: Records, styles: Styles) -> Figure | None:
    """Loss, reward and what RL learns nothing from; thin lines are seeds, thick ones their mean."""
    panels = []
    for stage, metric, title in LEARNING:
        points = [point for point in records.curves if point.stage == stage and metric in point.values]
        if points:
            panels.append(Panel(title, _learning_panel(points, metric, styles), height=170, width=LEARNING_WIDTH))
    caption = (
        f"Each point is the mean of neighbouring steps (at most {NUM_BINS} points a curve). Thin lines are single "
        "seeds, thick lines their mean; a stage that arms share is drawn once. A group is silent when all its samples "
        "get the same reward: RL learns nothing from it."
    )
    arms = [arm for arm in styles if any(point.arm == arm for point in records.curves)]
    return charts.figure("learning", "Learning curves", caption, panels, arms)


def _learning_panel(points: list[CurvePoint], metric: str, styles: Styles) -> alt.LayerChart:
    curves: dict[tuple[str, str], list[tuple[float, float]]] = {}
    by_tokens = metric == "train/loss" and all(point.tokens is not None for point in points)
    for point in points:
        at = point.tokens if by_tokens and point.tokens is not None else float(point.step)
        curves.setdefault((point.arm, str(point.seed)), []).append((at, point.values[metric]))
    smooth = {key: charts.binned(curve, NUM_BINS) for key, curve in curves.items()}
    rows: list[Row] = []
    for arm in dict.fromkeys(arm for arm, _ in smooth):
        seeds = [curve for (name, _), curve in smooth.items() if name == arm]
        label = styles[arm].label
        if len(seeds) > 1:
            rows += [_curve_row(label, f"seed {i}", *point) for i, curve in enumerate(seeds) for point in curve]
        mean = charts.seed_mean(seeds)
        rows += [_curve_row(label, "mean", *point) for point in mean]
        where = f"{wording.size(mean[-1][0])} tokens" if by_tokens else f"step {mean[-1][0]:.0f}"
        end = f"{label}: {wording.decimal(mean[-1][1])} at {where}, {wording.plural(len(seeds), 'seed')}"
        rows[-1] = {**rows[-1], "tip": end}
    axis = alt.Axis(format="~s", tickCount=5) if by_tokens else alt.Axis(format="d", tickCount=5)
    x = alt.X("x:Q", title="tokens" if by_tokens else "step", axis=axis, scale=alt.Scale(nice=False))
    y = _learning_axis(metric, [row["value"] for row in rows])
    lines = alt.Chart().encode(x=x, y=y, detail="line:N", **charts.by_arm(styles))
    thin = lines.mark_line(strokeWidth=1, opacity=0.35, aria=False).transform_filter("datum.line != 'mean'")
    thick = lines.mark_line(strokeWidth=2, aria=False).transform_filter("datum.line == 'mean'")
    ends = charts.points(styles, x, y).transform_filter("datum.tip != null")
    return charts.layered(rows, thin, thick, ends)


def _learning_axis(metric: str, values: list[float]) -> alt.Y:
    """A loss on a logarithmic axis; shares from zero; anything else wherever it lies."""
    if metric == "train/loss" and min(values) > 0:
        return charts.log10_axis("nats per token", min(values), max(values))
    if metric != "rl/length" and min(values) >= 0 and max(values) <= 1:
        return charts.share_axis(None, max(values))
    axis = alt.Axis(tickCount=4, format="~g", minExtent=30)
    return alt.Y("value:Q", title=None, scale=alt.Scale(zero=False), axis=axis)


def _curve_row(arm: str, line: str, x: float, value: float) -> Row:
    return {"arm": arm, "line": line, "x": x, "value": round(value, 6), "tip": None}


def error_classes(records: Records, styles: Styles) -> Figure | None:
    """Which fault comes first in the solutions that are not strictly right, per regime, an arm per mark."""
    counts = error_counts(records)
    seen = {error for _, _, error in counts if error != "none"}
    totals = {error: sum(n for (_, _, other), n in counts.items() if other == error) for error in sorted(seen)}
    order = sorted(totals, key=lambda error: -totals[error])
    panels = []
    for regime, title in select.regimes_of(records).items():
        rows: list[Row] = []
        for arm, style in styles.items():
            total = sum(n for (a, r, _), n in counts.items() if (a, r) == (arm, regime))
            for error in order if total else ():
                count = counts.get((arm, regime, error), 0)
                tip = f"{style.label}, {regime}: {wording.error_name(error)} in {count:,} of {total:,} samples"
                value = count / total
                rows.append({"arm": style.label, "error": wording.error_name(error), "value": value, "tip": tip})
        if rows:
            panels.append(
                Panel(title, _error_panel(rows, order, styles), height=26 * len(order) + 10, width=ERROR_WIDTH)
            )
    caption = "First fault of each solution, as a share of all samples of that arm; strictly right solutions have none."
    return charts.figure(
        "error_classes",
        "Error classes",
        caption,
        panels,
        [arm for arm in styles if any(arm == a for a, _, _ in counts)],
    )


def _error_panel(rows: list[Row], order: list[str], styles: Styles) -> alt.LayerChart:
    names = [wording.error_name(error) for error in order]
    axis = alt.Axis(title=None, domain=False, ticks=False, grid=True, minExtent=116, labelLimit=130, labelPadding=10)
    y = alt.Y("error:N", scale=alt.Scale(domain=names), axis=axis)
    x = alt.X("value:Q", title="share of samples", axis=alt.Axis(tickCount=4, format="~g"), scale=alt.Scale(zero=True))
    spans = alt.Chart().mark_rule(color=MUTED, opacity=0.5, aria=False).encode(y=y, x="min(value):Q", x2="max(value):Q")
    return charts.layered(rows, spans, charts.points(styles, x, y, size=60))


def error_counts(records: Records) -> dict[tuple[str, str, str], int]:
    """Samples by arm, regime and first fault, added up over the seeds."""
    single = [row for row in records.errors if row.seed != "all"]
    counts: dict[tuple[str, str, str], int] = {}
    for row in single or records.errors:
        key = (row.arm, row.regime, row.error)
        counts[key] = counts.get(key, 0) + row.count
    return counts


def hacked_counts(records: Records) -> dict[tuple[str, str], int]:
    """Samples by arm and regime whose answer is right though their derivation is not, where that was counted."""
    single = [row for row in records.errors if row.seed != "all"]
    counts: dict[tuple[str, str], int] = {}
    for row in single or records.errors:
        if row.hacked is not None:
            counts[row.arm, row.regime] = counts.get((row.arm, row.regime), 0) + row.hacked
    return counts
