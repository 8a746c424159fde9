"""Canonical digests: when are two problems the same one?

At level "names" two problems are equal when their needed quantities have the same rules, numbers and names. Variable
letters, the order of sentences and of addends, and distractors are not seen. At level "structure" names are not seen
either, so a problem retold with other animals, or in the other style, is the same problem. At level "shape" its numbers
are not seen either: what stays is which operations are done on what. Overlap between two sources is reported at the first
two, novelty of structure at the last two.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Literal, get_args

from .graph import Graph, Rule

Level = Literal["names", "structure", "shape"]
LEVELS: tuple[Level, ...] = ("names", "structure")  # at which two problems may be called the same one

# Rounds of refinement: up tells a quantity what it is made of, down tells it what it is used for. Three rounds told no
# further problems apart among 100,000 of op 2..8 with few numbers (33,136 different ones).
_ROUNDS = 2


def digest(graph: Graph, level: Level = "names") -> str:
    """32 hexadecimal digits; equal for problems that are the same at this level."""
    if level == "names":
        return _digest_names(graph)
    if level == "structure":
        return _digest_structure(graph)
    if level == "shape":
        return _digest_structure(_without_numbers(graph))
    raise ValueError(f"unknown level {level!r}; the levels are {', '.join(get_args(Level))}")


def _without_numbers(graph: Graph) -> Graph:
    rules = {name: rule if rule.literal is None else rule._replace(literal=0) for name, rule in graph.rules.items()}
    return graph._replace(rules=rules, given=None)


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _digest_names(graph: Graph) -> str:
    rules = graph.rules
    lines = []
    for name in graph.order:
        rule = rules[name]
        lines.append(f"{name}={_head(rule)}{';'.join(_canonical(rule, rule.operands))}")
    lines.sort()
    return _hash(f"{graph.mode}{graph.d}|{graph.asked}|{graph.target}={graph.given}|" + "|".join(lines))


def _head(rule: Rule) -> str:
    return f"{rule.kind},{rule.combine},{rule.literal}{rule.join}:"


def _canonical(rule: Rule, operands: Iterable[str]) -> list[str]:
    """Operands in an order that does not depend on the text, where the order does not matter."""
    items = list(operands)
    if rule.combine == "products":
        items = [f"{a}*{b}" for a, b in zip(items[::2], items[1::2], strict=True)]
    if rule.combine != "difference":
        items.sort()
    return items


def _digest_structure(graph: Graph) -> str:
    """Colour refinement over the needed quantities: equal colours mean equal surroundings, whatever the names."""
    rules, order = graph.rules, graph.order
    colours = dict.fromkeys(order, "")
    for name in (graph.asked, graph.target):
        colours[name] += "!"
    uses: dict[str, list[tuple[str, int, str]]] = {name: [] for name in order}
    for name in order:
        rule = rules[name]
        for place, operand in enumerate(rule.operands):
            if rule.combine == "products":
                uses[operand].append((name, place % 2, rule.operands[place ^ 1]))
            else:
                uses[operand].append((name, place if rule.combine == "difference" else 0, name))
    for _ in range(_ROUNDS):
        for name in order:
            rule = rules[name]
            parents = _canonical(rule, [colours[operand] for operand in rule.operands])
            colours[name] = _hash(f"{colours[name]}{_head(rule)}{';'.join(parents)}")
        for name in reversed(order):
            told = sorted([f"{colours[user]},{place},{colours[partner]}" for user, place, partner in uses[name]])
            colours[name] = _hash(f"{colours[name]}<{';'.join(told)}")
    lines = sorted(colours.values())
    return _hash(f"{graph.mode}{graph.d}|{graph.given}|" + "|".join(lines))
