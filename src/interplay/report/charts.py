"""The pieces every figure is made of: panels with the arms' colours, axes with sensible ends, lines with bands.

A panel is one Vega-Lite chart with a title; a figure is a row of panels. The page shows panels side by side, or one
below the other on a phone; the saved picture joins them, with one legend.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from interplay.report.theme import ArmStyle, Swatch

Row = Mapping[str, Any]
WIDTH, HEIGHT = 280, 210  # three side by side on a desktop, one on a phone, without being scaled much


@dataclass(frozen=True)
class Panel:
    """One chart of a figure; `chart` is without title and size."""

    title: str
    chart: alt.LayerChart
    height: int = HEIGHT
    width: int = WIDTH

    def spec(self) -> dict[str, object]:
        """The Vega-Lite specification for the page, which sets the title in HTML."""
        spec: dict[str, object] = self.chart.properties(width=self.width, height=self.height).to_dict(validate=False)
        return spec


@dataclass(frozen=True)
class Key(Swatch):
    """What a colour stands for that is not an arm."""

    label: str
    color: str
    dash: tuple[int, ...] = (1, 0)
    marker: str = ""
    line: bool = True


@dataclass(frozen=True)
class Figure:
    """A row of panels and what they show; `arms` and `keys` are its legend, none where marks say what they are.

    `folded` is the line behind which the page folds it away, if it does.
    """

    name: str
    title: str
    caption: str
    panels: tuple[Panel, ...]
    arms: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    across: int = 0
    folded: str = ""

    @property
    def columns(self) -> int:
        """Panels in a row on a desktop."""
        many = len(self.panels) > 6 or len(self.panels) == 4
        return self.across or (4 if many else min(3, len(self.panels)))

    def spec(self) -> dict[str, object]:
        """All panels as one specification, for the saved picture."""
        charts = [
            panel.chart.properties(title=panel.title, width=panel.width, height=panel.height) for panel in self.panels
        ]
        joined = alt.concat(*charts, columns=self.columns, spacing=24).resolve_scale(
            color="shared", shape="shared", strokeDash="shared", opacity="independent"
        )
        spec: dict[str, object] = joined.to_dict(validate=False)  # its parts were, as they were made
        return spec


def figure(
    name: str,
    title: str,
    caption: str,
    panels: Sequence[Panel],
    arms: Iterable[str] = (),
    keys: Iterable[Key] = (),
    across: int = 0,
) -> Figure | None:
    """The figure, or None without panels."""
    unique = tuple(dict.fromkeys(arms))
    return Figure(name, title, caption, tuple(panels), unique, tuple(keys), across) if panels else None


def layered(rows: Sequence[Row], *layers: alt.Chart) -> alt.LayerChart:
    """Layers over one set of rows."""
    return alt.LayerChart(layer=list(layers), data=inline(rows))


def inline(rows: Sequence[Row]) -> Any:
    """Rows as a data source inside the specification."""
    return alt.Data(values=[dict(row) for row in rows])  # type: ignore[no-untyped-call]


def by_arm(styles: Mapping[str, ArmStyle], legend: bool = True) -> dict[str, Any]:
    """Colour of the arm, by its label; a legend that shows the arms in the study's order."""
    scale = _scale(styles, [s.color for s in styles.values()])
    return {"color": alt.Color("arm:N", scale=scale, title=None, legend=_legend(legend))}


def shape_by_arm(styles: Mapping[str, ArmStyle], legend: bool = True) -> alt.Shape:
    """Shape of the arm's points."""
    scale = _scale(styles, [s.shape for s in styles.values()])
    return alt.Shape("arm:N", scale=scale, title=None, legend=_legend(legend))


def dash_by_arm(styles: Mapping[str, ArmStyle]) -> alt.StrokeDash:
    """Dash of the arm's lines."""
    return alt.StrokeDash("arm:N", scale=_scale(styles, [list(s.dash) for s in styles.values()]), title=None)


FEW_ARMS = 5  # beyond this many, lines over each other cannot be told apart at first sight


def painted(field: str, domain: Sequence[str], colors: Sequence[str], legend: bool = True) -> alt.Color:
    """Colours of named things."""
    scale = alt.Scale(domain=list(domain), range=list(colors))
    return alt.Color(f"{field}:N", scale=scale, title=None, legend=_legend(legend))


def _legend(shown: bool) -> Any:
    """None switches a legend off; undefined leaves it to the chart."""
    return alt.Undefined if shown else None


def _scale(styles: Mapping[str, ArmStyle], values: Sequence[str] | Sequence[list[int]]) -> alt.Scale:
    return alt.Scale(domain=[style.label for style in styles.values()], range=values)


def share_axis(title: str | None, highest: float, field: str = "value") -> alt.Y:
    """A share from 0, to 1 or, where everything is low, to a round number above the highest.

    Layers over one axis must agree on all of it, so the layer of intervals asks for the same with its own field.
    """
    top = ceiling(highest)
    parts = 4 if top in (0.2, 0.4) else 5
    ticks = [round(top * i / parts, 4) for i in range(parts + 1)]
    axis = alt.Axis(values=ticks, format=".1f" if top > 0.4 else "~g", minExtent=30)
    return alt.Y(f"{field}:Q", title=title, scale=alt.Scale(domain=[0, top], nice=False), axis=axis)


def ceiling(highest: float) -> float:
    """1 above a half; else the next of 0.1, 0.2, 0.4, 0.5 that holds the highest, so that nothing small looks large."""
    return next((top for top in (0.1, 0.2, 0.4, 0.5) if highest <= top), 1.0)


def log10_axis(title: str, lowest: float, highest: float) -> tuple[alt.Y, float, float]:
    """A logarithmic axis with labels at 1, 2 and 5 times the powers of ten, and lines nowhere else; and its ends.

    Beyond two decades only the powers of ten are labelled.
    """
    decades = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    ticks = [float(f"{part}e{decade}") for decade in decades for part in (1, 2, 5)]
    low = max([tick for tick in ticks if tick <= lowest], default=lowest)
    high = min([tick for tick in ticks if tick >= highest], default=highest)
    shown = [tick for tick in ticks if low <= tick <= high]
    if len(shown) > 8:
        shown = [float(f"1e{decade}") for decade in decades if low <= 10.0**decade <= high]
    axis = alt.Axis(values=shown, format="~g", minExtent=30)
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    return alt.Y("value:Q", title=title, scale=scale, axis=axis), low, high


def log2_axis(field: str, title: str, values: Sequence[int], labelled: Sequence[int] = ()) -> alt.X:
    """Powers of two at equal distances, with a label at each value that was measured, or at those asked for."""
    scale = alt.Scale(type="log", base=2, domain=[min(values), max(max(values), min(values) + 1)], nice=False)
    axis = alt.Axis(values=list(labelled or values), format="d", labelFlush=False)
    return alt.X(f"{field}:Q", title=title, scale=scale, axis=axis)


def points(styles: Mapping[str, ArmStyle], x: alt.X, y: alt.Y) -> Any:
    """The measured points, each with its description, which the page shows under the pointer."""
    mark = alt.Chart().mark_point(filled=True, size=46, opacity=1)
    return mark.encode(x=x, y=y, shape=shape_by_arm(styles), description="tip:N", **by_arm(styles))


def seed_mean(series: Sequence[Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    """Mean of several curves bin by bin; a bin that one of them does not reach is the mean of the others."""
    bins: dict[int, list[tuple[float, float]]] = {}
    for curve in series:
        for position, point in enumerate(curve):
            bins.setdefault(position, []).append(point)
    return [tuple(math.fsum(axis) / len(axis) for axis in zip(*points, strict=True)) for points in bins.values()]  # type: ignore[misc]


def binned(points: Sequence[tuple[float, float]], num_bins: int) -> list[tuple[float, float]]:
    """At most `num_bins` points, each the mean of its neighbours, so that a trend is seen through the noise."""
    ordered = sorted(points)
    if len(ordered) <= num_bins:
        return ordered
    size = math.ceil(len(ordered) / num_bins)
    groups = [ordered[i : i + size] for i in range(0, len(ordered), size)]
    if len(groups) > 1 and 2 * len(groups[-1]) < size:  # too few to be compared with the others
        groups[-2:] = [groups[-2] + groups[-1]]
    return [(math.fsum(x for x, _ in g) / len(g), math.fsum(y for _, y in g) / len(g)) for g in groups]
