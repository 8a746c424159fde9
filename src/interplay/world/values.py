"""Numbers and operations for a skeleton, so that every value stays in bounds and a reverse problem has one solution.

Literals are drawn, then operations are chosen by what fits: a sum that would grow too large becomes a difference, a
factor becomes an addend. When the values still leave the bounds the literals are drawn again from a range that narrows
to its lower end, a fixed number of times; the skeleton, and with it op, never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .graph import Combine, Join
from .shape import Shape, Uniform

ROUNDS = 5


class Bounds(NamedTuple):
    """Inclusive ranges of literals, factors and the reverse unknown, the largest value allowed, and the shares of
    differences and of products where the other operation would fit too."""

    numbers: tuple[int, int]
    multipliers: tuple[int, int]
    unknown: tuple[int, int]
    max_value: int
    differences: float
    products: float


class Step(NamedTuple):
    """How one quantity is computed; operands in the order of the text."""

    combine: Combine
    operands: tuple[int, ...]
    literal: int | None
    join: Join


_UNSET = Step("constant", (), None, "")
_UNKNOWN = Step("unknown", (), None, "")


class Round(NamedTuple):
    """One round's ranges. Sums above `soft` become differences where they can; `turning` lets slopes go below zero."""

    bounds: Bounds
    soft: int
    turning: bool


class Numbers(NamedTuple):
    """Steps and true values by quantity, and the slope of each value in the unknown (zero in forward problems)."""

    steps: list[Step]
    values: list[int]
    slopes: list[int]


def shuffle(items: list[int], uniform: Uniform) -> None:
    """Shuffle in place from uniform numbers; several times as fast as `random.shuffle`."""
    for i in range(len(items) - 1, 0, -1):
        j = int(uniform() * (i + 1))
        items[i], items[j] = items[j], items[i]


def choose(count: int, pool: int, uniform: Uniform) -> list[int]:
    """`count` different numbers below `pool`, in random order."""
    items = list(range(pool))
    for i in range(count):
        j = i + int(uniform() * (pool - i))
        items[i], items[j] = items[j], items[i]
    return items[:count]


def between(low: int, high: int, uniform: Uniform) -> int:
    """A uniform integer in low..high."""
    return low + int(uniform() * (high - low + 1))


def assign(shape: Shape, bounds: Bounds, unknown: int, uniform: Uniform) -> Numbers | None:
    """Numbers for every quantity, or None when no round kept them in bounds. `unknown` is -1 in forward problems."""
    order = [number for row in reversed(shape.rows) for number in row]
    for index in range(ROUNDS):
        numbers = _attempt(shape, order, _round(bounds, index, shape), unknown, uniform)
        if numbers is not None and (unknown < 0 or numbers.slopes[0]):
            return numbers
    return None


def _round(bounds: Bounds, index: int, shape: Shape) -> Round:
    """The ranges of one round: later ones draw from the lower part, the last one from the two lowest numbers."""
    last = index == ROUNDS - 1
    # The more quantities there are, and where values are multiplied, the more room the later ones need.
    share = 1 + len(shape.kinds) // (4 if "total3" in shape.kinds else 8)
    soft = 1 if last else bounds.max_value // share >> index
    if index:

        def lower(span: tuple[int, int]) -> tuple[int, int]:
            low, high = span
            return low, (min(high, low + 1) if last else low + (high - low) // (2 * index))

        # The unknown keeps its range: it is the answer, and narrowing it would favour small answers.
        bounds = bounds._replace(numbers=lower(bounds.numbers), multipliers=lower(bounds.multipliers))
    return Round(bounds, soft, turning=index < 2)


def _attempt(shape: Shape, order: Sequence[int], round_: Round, unknown: int, uniform: Uniform) -> Numbers | None:
    """One pass from the constants up to the target; None as soon as a value leaves the bounds."""
    n = len(order)
    steps = [_UNSET] * n
    values, slopes = [0] * n, [0] * n
    bounds, max_value = round_.bounds, round_.bounds.max_value
    products = [shape.places[number] for number, kind in enumerate(shape.kinds) if kind == "total3"]
    for number in order:
        operands = shape.operands[number]
        if operands:
            step, value, slope = _derive(shape, number, values, slopes, round_, uniform)
        elif number == unknown:
            step, value, slope = _UNKNOWN, between(*bounds.unknown, uniform), 1
        else:
            span = bounds.multipliers if shape.places[number] in products else bounds.numbers
            value = between(*span, uniform)
            step, slope = Step("constant", (), value, ""), 0
        if not 0 < value <= max_value:
            return None
        steps[number], values[number], slopes[number] = step, value, slope
    return Numbers(steps, values, slopes)


def _derive(
    shape: Shape, number: int, values: list[int], slopes: list[int], round_: Round, uniform: Uniform
) -> tuple[Step, int, int]:
    """Operation and literal of a derived quantity; its value may still be out of bounds."""
    operands = shape.operands[number]
    kind, scaled = shape.kinds[number], shape.literals[number]
    combine: Combine = "total" if kind == "total" else "sum" if len(operands) > 1 else "copy"
    if len(operands) == 1 and not scaled:
        return Step(combine, (operands[0],), None, ""), values[operands[0]], slopes[operands[0]]
    if kind == "total3":
        return _products(operands, values, slopes, uniform)
    operands = operands[:]
    shuffle(operands, uniform)
    value = sum([values[operand] for operand in operands])
    slope = sum([slopes[operand] for operand in operands])
    if len(operands) == 2 and combine == "sum":
        a, b = operands if values[operands[0]] >= values[operands[1]] else operands[::-1]
        less, less_slope = values[a] - values[b], slopes[a] - slopes[b]
        # A difference must be positive, must not cancel the unknown, and in late rounds not turn its sign.
        possible = less > 0 and (less_slope != 0 or slopes[a] == 0) and (less_slope >= 0 or round_.turning)
        if possible and (
            uniform() < round_.bounds.differences or value > round_.soft or (slope == 0 and slopes[a] != 0)
        ):
            combine, operands, value, slope = "difference", [a, b], less, less_slope
    if not scaled:
        return Step(combine, tuple(operands), None, ""), value, slope
    bounds = round_.bounds
    factor = between(*bounds.multipliers, uniform)
    if uniform() < bounds.products and value * factor <= round_.soft:
        return Step(combine, tuple(operands), factor, "*"), value * factor, slope * factor
    low, high = bounds.numbers
    literal = between(low, max(low, min(high, bounds.max_value - value)), uniform)
    return Step(combine, tuple(operands), literal, "+"), value + literal, slope


def _products(operands: list[int], values: list[int], slopes: list[int], uniform: Uniform) -> tuple[Step, int, int]:
    """The second total: the sum of count times average over its pairs, at most one factor of a pair in the unknown."""
    places = list(range(0, len(operands), 2))
    shuffle(places, uniform)
    value = slope = 0
    shuffled: list[int] = []
    for place in places:
        count, average = pair = operands[place : place + 2]
        shuffled += pair
        value += values[count] * values[average]
        slope += slopes[count] * values[average] + slopes[average] * values[count]
    return Step("products", tuple(shuffled), None, ""), value, slope
