"""Heat maps that are read by their numbers: rows and columns have names, colour is only a second voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import altair as alt

from interplay.report import charts
from interplay.report.charts import Panel, Row
from interplay.report.labelled_rows import label_extent, rows_axis
from interplay.report.theme import COLD, INK, MUTED, WARM

CELL_WIDTH, CELL_HEIGHT, GAP = 42, 24, 0.2
DARKEST = 0.62  # opacity of the strongest cell; the numbers stay legible on it in both themes
DOUBTFUL = 0.2  # of a cell whose number is in doubt: it must not shout
PAGE_WIDTH = 1080

Column = tuple[str, str]  # the name of its group (a regime) and its own


@dataclass(frozen=True)
class HeatCell:
    """One cell: `strength` from -1 (warm, worse) to 1 (cold, better); a number in doubt is written in grey."""

    row: str
    column: Column
    text: str
    strength: float
    tip: str
    sure: bool = True


def heat_panel(title: str, cells: Sequence[HeatCell], axis_title: str | None) -> Panel:
    """Rows and columns in the order in which they come; a gap between groups of columns, whose names stand above."""
    assert len({(cell.row, cell.column) for cell in cells}) == len(cells), "a place holds one cell"
    labels = list(dict.fromkeys(cell.row for cell in cells))
    columns = list(dict.fromkeys(cell.column for cell in cells))
    groups = list(dict.fromkeys(group for group, _ in columns))
    columns.sort(key=lambda column: groups.index(column[0]))
    place = {column: at + GAP * groups.index(column[0]) for at, column in enumerate(columns)}
    end = len(columns) + GAP * (len(groups) - 1)
    scale = alt.Scale(domain=[0, end], nice=False)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=scale, axis=None)

    y = rows_axis(labels)
    ground = alt.Chart().mark_rect(stroke=None, cornerRadius=2).encode(
        x=x("from"), x2="to:Q", y=y, color=alt.Color("paint:N", scale=None, legend=None), description="tip:N",
        opacity=alt.Opacity("opacity:Q", scale=None, legend=None),
    )  # fmt: skip
    ink = alt.Color("ink:N", scale=None, legend=None)
    numbers = alt.Chart().mark_text(fontSize=11, aria=False).encode(x=x("at"), y=y, text="text:N", color=ink)
    height = CELL_HEIGHT * len(labels)
    heads: list[Row] = [{"text": name, "at": place[group, name] + 0.5} for group, name in columns]
    above: list[Row] = []
    for group in groups:
        inside = [place[column] for column in columns if column[0] == group]
        above.append({"text": group, "at": (inside[0] + inside[-1] + 1) / 2})
    if axis_title:
        above.append({"text": axis_title, "at": -0.15, "low": True})
    written = [_names(heads, x("at"), height + 5, 11), _names([r for r in above if "low" not in r], x("at"), -15, 12)]
    written += [_names([r for r in above if "low" in r], x("at"), height + 5, 11, to_the_left=True)]
    drawn = charts.layered(_rows(cells, place), ground, numbers, *written)
    return Panel(title, drawn, height=height, width=round(CELL_WIDTH * end))


def _rows(cells: Sequence[HeatCell], place: dict[Column, float]) -> list[Row]:
    return [
        {"arm": cell.row, "from": place[cell.column], "to": place[cell.column] + 1, "at": place[cell.column] + 0.5,
         "text": cell.text, "tip": cell.tip, "ink": INK if cell.sure else MUTED,
         "paint": COLD if cell.strength >= 0 else WARM,
         "opacity": round(abs(cell.strength) * (DARKEST if cell.sure else DOUBTFUL), 3)}
        for cell in cells
    ]  # fmt: skip


def _names(rows: list[Row], x: alt.X, at: float, size: int, to_the_left: bool = False) -> alt.Chart:
    """Words at one height, in pixels from the top."""
    chart = alt.Chart(charts.inline(rows))
    align: Literal["right", "center"] = "right" if to_the_left else "center"
    mark = chart.mark_text(align=align, baseline="top", color=MUTED, fontSize=size, aria=False)
    made: alt.Chart = mark.encode(x=x, y=alt.value(at), text="text:N")
    return made


def columns_for(panels: Sequence[Panel], labels: Sequence[str]) -> int:
    """How many of these panels fit beside each other on a page."""
    widest = max((panel.width for panel in panels), default=1) + label_extent(list(labels))
    return max(1, min(len(panels), 3, PAGE_WIDTH // widest))
