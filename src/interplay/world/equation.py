"""The tail of a reverse solution: is the equation the right one, and is it solved rightly?

By `strict` every line of the format stands, and the first is the derived value of the given quantity and its stated
value. By `sound` lines may be left out: each that stands must have the solution, and say nothing false.
"""

from __future__ import annotations

from interplay.world.expression import Expression, number, value
from interplay.world.graph import Graph
from interplay.world.reference import Node
from interplay.world.steps import Line, Tail

Faults = tuple[str | None, str | None]


def judge(tail: Tail, target: Node, graph: Graph, about: str | None) -> Faults:
    """The first fault by `strict` and by `sound`. `about` is the quantity whose value the tail says is known."""
    if graph.given is None or not tail.lines:
        return "not_parseable", "not_parseable"
    fault = None
    if about != target.name:
        fault = "undefined_variable" if about is None else "wrong_parent"
    elif tail.known is not None and number(tail.known[1]) != graph.given:
        fault = "wrong_value"
    unsound = fault or _false_line(tail.lines, graph.answer)
    if not tail.complete:
        return "not_parseable", unsound
    return fault or _another_equation(tail.lines[0], target, graph.given) or unsound, unsound


def _another_equation(line: Line, target: Node, given: int) -> str | None:
    """The first line is the value of the given quantity and its stated value."""
    sides = [value(side) for side in line.sides]
    derived = target.meaning[:2]
    return None if sides in ([derived, (0, given)], [(0, given), derived]) else "false_equality"


def _false_line(lines: tuple[Line, ...], answer: int) -> str | None:
    """A line has two sides, a division only its left one beside the bar."""
    isolated: tuple[int, int] | None = None
    for line in lines:
        found = [v for side in line.sides if (v := value(side)) is not None]
        if len(found) < len(line.sides):
            return "undefined_variable"
        if len(found) == 2 and not _has_root(found[0], found[1], answer):
            return "false_equality"
        if line.kind == "moved" and found[1] != (0, 0):
            return "false_equality"
        if line.kind == "isolated":
            if found[0][1] or number(line.sides[1]) is None:
                return "false_equality"
            isolated = found[1][1], found[0][0]
        if line.quotient is not None and not _divides(line, isolated, answer):
            return "false_equality"
        if line.kind == "solved" and (found[0] != (1, 0) or number(line.sides[-1]) != answer):
            return "false_equality"
    return None


def _has_root(a: tuple[int, int], b: tuple[int, int], answer: int) -> bool:
    """The equation a = b has this solution and no other."""
    slope = a[0] - b[0]
    return slope != 0 and slope * answer + a[1] - b[1] == 0


def _divides(line: Line, isolated: tuple[int, int] | None, answer: int) -> bool:
    """x = M / C: the division is the one announced, of the line before it, and gives the answer."""
    assert line.quotient is not None, "a line without a bar"
    above, below = _constant(line.quotient[0]), _constant(line.quotient[1])
    if above is None or not below or above != answer * below:
        return False
    if line.divisor is not None and _constant(line.divisor) != below:
        return False
    return isolated is None or isolated == (above, below)


def _constant(expression: Expression) -> int | None:
    """A number, brackets round it allowed."""
    return None if expression.linear or expression.products else expression.constant
