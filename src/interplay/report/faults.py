"""Figures of what goes wrong: first faults, right answers with wrong steps, and groups from which RL learns nothing."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from interplay.report import charts, select, wording
from interplay.report.charts import Figure, Key, Panel, Row
from interplay.report.glance import ROW, rows_axis
from interplay.report.records import Records
from interplay.report.theme import GRID, INK, PARTS, ArmStyle

Styles = dict[str, ArmStyle]
WIDTH = 215
BLOCK = '<rect x="6" y="1" width="24" height="12" rx="2"/>'
SOLID = 0.62  # opacity of the parts of a bar, so that a number is legible on all of them in both themes
SHOWN_ERRORS = 7  # more classes than this cannot be told apart; the rest is one part, and the table has them all
RIGHT, OTHER = "strictly right", "other faults"
SEGMENT_TEXT = 0.09  # a narrower part has no room for its number


def error_classes(records: Records, styles: Styles) -> Figure | None:
    """Where all samples of an arm went: strictly right, or the first fault; a bar per arm."""
    counts = error_counts(records)
    totals: dict[str, int] = {}
    for (_, _, error), count in counts.items():
        totals[error] = totals.get(error, 0) + count
    order = sorted((error for error in totals if error != "none"), key=lambda error: (-totals[error], error))
    shown, rest = order[:SHOWN_ERRORS], order[SHOWN_ERRORS:]
    names = [RIGHT, *map(wording.error_name, shown), *([OTHER] if rest else [])]
    colors = [GRID, *PARTS[: len(shown)], *([PARTS[7]] if rest else [])]
    panels = []
    for regime, title in select.regimes_of(records).items():
        rows: list[Row] = []
        for arm, style in styles.items():
            own = {error: n for (a, r, error), n in counts.items() if (a, r) == (arm, regime)}
            total = sum(own.values())
            if total:
                parts = [own.get("none", 0), *(own.get(e, 0) for e in shown), sum(own.get(e, 0) for e in rest)]
                rows += _segments(style.label, regime, names, parts[: len(names)], total, "samples")
        if rows:
            panels.append(
                Panel(title, _bars(rows, names, colors), height=ROW * len({r["arm"] for r in rows}), width=WIDTH)
            )
    keys = [Key(name, color, marker=BLOCK, line=False) for name, color in zip(names, colors, strict=True)]
    bars: dict[tuple[str, str], int] = {}
    for (arm, regime, _), count in counts.items():
        bars[arm, regime] = bars.get((arm, regime), 0) + count
    n = "–".join(f"{end:,}" for end in dict.fromkeys((min(bars.values(), default=0), max(bars.values(), default=0))))
    caption = (
        "All samples of each arm by their first fault, as shares (numbers in per cent); strictly right solutions have "
        f"none. {n} samples a bar, all seeds together; counts are under the pointer and in the table."
    )
    across = 2 if len(panels) == 4 else 0
    return charts.figure("error_classes", "Error classes", caption, panels, keys=keys, across=across)


def _segments(arm: str, where: str, names: list[str], parts: Sequence[float], total: float, unit: str) -> list[Row]:
    """One bar: where each part begins and ends, what it is and what it says."""
    rows: list[Row] = []
    begin = 0.0
    for name, part in zip(names, parts, strict=True):
        share = part / total
        if share > 0:
            n = f"{part:,.0f} of {total:,.0f} {unit}" if unit else f"{share:.1%} of groups"
            text = f"{100 * share:.0f}" if share >= SEGMENT_TEXT else ""
            fields = {"arm": arm, "part": name, "from": round(begin, 5), "to": round(begin + share, 5)}
            rows.append({**fields, "at": begin + share / 2, "text": text, "tip": f"{arm}, {where}: {name}, {n}"})
        begin += share
    return rows


def _bars(rows: list[Row], names: list[str], colors: list[str]) -> alt.LayerChart:
    labels = list(dict.fromkeys(row["arm"] for row in rows))
    scale = alt.Scale(domain=[0, 1], nice=False)
    axis = alt.Axis(tickCount=4, format="~g", grid=False, domain=False)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title="share", scale=scale, axis=axis)

    y = rows_axis(labels)
    color = charts.painted("part", names, colors)
    bars = alt.Chart().mark_bar(height=ROW - 7, opacity=SOLID).encode(
        x=x("from"), x2="to:Q", y=y, color=color, description="tip:N"
    )  # fmt: skip
    numbers = alt.Chart().mark_text(fontSize=10.5, aria=False, color=INK).encode(x=x("at"), y=y, text="text:N")
    return charts.layered(rows, bars, numbers)


def hacking(records: Records, styles: Styles) -> Figure | None:
    """How often the answer is right though the derivation is not, with intervals: a row per arm."""
    rows = [row for row in records.reliability if row.metric == "hacked" and row.value is not None]
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
        "Share of samples whose answer is right though a step is wrong or missing: what a reward on the answer alone "
        f"pays for. Bars are 95 % intervals; {'; '.join(sizes)} per regime."
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


SIGNALS = (("all wrong", PARTS[1]), ("mixed: a signal", PARTS[0]), ("all right", PARTS[2]))


def silent(records: Records, styles: Styles) -> Figure | None:
    """Groups without signal, per arm and op: over the whole of RL and over its last quarter."""
    panels = []
    for part, title in (("all", "Whole run"), ("last quarter", "Last quarter")):
        rows: list[Row] = []
        for arm, style in styles.items():
            own = [row for row in records.silent if row.arm == arm and row.part == part and row.op != "all"]
            for op in sorted({int(row.op) for row in own}):
                pairs = [(row.silent_wrong or 0.0, row.silent_right or 0.0) for row in own if row.op == op]
                wrong, right = (sum(axis) / len(pairs) for axis in zip(*pairs, strict=True))
                parts = [wrong, max(0.0, 1 - wrong - right), right]
                rows += _segments(f"{style.label} · op {op}", title.lower(), [n for n, _ in SIGNALS], parts, 1.0, "")
        if rows:
            height = ROW * len({row["arm"] for row in rows})
            panels.append(Panel(title, _bars(rows, *map(list, zip(*SIGNALS, strict=True))), height=height, width=250))
    keys = [Key(name, color, marker=BLOCK, line=False) for name, color in SIGNALS]
    caption = (
        "Groups of samples of one problem by their rewards, per op (numbers in per cent, mean over steps and "
        f"{wording.plural(len(records.study.seeds), 'seed')}). Where all samples get one reward, RL has no signal: too "
        "hard or already learned."
    )
    return charts.figure("silent", "Groups without signal", caption, panels, keys=keys)


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
