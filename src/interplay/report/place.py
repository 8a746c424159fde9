"""Where on the page a figure or a table belongs: it says so itself, and appears there by that alone.

A figure is a function `(records, styles) -> Figure | None` in a file of `report/figures/`, under `@placed(SECTION)`; a table
is one in `report/tables.py`. The sections stand here in the order of the page. A figure that says no section, or one that is
not here, is an error when the package is imported, so it cannot be lost.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeVar

from interplay.report.charts import Figure
from interplay.report.records import Records
from interplay.report.table import Table
from interplay.report.theme import Styles


class Section(NamedTuple):
    """A section: its anchor, its name among the contents, its heading (empty: that of its first figure)."""

    anchor: str
    name: str
    heading: str
    empty: str = ""  # what it says without anything in it; a section without these words is then left out


NOTHING = "The records hold nothing to draw here."
SECTIONS = (
    Section("glance", "At a glance", "At a glance", NOTHING),
    Section("dose", "Dose", ""),
    Section("effects", "Effects", "Effects", "The records hold no effects."),
    Section("trained", "Training", "What was trained on what", " "),
    Section("pass-at-k", "pass@k", "pass@k", NOTHING),
    Section("by-op", "By op", "By operation count", NOTHING),
    Section("gold", "Gold NLL", "Likelihood of the gold solutions"),
    Section("learning", "Learning", "Learning curves", NOTHING),
    Section("errors", "Errors", "What goes wrong", NOTHING),
    Section("reliability", "Reliability", "How reliable"),
    Section("shortcuts", "Shortcuts", "Shortcut baselines"),
    Section("samples", "Solutions", "Sampled solutions", " "),
    Section("detectable", "Power", "The smallest effect this run can see", " "),
    Section("rules", "Rules", "The verifier’s rules side by side", " "),
    Section("methods", "Methods", "Methods", " "),
)

Shown = Figure | Table
Draw = Callable[[Records, Styles], Shown | None]
D = TypeVar("D", bound=Draw)
Document = Literal["", "main", "further", "curves"]


class Place(NamedTuple):
    """Where a function's figure goes.

    rank      its place within the section
    heading   a smaller heading above it
    on_page   False where the page draws the same inside a table, and the figure is only saved
    document  in the Markdown page: `main` candidates in order of rank, `further` ones after it, `curves` where a study
              compares nothing
    """

    draw: Draw
    section: str
    rank: int
    heading: str
    on_page: bool
    document: Document


_PLACES: dict[Draw, Place] = {}


def placed(
    section: str, *, rank: int = 0, heading: str = "", on_page: bool = True, document: Document = ""
) -> Callable[[D], D]:
    """Say where the figure or table of a function belongs. Raises ValueError for a section that is not there."""
    anchors = [known.anchor for known in SECTIONS]
    if section not in anchors:
        raise ValueError(f"no section {section!r} on the page; there are {', '.join(anchors)}")

    def keep(draw: D) -> D:
        _PLACES[draw] = Place(draw, section, rank, heading, on_page, document)
        return draw

    return keep


def places(package: Any) -> list[Place]:
    """Every figure or table of a package or module, in the order of the page. ValueError for one that is placed nowhere."""
    found = []
    inside = sorted(module.name for module in pkgutil.iter_modules(getattr(package, "__path__", ())))
    for loaded in [importlib.import_module(f"{package.__name__}.{name}") for name in inside] or [package]:
        drawing = [one for one in vars(loaded).values() if _draws(one, loaded.__name__)]
        for draw in drawing:
            if draw not in _PLACES:
                raise ValueError(f"{loaded.__name__}.{draw.__name__} draws, but says no section: put @placed above it")
        if not drawing:
            raise ValueError(f"{loaded.__name__} draws nothing; what figures share belongs outside {package.__name__}")
        found += [_PLACES[draw] for draw in drawing]
    anchors = [section.anchor for section in SECTIONS]
    return sorted(found, key=lambda place: (anchors.index(place.section), place.rank, place.draw.__name__))


def _draws(found: object, module: str) -> bool:
    """Whether this is a public function of the module that gives a figure or a table."""
    if not inspect.isfunction(found) or found.__module__ != module or found.__name__.startswith("_"):
        return False
    return str(found.__annotations__.get("return")) in ("Figure | None", "Table | None")
