"""Bars cut into parts that add up to one: a row per arm, numbers in per cent where there is room."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from interplay.report import charts
from interplay.report.charts import Key, Panel, Row
from interplay.report.labelled_rows import ROW, rows_axis
from interplay.report.theme import INK

BLOCK = '<rect x="6" y="1" width="24" height="12" rx="2"/>'  # of a part in the legend
SOLID = 0.62  # opacity of the parts of a bar, so that a number is legible on all of them in both themes
SEGMENT_TEXT = 0.09  # a narrower part has no room for its number


def segments(arm: str, where: str, names: list[str], parts: Sequence[float], total: float, unit: str) -> list[Row]:
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


def panel_of(title: str, rows: list[Row], names: list[str], colors: list[str], width: int) -> Panel:
    """The bars under a title, as high as they are many."""
    return Panel(title, _bars(rows, names, colors), height=ROW * len({row["arm"] for row in rows}), width=width)


def keys_of(names: list[str], colors: list[str]) -> list[Key]:
    """The legend of the parts."""
    return [Key(name, color, marker=BLOCK, line=False) for name, color in zip(names, colors, strict=True)]


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
