"""The figures of a report, a file each or a file for a few of one subject; a new file is on the page by being here.

Each is a function `(records, styles) -> Figure | None` under `@placed(SECTION)`, None where the records hold nothing to draw.
Every drawn point says in words what it is, with interval and n: screen readers read it and the page shows it under the
pointer. What several figures need stands outside this package.
"""

from __future__ import annotations

import sys

from interplay.report.charts import Figure
from interplay.report.place import Place, places
from interplay.report.records import Records
from interplay.report.theme import Styles


def all_figures(records: Records, styles: Styles) -> list[tuple[Place, Figure]]:
    """Every figure that the records can give, in the order of the page."""
    made = [(place, place.draw(records, styles)) for place in places(sys.modules[__name__])]
    return [(place, figure) for place, figure in made if isinstance(figure, Figure)]


def main_figure(drawn: list[tuple[Place, Figure]]) -> Figure | None:
    """The one that answers the study's question first: the dose where one was varied, else all arms at a glance."""
    candidates = [(place, figure) for place, figure in drawn if place.document == "main"]
    return min(candidates, key=lambda pair: pair[0].rank)[1] if candidates else None
