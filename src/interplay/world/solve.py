"""Solving a problem from its words alone, as a reader would: no graph, no gold solution.

This is the check on the generator. It shares nothing with the code that makes problems: it reads the sentences of
either style, gathers each total's members from what is mentioned, works the numbers out with exact fractions, and
counts the operations again. The vocabulary is given, since a reader knows that lions are animals.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from .context import Context


class Solution(NamedTuple):
    """The number asked for, and the op of the way to it."""

    answer: Fraction
    op: int


class Fact(NamedTuple):
    """`literal join (operands)`: sign is "-" for a difference; an unknown has neither literal nor operands."""

    literal: int | None = None
    join: str = ""
    sign: str = "+"
    operands: tuple[str, ...] = ()


Line = tuple[Fraction, Fraction]  # slope and constant: a value that may contain x


def solve(problem: str, question: str, context: Context) -> Solution:
    """Answer and op of a problem in either style. Raises ValueError when the text does not determine one answer."""
    if problem.startswith("The "):
        facts = [_read_sentence(sentence) for sentence in problem.strip().removesuffix(".").split(". ")]
        asked = _read_question(question)
    else:
        facts = [_read_equation(equation) for equation in problem.strip().removesuffix(" .").split(" . ")]
        asked = question.removesuffix(" ?")
    return _Solver(facts, asked, context).solve()


class _Solver:
    def __init__(self, facts: list[tuple[str, Fact]], asked: str, context: Context) -> None:
        self.asked = asked
        self.totals = {context.total, f"total number of {context.total}"}
        # A second total, and how the averages begin that it multiplies the counts with.
        self.totals3 = {
            context.average: f"{context.average} per ",
            f"total number of {context.average} of all {context.total}": f"average number of {context.average} per ",
        }
        mentioned = [name for subject, fact in facts for name in (subject, *fact.operands)]
        self.counts = list(dict.fromkeys(name for name in [*mentioned, asked] if self._is_count(name)))
        self.rules: dict[str, Fact] = {}
        self.given: tuple[str, int] | None = None
        stated = {subject for subject, fact in facts if fact.operands or fact.literal is None}
        for subject, fact in facts:
            is_value = fact.literal is not None and not fact.operands
            if is_value and (subject in stated or not (self._is_count(subject) or " per " in subject)):
                assert fact.literal is not None
                self._once(self.given is None, subject)
                self.given = (subject, fact.literal)
            else:
                self._once(subject not in self.rules, subject)
                self.rules[subject] = fact
        self.lines: dict[str, Line] = {}
        self.op = 0

    @staticmethod
    def _once(first: bool, subject: str) -> None:
        if not first:
            raise ValueError(f"{subject!r} is stated twice")

    def _is_count(self, name: str) -> bool:
        return " per " not in name and name.rpartition(" in ")[0] not in (*self.totals, *self.totals3)

    def solve(self) -> Solution:
        if self.given is None:
            slope, constant = self.line(self.asked)
            if slope:
                raise ValueError(f"{self.asked!r} depends on an unknown")
            return Solution(constant, self.op)
        subject, value = self.given
        slope, constant = self.line(subject)
        if not slope or self.rules.get(self.asked) != Fact():
            raise ValueError(f"the value of {subject!r} does not determine {self.asked!r}")
        return Solution((value - constant) / slope, self.op)

    def line(self, name: str, depth: int = 0) -> Line:
        """The value of a quantity; each one counts its operations when it is first needed."""
        if name in self.lines:
            return self.lines[name]
        if depth > 200:
            raise ValueError(f"{name!r} depends on itself")
        fact = self.rules.get(name)
        if fact is None:
            line = self._total(name, depth)
        elif not fact.operands:
            self.op += 1
            line = (Fraction(fact.literal is None), Fraction(fact.literal or 0))
        else:
            self.op += len(fact.operands) + (fact.literal is not None)
            sign = -1 if fact.sign == "-" else 1
            lines = [self.line(operand, depth + 1) for operand in fact.operands]
            line = _add([lines[0], *((sign * slope, sign * constant) for slope, constant in lines[1:])])
            if fact.join == "*":
                line = _times((Fraction(0), Fraction(fact.literal or 0)), line)
            elif fact.join == "+":
                line = (line[0], line[1] + (fact.literal or 0))
        self.lines[name] = line
        return line

    def _total(self, name: str, depth: int) -> Line:
        """A quantity that no fact defines: the sum over what the problem mentions of its location."""
        head, _, location = name.rpartition(" in ")
        members = [count for count in self.counts if count.rpartition(" in ")[2] == location]
        if not members or head not in (*self.totals, *self.totals3):
            raise ValueError(f"{name!r} is used but never defined")
        if head in self.totals:
            self.op += len(members)
            return _add([self.line(member, depth + 1) for member in members])
        self.op += 2 * len(members)
        prefix = self.totals3[head]
        return _add([_times(self.line(m, depth + 1), self.line(prefix + m, depth + 1)) for m in members])


def _add(lines: Iterable[Line]) -> Line:
    slopes, constants = zip(*lines, strict=True)
    return sum(slopes, Fraction(0)), sum(constants, Fraction(0))


def _times(a: Line, b: Line) -> Line:
    if a[0] and b[0]:
        raise ValueError("the unknown is squared")
    return a[0] * b[1] + b[0] * a[1], a[1] * b[1]


def _read_sentence(sentence: str) -> tuple[str, Fact]:
    """`The number of lion in Meadow equals 2 times the sum of ...`"""
    for ending in (" exists, and its number is greater than 0", " is greater than 0"):
        if sentence.endswith(ending):
            return _plain(sentence.removesuffix(ending)), Fact()
    subject, _, text = sentence.partition(" equals ")
    literal, join = None, ""
    for word, symbol in ((" plus ", "+"), (" times ", "*")):
        if word in text:
            number, _, text = text.partition(word)
            literal, join = int(number), symbol
    if text.isdigit():
        return _plain(subject), Fact(literal=int(text))
    sign = "-" if text.startswith("the difference between ") else "+"
    if text.startswith(("the difference between ", "the sum of ")):
        text = text.removeprefix("the difference between ").removeprefix("the sum of ")
        parts = text.replace(", and ", ", ").replace(" and ", ", ").split(", ")
    else:
        parts = [text]
    return _plain(subject), Fact(literal, join, sign, tuple(_plain(part) for part in parts))


def _plain(phrase: str) -> str:
    """The quantity's name without its article and "number of"."""
    return phrase.removeprefix("The ").removeprefix("the ").removeprefix("number of ")


def _read_question(question: str) -> str:
    if question.startswith("What is "):
        return _plain(question.removeprefix("What is ").removesuffix("?"))
    entity, _, location = question.removeprefix("How many ").removesuffix(" have?").partition(" does ")
    return f"{entity} in {location}"


def _read_equation(equation: str) -> tuple[str, Fact]:
    """`lion in Meadow = 2 * ( wolf in Pine + animals in Elm )`"""
    subject, _, text = equation.partition(" = ")
    if text == "x":
        return subject, Fact()
    if text.isdigit():
        return subject, Fact(literal=int(text))
    literal, join = None, ""
    first, _, rest = text.partition(" ")
    if first.isdigit():
        literal = int(first)
        join, _, text = rest.partition(" ")
        text = text.removeprefix("( ").removesuffix(" )")
    sign = "-" if " - " in text else "+"
    return subject, Fact(literal, join, sign, tuple(text.split(f" {sign} ")))
