"""How far a set of problems differs in structure from what a training served, names left aside, and how many steps are copies.

A model that has met a problem's structure may have learned it by heart; one that has not must have put it together. Two
levels are told apart: "structure" keeps the numbers of the rules, "shape" leaves them out, so it is the stricter one.
Pure functions of graphs: a file, an evaluation's problems and a stream are measured alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from interplay.world.digest import Level, digest
from interplay.world.graph import Graph

NAME_FREE: tuple[Level, ...] = ("structure", "shape")
Served = Mapping[Level, frozenset[str]]


class Novelty(NamedTuple):
    """Of one op: how many problems, how many different ones at each level, and the share of problems whose structure or
    shape was not served (empty where nothing is known of what was)."""

    op: int
    n: int
    distinct: Mapping[Level, int]
    novel: Mapping[Level, float]


def served_by(graphs: Iterable[Graph]) -> Served:
    """What a training served, from the graphs of its problems."""
    found: dict[Level, set[str]] = {level: set() for level in NAME_FREE}
    for graph in graphs:
        for level in NAME_FREE:
            found[level].add(digest(graph, level))
    return {level: frozenset(digests) for level, digests in found.items()}


def novelty(graphs: Iterable[Graph], served: Served | None = None) -> tuple[Novelty, ...]:
    """The figures of each op."""
    digests: defaultdict[int, dict[Level, list[str]]] = defaultdict(lambda: {level: [] for level in NAME_FREE})
    for graph in graphs:
        for level in NAME_FREE:
            digests[graph.op][level].append(digest(graph, level))
    return tuple(
        Novelty(
            op=op,
            n=len(found["structure"]),
            distinct={level: len(set(found[level])) for level in NAME_FREE},
            novel={
                level: sum(one not in served[level] for one in found[level]) / len(found[level]) for level in NAME_FREE
            }
            if served is not None
            else {},
        )
        for op, found in sorted(digests.items())
    )


def copies(graph: Graph) -> tuple[int, int]:
    """How many of the needed steps only copy another quantity (a total of one member does), and how many steps there are."""
    rules = [graph.rules[name] for name in graph.order]
    return sum(len(rule.operands) == 1 and rule.literal is None for rule in rules), len(rules)
