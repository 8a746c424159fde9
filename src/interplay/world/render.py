"""The text of a problem: facts, question and gold solution, in one of two styles that say the same graph.

`docs/format.md` has both grammars. The facts keep the order of the graph's rules; a reverse problem's stated value of
the last quantity goes to a random place among them.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from .graph import Graph
from .render_full import render_full
from .render_terse import render_terse


class Text(NamedTuple):
    """A problem in words; `solution` ends in "Answer: N."."""

    problem: str
    question: str
    solution: str


def render(graph: Graph, style: str, rng: random.Random) -> Text:
    """The graph's text in a style. Raises ValueError for an unknown style."""
    if style == "full":
        return Text(*render_full(graph, rng.random))
    if style == "terse":
        return Text(*render_terse(graph, rng.random))
    raise ValueError(f"unknown style {style!r}; the styles are full, terse")
