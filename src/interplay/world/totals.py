"""The total of a location whose total the problem does not mention: a solution may derive it all the same.

Totals are implicit, so their rule is known as soon as it is known that a name is the name of a total. That is learned
from the totals that the problem does list, and else from the vocabularies: the built-in contexts and those of the
public files. In a context of one's own, a total that the problem never mentions is an invented quantity.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from interplay.world import context
from interplay.world.graph import Graph, Kind, Rule


class Vocabulary(NamedTuple):
    """Entities that may be counted together, and what their totals are called in front of " in <location>"."""

    entities: frozenset[str]
    titles: dict[str, Kind]


# entities, total, second total (d=3) of the public files' contexts
_PUBLIC = (
    (
        "adult bear, adult wolf, adult deer, adult fox, adult racoon, adult eagle, adult parrot, adult owl, "
        "adult blue jay, adult crow",
        "total number of adult animals",
        "total number of newborn animal children",
    ),
    (
        "elementary school, private middle school, public highschool, regional medical school, culinarian school",
        "total number of schools",
        "total number of teachers from all schools",
    ),
    (
        "upbeat metropolis comedy, solemn period drama, futuristic sci-fi movie, calm road movie, "
        "intense detective thriller",
        "total number of movies",
        "total number of movie nominations",
    ),
)


@lru_cache(maxsize=1)
def vocabularies() -> tuple[Vocabulary, ...]:
    """Every vocabulary we know by heart."""
    known = [
        Vocabulary(frozenset(entities.split(", ")), {total: "total", total3: "total3"})
        for entities, total, total3 in _PUBLIC
    ]
    for name in context.names():
        words = context.load(name)
        titles: dict[str, Kind] = {}
        for style in context.STYLES:
            names = words.names(style)
            titles[names.totals[0].rpartition(" in ")[0]] = "total"
            titles[names.totals3[0].rpartition(" in ")[0]] = "total3"
        known.append(Vocabulary(frozenset(words.entities), titles))
    return tuple(known)


def implicit_total(graph: Graph, name: str) -> Rule | None:
    """The rule of a total that the graph does not list; None when the name is not one of a total of this problem."""
    title, _, location = name.rpartition(" in ")
    counts = [n for n, rule in graph.rules.items() if rule.kind == "count" and n.rpartition(" in ")[2] == location]
    if not title or not counts:
        return None
    kinds = {rule.kind for n, rule in graph.rules.items() if rule.implicit and n.rpartition(" in ")[0] == title}
    if not kinds:
        entities = {count.rpartition(" in ")[0] for count in counts}
        kinds = {v.titles[title] for v in vocabularies() if title in v.titles and entities <= v.entities}
    if kinds == {"total"}:
        return Rule("total", "total", tuple(counts))
    averages = {n.partition(" per ")[2]: n for n, rule in graph.rules.items() if rule.kind == "average"}
    if kinds != {"total3"} or any(count not in averages for count in counts):
        return None
    return Rule("total3", "products", tuple(n for count in counts for n in (count, averages[count])))
