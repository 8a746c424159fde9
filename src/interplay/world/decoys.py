"""Distractors: facts that the answer does not need, told like the others.

They are placed where they cannot become members of a needed total, use needed quantities and one another, and are well
defined and never negative. Their number is set apart from op, so that neither length nor clutter gives op away.
"""

from __future__ import annotations

from .shape import Shape, Uniform
from .values import Bounds, Numbers, Step, between


def add_distractors(shape: Shape, numbers: Numbers, bounds: Bounds, count: int, uniform: Uniform) -> None:
    """Place `count` more quantities, with their steps and values; the skeleton must have kept names for them."""
    depth = shape.limits.depth
    shape.limits = shape.limits._replace(spare=0)  # the names that were kept until now
    for _ in range(count):
        pool = len(shape.kinds)
        number = shape.new_plain(depth)
        assert number >= 0, "no name left for a distractor"
        step, value = _draw_step(numbers.values, pool, bounds, uniform)
        numbers.steps.append(step)
        numbers.values.append(value)
        numbers.slopes.append(0)


def _draw_step(values: list[int], pool: int, bounds: Bounds, uniform: Uniform) -> tuple[Step, int]:
    """A rule in the proportions of needed ones, over the first `pool` quantities; else a constant."""
    kind = uniform()
    low, high = bounds.numbers
    if kind > 0.35:
        a = int(uniform() * pool)
        literal = between(low, high, uniform)
        if kind < 0.55:
            return Step("copy", (a,), None, ""), values[a]
        if kind < 0.75:
            factor = between(*bounds.multipliers, uniform)
            if kind < 0.65 and values[a] * factor <= bounds.max_value:
                return Step("copy", (a,), factor, "*"), values[a] * factor
            if values[a] + literal <= bounds.max_value:
                return Step("copy", (a,), literal, "+"), values[a] + literal
        b = int(uniform() * pool)
        if a != b:
            total = values[a] + values[b]
            if kind < 0.88 and total <= bounds.max_value:
                if kind > 0.83 and total + literal <= bounds.max_value:
                    return Step("sum", (a, b), literal, "+"), total + literal
                return Step("sum", (a, b), None, ""), total
            if values[a] >= values[b]:
                return Step("difference", (a, b), None, ""), values[a] - values[b]
            return Step("difference", (b, a), None, ""), values[b] - values[a]
    literal = between(low, high, uniform)
    return Step("constant", (), literal, ""), literal
