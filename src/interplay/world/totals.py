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


class Totals:
    """The totals of one problem's world that its graph does not list, prepared once: a text may ask for many."""

    def __init__(self, graph: Graph) -> None:
        self.counts: dict[str, list[str]] = {}  # by location
        self.averages: dict[str, str] = {}  # by count
        self.titles: dict[str, Kind] = {}  # what the listed totals are called
        for name, rule in graph.rules.items():
            title, _, location = name.rpartition(" in ")
            if rule.kind == "count":
                self.counts.setdefault(location, []).append(name)
            elif rule.kind == "average":
                self.averages[name.partition(" per ")[2]] = name
            elif rule.implicit:
                self.titles[title] = rule.kind

    def rule(self, name: str) -> Rule | None:
        """The rule of a total; None when the name is not one of a total of this problem's world."""
        title, _, location = name.rpartition(" in ")
        counts = self.counts.get(location)
        kind = self._kind(title, counts) if counts else None
        if counts is None or kind is None:
            return None
        if kind == "total":
            return Rule("total", "total", tuple(counts))
        if any(count not in self.averages for count in counts):
            return None
        return Rule("total3", "products", tuple(n for count in counts for n in (count, self.averages[count])))

    def _kind(self, title: str, counts: list[str]) -> Kind | None:
        if title in self.titles:
            return self.titles[title]
        known = [vocabulary for vocabulary in vocabularies() if title in vocabulary.titles]
        entities = {count.rpartition(" in ")[0] for count in counts} if known else set()
        return next((v.titles[title] for v in known if entities <= v.entities), None)
