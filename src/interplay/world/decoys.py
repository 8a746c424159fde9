"""Distractors: facts that the answer does not need, told like the others.

They are placed where they cannot become members of a needed total. They use needed quantities, one another, and totals
of their own, so that neither a rule's form nor a total being mentioned shows what is needed; they are well defined and
never negative. Their number is set apart from op, so that clutter does not give op away.
"""

from __future__ import annotations

from .graph import Combine
from .shape import Shape, Uniform
from .values import Bounds, Numbers, Step, between

CONSTANTS = 0.38  # share of constants among needed facts, at every op within 0.08


def add_distractors(shape: Shape, numbers: Numbers, bounds: Bounds, count: int, uniform: Uniform) -> None:
    """Place `count` more quantities, with steps and values; the skeleton has kept names for them."""
    known = list(range(len(shape.kinds)))
    shape.limits = shape.limits._replace(spare=0)  # the names that were kept until now
    subjects = [shape.new_plain(shape.limits.depth) for _ in range(count)]
    assert -1 not in subjects, "no name left for a distractor"
    for _ in subjects:
        _append(numbers, Step("constant", (), 0, ""), 0)
    for number in subjects:
        first, constant = known[int(uniform() * len(known))], uniform() < CONSTANTS
        if not constant and uniform() < shape.limits.totals:
            total = _total(shape, numbers, bounds, known, uniform)
            if total >= 0:
                first = total
                known.append(total)
        if constant:
            literal = between(*bounds.numbers, uniform)
            numbers.steps[number], numbers.values[number] = Step("constant", (), literal, ""), literal
        else:
            numbers.steps[number], numbers.values[number] = _derive(
                shape, numbers.values, known, first, bounds, uniform
            )
        known.append(number)


def _append(numbers: Numbers, step: Step, value: int) -> None:
    numbers.steps.append(step)
    numbers.values.append(value)
    numbers.slopes.append(0)


def _total(shape: Shape, numbers: Numbers, bounds: Bounds, known: list[int], uniform: Uniform) -> int:
    """A total that only a distractor needs, of a plain location whose counts are all known; -1 if there is none."""
    place = shape.plain[int(uniform() * len(shape.plain))]
    members = [other for other, location in enumerate(shape.places) if location == place]
    if any(other not in known or shape.kinds[other] != "count" for other in members):
        return -1
    value = sum([numbers.values[member] for member in members])
    if value > bounds.max_value:
        return -1
    total = shape.place("total", place, -1, shape.limits.depth)
    _append(numbers, Step("total", tuple(members), None, ""), value)
    return total


def _derive(
    shape: Shape, values: list[int], known: list[int], first: int, bounds: Bounds, uniform: Uniform
) -> tuple[Step, int]:
    """A rule that uses `first`, in about the proportions of needed ones; a copy where nothing else stays in bounds."""
    form = uniform()
    value = values[first]
    literal = between(*bounds.numbers, uniform)
    operands = [first]
    for _ in range(min(shape.limits.fan_in - 1, int(form > 0.6) + int(form > 0.9))):
        other = known[int(uniform() * len(known))]
        if other not in operands:
            operands.append(other)
            value += values[other]
    if len(operands) == 2 and (form < 0.6 + bounds.differences / 3 or value > bounds.max_value):
        a, b = operands if values[operands[0]] >= values[operands[1]] else operands[::-1]
        return Step("difference", (a, b), None, ""), values[a] - values[b]
    if value > bounds.max_value:
        return Step("copy", (first,), None, ""), values[first]
    combine: Combine = "copy" if len(operands) == 1 else "sum"
    scale = uniform()
    plain = len(operands) > 1 or shape.may_copy()
    if not plain:  # a literal it must have
        scale = 1.0 if scale < bounds.products else 0.0
    if scale < 0.6 * (1 - bounds.products) and value + literal <= bounds.max_value:
        return Step(combine, tuple(operands), literal, "+"), value + literal
    factor = between(*bounds.multipliers, uniform)
    if scale > 1 - bounds.products / 2 and value * factor <= bounds.max_value:
        return Step(combine, tuple(operands), factor, "*"), value * factor
    if not plain and value + literal <= bounds.max_value:
        return Step(combine, tuple(operands), literal, "+"), value + literal
    return Step(combine, tuple(operands), None, ""), value
