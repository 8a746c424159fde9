"""A problem's gold, prepared once so that many solutions can be judged quickly.

Every quantity of the graph becomes a node: what it means to whoever uses it, and what the formula that defines it must
mean. Quantities that the question does not need are nodes too, because a solution may derive them as well, and so is
the total of a location whose total nobody mentions.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from interplay.world.expression import MAX_VALUE, Form, Meaning, rule_form
from interplay.world.graph import Graph, Linear, Rule, apply_rule
from interplay.world.paper_v1 import PaperGraph, read
from interplay.world.totals import Totals

_ARTICLES = frozenset(("the", "The", "a", "A", "an", "An"))


class Node(NamedTuple):
    """One quantity: `meaning` is its value and its name, `formula` the polynomial of its rule in its operands."""

    name: str
    needed: bool
    unknown: bool
    meaning: Meaning
    formula: Form
    rule: Rule


class Reference:
    """Gold of one problem. `nodes` has every quantity whose value follows from the problem."""

    def __init__(self, graph: Graph, solution: str | None = None) -> None:
        """`solution` is the gold text; the paper's released rule compares with it, nothing else does."""
        self.graph = graph
        self.solution = solution
        self.answer = graph.answer
        self.reverse = graph.unknown is not None
        self.nodes: dict[str, Node] = {}
        self._aliases: dict[str, str | None] = {}
        self._ancestors: dict[str, frozenset[str]] = {}
        self._totals: Totals | None = None
        self._released: PaperGraph | None = None
        needed = set(graph.order)
        for name, found in derivable_values(graph.rules).items():
            self._add(name, graph.rules[name], found, needed=name in needed)
        missing = [name for name in graph.order if name not in self.nodes]
        if missing or graph.target not in self.nodes:
            raise ValueError(f"the graph does not give a value to {missing or [graph.target]}")
        self.target = self.nodes[graph.target]
        slope, constant, _ = self.target.meaning
        stated = graph.answer if graph.given is None else graph.given
        if slope * graph.answer + constant != stated or (slope == 0) == self.reverse:
            raise ValueError(f"{graph.answer} is not the answer: {graph.target!r} is {slope} * x + {constant}")

    @classmethod
    def from_graph(cls, graph: Graph, solution: str | None = None) -> Reference:
        """Prepare a problem's gold. Raises ValueError when a needed quantity has no value or the answer is not it."""
        return cls(graph, solution)

    def _add(self, name: str, rule: Rule, found: Linear, *, needed: bool) -> Node:
        meaning = (found.slope, found.constant, name)
        node = Node(name, needed, rule.combine == "unknown", meaning, rule_form(rule), rule)
        self.nodes[name] = node
        return node

    def resolve(self, name: str) -> Node | None:
        """The quantity a solution calls so, with or without articles and "number of"; None if there is none."""
        node = self.nodes.get(name)
        if node is not None:
            return node
        if not self._aliases:
            for known in self.nodes:
                plain = _plain(known)
                self._aliases[plain] = None if plain in self._aliases else known
        plain = _plain(name)
        alias = self._aliases.get(plain)
        if alias is not None or plain in self.nodes:
            return self.nodes[alias or plain]
        return self._implicit_total(plain)

    def _implicit_total(self, name: str) -> Node | None:
        """The total of a location whose total the problem does not mention."""
        if self._totals is None:
            self._totals = Totals(self.graph)
        rule = self._totals.rule(name)
        if rule is None or any(operand not in self.nodes for operand in rule.operands):
            return None
        try:
            found = apply_rule(rule, {n: Linear(*self.nodes[n].meaning[:2]) for n in rule.operands})
        except ValueError:  # a product of two quantities that both depend on x
            return None
        return self._add(name, rule, found, needed=False)

    def ancestors(self, name: str) -> frozenset[str]:
        """Every quantity that `name` follows from by the problem's rules, itself left out."""
        found = self._ancestors.get(name)
        if found is None:
            seen: set[str] = set()
            stack = list(self.nodes[name].rule.operands)
            while stack:
                parent = stack.pop()
                if parent not in seen:
                    seen.add(parent)
                    stack.extend(self.nodes[parent].rule.operands)
            found = self._ancestors[name] = frozenset(seen)
        return found

    @property
    def released(self) -> PaperGraph | None:
        """The gold text as the paper's released rule sees it; None without one."""
        if self._released is None and self.solution is not None:
            self._released = read(self.solution)
        return self._released


def _plain(name: str) -> str:
    words = [word for word in unicodedata.normalize("NFC", name).split() if word not in _ARTICLES]
    if words[:2] == ["number", "of"] or words[:2] == ["Number", "of"]:
        del words[:2]
    return " ".join(words)


def derivable_values(rules: Mapping[str, Rule]) -> dict[str, Linear]:
    """Exact value of every quantity that follows from the rules, parents before children.

    Left out: what depends on itself, on a quantity without a rule, or on x in a way that is not linear.
    """
    values: dict[str, Linear] = {}
    visited: set[str] = set()
    for root in rules:
        stack = [(root, False)]
        while stack:
            name, parents_done = stack.pop()
            if parents_done:
                if all(operand in values for operand in rules[name].operands):
                    _add_value(name, rules[name], values)
            elif name not in visited and name in rules:
                visited.add(name)
                stack.append((name, True))
                stack.extend((operand, False) for operand in rules[name].operands)
    return values


def _add_value(name: str, rule: Rule, values: dict[str, Linear]) -> None:
    try:
        found = apply_rule(rule, values)
    except ValueError:
        return
    if abs(found.slope) <= MAX_VALUE and abs(found.constant) <= MAX_VALUE:
        values[name] = found
