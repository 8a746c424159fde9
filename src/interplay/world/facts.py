"""The facts of a problem in the sentence style, read into rules: what a file without graphs says about its problems.

Totals have no rule in the text. A total of a location is the sum of every count of that location that the problem
mentions; with averages (d=3) there is a second kind, the sum of count times average.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from interplay.world.graph import Kind, Rule

_SEPARATOR = re.compile(r", and the |, the | and the ")
_SENTENCE_END = re.compile(r"\.\s+(?=The )")  # a name may hold a full stop and a blank: "Washington D.C. equals"
_EXISTS = (" exists, and its number is greater than 0", " is greater than 0")
_SCALE = re.compile(r"([0-9]{1,12}) (plus|times) (the .*)", re.DOTALL)


class NotOfTheGrammar(ValueError):
    """A sentence that is none of the grammar's; the message names it."""


class Facts(NamedTuple):
    """What a problem states: every rule of every quantity in text order, and all quantities it mentions."""

    rules: dict[str, list[Rule]]
    mentioned: tuple[str, ...]

    def unknowns(self) -> list[str]:
        """Quantities of which the problem says no more than that they exist."""
        return [name for name, rules in self.rules.items() if any(rule.combine == "unknown" for rule in rules)]


def read_facts(problem: str) -> Facts:
    """Read the sentences of a problem. Raises NotOfTheGrammar, a ValueError."""
    rules: dict[str, list[Rule]] = {}
    mentioned: dict[str, None] = {}
    for sentence in _SENTENCE_END.split(problem.strip().removesuffix(".")):
        name, rule = _fact(sentence)
        known = rules.setdefault(name, [])
        if rule not in known:  # the same sentence twice says it once
            known.append(rule)
        mentioned.update(dict.fromkeys((name, *rule.operands)))
    return Facts(rules, tuple(mentioned))


def asked(question: str) -> str:
    """The quantity a question names. Raises NotOfTheGrammar for another sentence."""
    question = question.strip()
    if question.startswith("How many ") and question.endswith(" have?"):
        entity, does, location = question[len("How many ") : -len(" have?")].partition(" does ")
        if does:
            return f"{entity} in {location}"
    if question.startswith("What is the ") and question.endswith("?"):
        return quantity(question[len("What is the ") : -1])
    raise NotOfTheGrammar(f"not a question of the grammar: {question[:120]!r}")


def quantity(phrase: str) -> str:
    """The name in a noun phrase: "number of adult fox in Oakridge" is about "adult fox in Oakridge"."""
    return phrase.removeprefix("number of ")


def _fact(sentence: str) -> tuple[str, Rule]:
    if sentence.startswith("The "):
        body = sentence[len("The ") :]
        for ending in _EXISTS:
            if body.endswith(ending):
                name = quantity(body.removesuffix(ending))
                return name, Rule(kind(name), "unknown")
        subject, equals, right = body.partition(" equals ")
        if equals:
            name = quantity(subject)
            return name, _rule(kind(name), right)
    raise NotOfTheGrammar(f"not a fact of the grammar: {sentence[:120]!r}")


def _rule(of: Kind, right: str) -> Rule:
    if right.isascii() and right.isdecimal() and len(right) <= 12:
        return Rule(of, "constant", (), int(right))
    scale = _SCALE.fullmatch(right)
    if scale:
        rule = _operands(of, scale[3])
        return rule._replace(literal=int(scale[1]), join="+" if scale[2] == "plus" else "*")
    return _operands(of, right)


def _operands(of: Kind, text: str) -> Rule:
    if text.startswith("the sum of the "):
        names = [quantity(phrase) for phrase in _SEPARATOR.split(text[len("the sum of the ") :])]
        if len(names) >= 2:
            return Rule(of, "sum", tuple(names))
    elif text.startswith("the difference between the "):
        names = [quantity(phrase) for phrase in _SEPARATOR.split(text[len("the difference between the ") :])]
        if len(names) == 2:
            return Rule(of, "difference", tuple(names))
    elif text.startswith("the "):
        return Rule(of, "copy", (quantity(text[len("the ") :]),))
    raise NotOfTheGrammar(f"not a right-hand side of the grammar: {text[:120]!r}")


def kind(name: str) -> Kind:
    """Count, average or total by the name's words; a second total (d=3) is told apart by `totals`."""
    if name.startswith("average number of ") and " per " in name:
        return "average"
    return "total" if name.startswith("total number of ") else "count"


def totals(mentioned: Iterable[str]) -> dict[str, Rule]:
    """The rules of all totals among the names mentioned.

    The second total counts what the averages count, so its words contain theirs: "average number of nominations per
    ..." and "total number of movie nominations in ...".
    """
    names = list(mentioned)
    averages = {name.partition(" per ")[2]: name for name in names if kind(name) == "average"}
    counted = {_words(name.partition(" per ")[0].removeprefix("average number of ")) for name in averages.values()}
    members: dict[str, list[str]] = {}
    for name in names:
        if kind(name) == "count":
            members.setdefault(name.rpartition(" in ")[2], []).append(name)
    rules = {}
    for name in names:
        if kind(name) != "total":
            continue
        title, _, location = name.rpartition(" in ")
        counts = members.get(location, [])
        if not counts:
            continue  # a total of nothing: facts were lost
        if any(words <= _words(title.removeprefix("total number of ")) for words in counted):
            pairs = tuple(part for count in counts for part in (count, averages.get(count, f"average per {count}")))
            rules[name] = Rule("total3", "products", pairs)
        else:
            rules[name] = Rule("total", "total", tuple(counts))
    return rules


def _words(phrase: str) -> frozenset[str]:
    return frozenset(phrase.split())
