"""Figures with a row per arm: the rows carry their names, so a figure holds any number of them and needs no legend."""

from __future__ import annotations

import altair as alt

from interplay.report.theme import INK

ROW, LETTER = 24, 6.4  # pixels of a row, and of a letter of its name
APART = 4.5  # pixels of the two marks of a row from its middle


def label_extent(labels: list[str]) -> int:
    """Width of an axis with these names, so that every panel's plot begins at the same place."""
    return min(260, round(LETTER * max(map(len, labels), default=0)) + 8)


def rows_axis(labels: list[str]) -> alt.Y:
    """One row per name, written in full."""
    axis = alt.Axis(
        title=None, domain=False, ticks=False, grid=False, minExtent=label_extent(labels), labelLimit=260,
        labelColor=INK, labelPadding=8, labelFontSize=12,
    )  # fmt: skip
    return alt.Y("arm:N", sort=None, scale=alt.Scale(domain=labels), axis=axis)
