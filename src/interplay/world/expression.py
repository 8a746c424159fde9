"""A sum of monomials and what it stands for: an exact value and a fingerprint of the formula.

An expression is valued twice at once. Its *value* is exact and linear in x. Its *fingerprint* is the same sum with
every quantity standing at a fixed pseudo-random point of the field of 2^61-1 elements: two formulas with one
fingerprint are the same polynomial (they collide with probability 2^-60), so `m + D - m` cannot pass for `D`, nor one
parent for another that happens to have the same value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

PRIME = 2**61 - 1
MAX_VALUE = 10**15
OUT_OF_RANGE = 10**40  # the slope of a value that is not linear in x or too large: equal to nothing that can be printed


class Meaning(NamedTuple):
    """What a name or a formula stands for: `slope * x + constant`, its fingerprint and its parents as a bit mask."""

    slope: int
    constant: int
    fingerprint: int = 0
    parents: int = 0


class Expression(NamedTuple):
    """A sum of monomials. Names that cancel stay, with coefficient 0: they were used all the same.

    simplified: it is a value as a solution prints it: a number, a multiple of one name, or one of each
    """

    constant: int
    linear: tuple[tuple[int, str], ...] = ()
    products: tuple[tuple[int, tuple[str, ...]], ...] = ()
    simplified: bool = False


def evaluate(expression: Expression, names: Mapping[str, Meaning]) -> Meaning | None:
    """What the expression stands for where the names stand for these things. None: a name is not defined."""
    constant, linear, products, _ = expression
    if not linear and not products:
        return Meaning(0, constant, constant, 0)
    slope, parents, fingerprint = 0, 0, constant
    for coefficient, name in linear:
        meaning = names.get(name)
        if meaning is None:
            return None
        slope += coefficient * meaning[0]
        constant += coefficient * meaning[1]
        fingerprint += coefficient * meaning[2]
        parents |= meaning[3]
    for coefficient, factors in products:
        product = Meaning(0, coefficient, coefficient, 0)
        for name in factors:
            meaning = names.get(name)
            if meaning is None:
                return None
            product = multiply(product, meaning)
        slope += product.slope
        constant += product.constant
        fingerprint += product.fingerprint
        parents |= product.parents
    if not (-MAX_VALUE <= slope <= MAX_VALUE and -MAX_VALUE <= constant <= MAX_VALUE):
        slope = OUT_OF_RANGE
    return Meaning(slope, constant, fingerprint % PRIME, parents)


def multiply(a: Meaning, b: Meaning) -> Meaning:
    """Product of two meanings; its slope is OUT_OF_RANGE where it would not be linear in x."""
    slope = OUT_OF_RANGE if a.slope and b.slope else a.slope * b.constant + b.slope * a.constant
    return Meaning(slope, a.constant * b.constant, a.fingerprint * b.fingerprint % PRIME, a.parents | b.parents)


def value(expression: Expression | None) -> tuple[int, int] | None:
    """(slope, constant) of an expression whose only name is x; None for any other."""
    if expression is None or expression.products:
        return None
    slope = 0
    for coefficient, name in expression.linear:
        if name != "x":
            return None
        slope += coefficient
    return slope, expression.constant


def number(expression: Expression | None) -> int | None:
    """The number that the expression is, written plainly; None for any other expression."""
    if expression is None or expression.linear or expression.products or not expression.simplified:
        return None
    return expression.constant
