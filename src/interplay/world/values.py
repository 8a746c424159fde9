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
    """Inclusive ranges of literals, factors and the reverse unknown, and the largest value allowed."""

    numbers: tuple[int, int]
    multipliers: tuple[int, int]
    unknown: tuple[int, int]
    max_value: int


class Step(NamedTuple):
    """How one quantity is computed; operands in the order of the text."""

    combine: Combine
    operands: tuple[int, ...]
    literal: int | None
    join: Join


_UNSET = Step("constant", (), None, "")


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
    for round_ in range(ROUNDS):
        numbers = _attempt(shape, order, _narrowed(bounds, round_), unknown, round_, uniform)
        if numbers is not None and (unknown < 0 or numbers.slopes[0]):
            return numbers
    return None


def _narrowed(bounds: Bounds, round_: int) -> Bounds:
    """Later rounds draw from the lower part of every range; the last one from its two lowest numbers."""
    if not round_:
        return bounds

    def lower(span: tuple[int, int]) -> tuple[int, int]:
        low, high = span
        return low, (min(high, low + 1) if round_ == ROUNDS - 1 else low + (high - low) // (2 * round_))

    # The unknown keeps its range: it is the answer, and narrowing it would favour small answers.
    return Bounds(lower(bounds.numbers), lower(bounds.multipliers), bounds.unknown, bounds.max_value)


def _attempt(
    shape: Shape, order: Sequence[int], bounds: Bounds, unknown: int, round_: int, uniform: Uniform
) -> Numbers | None:
    """One pass from the constants up to the target; None as soon as a value leaves the bounds."""
    n = len(order)
    steps = [_UNSET] * n
    values, slopes = [0] * n, [0] * n
    max_value = bounds.max_value
    # Sums above it give way to differences: the more quantities still to come, the more room they need.
    products = [shape.places[number] for number, kind in enumerate(shape.kinds) if kind == "total3"]
    soft = max_value // (1 + n // (4 if products else 8)) >> round_ if round_ < ROUNDS - 1 else 1
    for number in order:
        operands = shape.operands[number]
        if not operands:
            if number == unknown:
                values[number], slopes[number] = between(*bounds.unknown, uniform), 1
                steps[number] = Step("unknown", (), None, "")
            else:
                factor = shape.kinds[number] == "average" or shape.places[number] in products
                span = bounds.multipliers if factor else bounds.numbers
                values[number] = literal = between(*span, uniform)
                steps[number] = Step("constant", (), literal, "")
        elif len(operands) == 1 and not shape.literals[number]:
            (parent,) = operands
            values[number], slopes[number] = values[parent], slopes[parent]
            combine: Combine = "total" if shape.kinds[number] == "total" else "copy"
            steps[number] = Step(combine, (parent,), None, "")
        else:
            step, value, slope = _derive(shape, number, values, slopes, bounds, soft, round_, uniform)
            if not 0 < value <= max_value:
                return None
            steps[number], values[number], slopes[number] = step, value, slope
        if values[number] > max_value:
            return None
    return Numbers(steps, values, slopes)


def _derive(
    shape: Shape,
    number: int,
    values: list[int],
    slopes: list[int],
    bounds: Bounds,
    soft: int,
    round_: int,
    uniform: Uniform,
) -> tuple[Step, int, int]:
    """Operation and literal of one quantity with two or more terms; its value and slope may still be out of bounds."""
    operands = shape.operands[number]
    kind = shape.kinds[number]
    if kind == "total3":
        return _products(operands, values, slopes)
    operands = operands[:]
    shuffle(operands, uniform)
    combine: Combine = "total" if kind == "total" else "sum"
    value, slope = 0, 0
    for operand in operands:
        value += values[operand]
        slope += slopes[operand]
    if len(operands) == 1:
        combine = "copy"
    elif len(operands) == 2 and combine == "sum":
        a, b = operands
        minus, minus_slope = values[a] - values[b], slopes[a] - slopes[b]
        if minus < 0:
            a, b, minus, minus_slope = b, a, -minus, -minus_slope
        # A difference must stay positive, must not cancel the unknown, and in late rounds not turn its sign.
        possible = minus > 0 and (minus_slope != 0 or slopes[a] == 0) and (minus_slope >= 0 or round_ < 2)
        if possible and (uniform() < 0.45 or value > soft or (slope == 0 and slopes[a] != 0)):
            combine, operands, value, slope = "difference", [a, b], minus, minus_slope
    if not shape.literals[number]:
        return Step(combine, tuple(operands), None, ""), value, slope
    factor = between(*bounds.multipliers, uniform)
    if uniform() < 0.5 and value * factor <= soft:
        return Step(combine, tuple(operands), factor, "*"), value * factor, slope * factor
    room = max(bounds.numbers[0], min(bounds.numbers[1], bounds.max_value - value))
    literal = between(bounds.numbers[0], room, uniform)
    return Step(combine, tuple(operands), literal, "+"), value + literal, slope


def _products(operands: list[int], values: list[int], slopes: list[int]) -> tuple[Step, int, int]:
    """The second total: the sum of count times average over its pairs, at most one factor of a pair in the unknown."""
    value = slope = 0
    for count, average in zip(operands[::2], operands[1::2], strict=True):
        value += values[count] * values[average]
        slope += slopes[count] * values[average] + slopes[average] * values[count]
    return Step("products", tuple(operands), None, ""), value, slope
