"""Lines that are not arms (regimes, budgets, ops): their looks, and names at their ends instead of a legend."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from interplay.report.charts import Key, Row, inline, painted
from interplay.report.theme import DASHES, MARKERS, PARTS, SHAPES


def series_keys(labels: Sequence[str]) -> tuple[Key, ...]:
    """Colour, dash and marker of lines that are not arms."""
    return tuple(
        Key(label, PARTS[i % len(PARTS)], DASHES[i % len(DASHES)], MARKERS[i % len(MARKERS)])
        for i, label in enumerate(labels)
    )


def series_encoding(labels: Sequence[str]) -> tuple[alt.Color, alt.StrokeDash, alt.Shape]:
    """The same on a chart, by the field `series`."""
    names = list(labels)
    dashes = [list(DASHES[i % len(DASHES)]) for i in range(len(names))]
    shapes = [SHAPES[i % len(SHAPES)] for i in range(len(names))]
    return (
        painted("series", names, [key.color for key in series_keys(names)]),
        alt.StrokeDash("series:N", scale=alt.Scale(domain=names, range=dashes), title=None),
        alt.Shape("series:N", scale=alt.Scale(domain=names, range=shapes), title=None),
    )


LABEL_GAP = 12  # pixels between the names at the ends of lines


def spread(ends: Mapping[str, float], low: float, high: float, height: int, log: bool = False) -> dict[str, float]:
    """Where the names of lines go beside their ends, in the axis' values: near them, but not over each other."""

    def pixel(value: float) -> float:
        share = math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)
        return share * height

    order = sorted(ends, key=lambda name: ends[name])
    groups: list[tuple[list[str], float]] = []  # names that touch, and the mean of their places
    for name in order:
        groups.append(([name], pixel(ends[name])))
        while len(groups) > 1 and _reach(groups[-2]) + LABEL_GAP > _reach(groups[-1], -1) + 1e-9:
            (below, a), (above, b) = groups[-2:]
            groups[-2:] = [(below + above, (a * len(below) + b * len(above)) / (len(below) + len(above)))]
    places = {}
    for names, middle in groups:
        for place, name in enumerate(names):
            share = (middle + (place - (len(names) - 1) / 2) * LABEL_GAP) / height
            places[name] = low * (high / low) ** share if log else low + share * (high - low)
    return places


def _reach(group: tuple[list[str], float], side: int = 1) -> float:
    names, middle = group
    return middle + side * (len(names) - 1) / 2 * LABEL_GAP


def end_names(places: Mapping[str, float], x: alt.X, y: alt.Y, color: alt.Color, last: float) -> Any:
    """A layer that writes each line's name beside its last point, on the axes of the lines (fields x and value)."""
    rows: list[Row] = [{"series": name, "arm": name, "x": last, "value": at} for name, at in places.items()]
    mark = alt.Chart(inline(rows)).mark_text(align="left", baseline="middle", dx=7, fontSize=11, aria=False)
    return mark.encode(x=x, y=y, color=color, text="series:N")
