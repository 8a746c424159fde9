"""A sum of monomials and what it stands for: an exact value and an exact formula.

An expression is read twice. Its *value* is linear in x. Its *form* is the polynomial in the quantities it was written
with, auxiliary letters expanded, so `m + D - m` cannot pass for `D`, nor one parent for another that happens to have the
same value. Two forms are compared term by term: no numbers can be chosen that make two different ones agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from interplay.world.graph import Rule

MAX_VALUE = 10**15
OUT_OF_RANGE = 10**40  # the slope of a value that is not linear in x or too large: equal to nothing that can be printed
MAX_TERM_WORK = 1 << 16  # terms moved while auxiliary letters are expanded, in one text
MAX_DEGREE = 8

# A polynomial in quantities: "" is the constant, a name is that quantity, a sorted tuple of names is their product.
# A quantity that cancels stays, with coefficient 0: it was used all the same.
Key = str | tuple[str, ...]
Form = dict[Key, int]
Meaning = tuple[int, int, str | Form]  # slope, constant, and the quantity or the form of an auxiliary letter
Value = tuple[int, int]  # slope and constant


class Expression(NamedTuple):
    """A sum of monomials. Names that cancel stay, with coefficient 0.

    simplified: it is a value as a solution prints it: a number, a multiple of one name, or one of each
    """

    constant: int
    linear: tuple[tuple[int, str], ...] = ()
    products: tuple[tuple[int, tuple[str, ...]], ...] = ()
    simplified: bool = False


class TooMuch(Exception):
    """A formula has more terms than any solution needs. Raised and caught between here and the reading of steps."""


class Work:
    """How many terms may still be moved for one text."""

    __slots__ = ("left",)

    def __init__(self, limit: int = MAX_TERM_WORK) -> None:
        self.left = limit

    def spend(self, terms: int) -> None:
        """Raises TooMuch when the text has used up what it may."""
        self.left -= terms
        if self.left < 0:
            raise TooMuch


def evaluate(expression: Expression, names: Mapping[str, Meaning]) -> Value | None:
    """The exact value where the names stand for these things. None: a name is not defined."""
    constant, linear, products, _ = expression
    slope = 0
    for coefficient, name in linear:
        meaning = names.get(name)
        if meaning is None:
            return None
        slope += coefficient * meaning[0]
        constant += coefficient * meaning[1]
    for coefficient, factors in products:
        a, b = 0, coefficient
        for name in factors:
            meaning = names.get(name)
            if meaning is None:
                return None
            a, b = times(a, b, meaning[0], meaning[1])
        slope += a
        constant += b
    if not (-MAX_VALUE <= slope <= MAX_VALUE and -MAX_VALUE <= constant <= MAX_VALUE):
        slope = OUT_OF_RANGE
    return slope, constant


def understand(expression: Expression, names: Mapping[str, Meaning], work: Work) -> tuple[int, int, Form] | None:
    """Value and form at once: slope, constant, polynomial. None: a name is not defined. Raises TooMuch."""
    constant, linear, products, _ = expression
    if products:
        found = evaluate(expression, names)
        return None if found is None else (*found, form_of(expression, names, work))
    form: Form = {"": constant} if constant else {}
    slope = 0
    for coefficient, name in linear:
        meaning = names.get(name)
        if meaning is None:
            return None
        of_x, of_1, inner = meaning
        slope += coefficient * of_x
        constant += coefficient * of_1
        if inner.__class__ is str:
            form[inner] = form.get(inner, 0) + coefficient
        else:
            work.spend(len(inner))
            for key, times_ in inner.items():  # type: ignore[union-attr]
                form[key] = form.get(key, 0) + coefficient * times_
    if "" in form and not form[""]:
        del form[""]
    if not (-MAX_VALUE <= slope <= MAX_VALUE and -MAX_VALUE <= constant <= MAX_VALUE):
        slope = OUT_OF_RANGE
    return slope, constant, form


def times(slope: int, constant: int, other_slope: int, other_constant: int) -> Value:
    """Product of two values; its slope is OUT_OF_RANGE where it would not be linear in x."""
    product = OUT_OF_RANGE if slope and other_slope else slope * other_constant + other_slope * constant
    return product, constant * other_constant


def form_of(expression: Expression, names: Mapping[str, Meaning], work: Work) -> Form:
    """The polynomial in quantities; every name must be defined. Raises TooMuch."""
    constant, linear, products, _ = expression
    form: Form = {"": constant} if constant else {}
    for coefficient, name in linear:
        inner = names[name][2]
        if inner.__class__ is str:
            form[inner] = form.get(inner, 0) + coefficient
        else:
            work.spend(len(inner))
            for key, times_ in inner.items():  # type: ignore[union-attr]
                form[key] = form.get(key, 0) + coefficient * times_
    for coefficient, factors in products:
        product: Form = {"": coefficient}
        for name in factors:
            inner = names[name][2]
            product = multiply(product, {inner: 1} if isinstance(inner, str) else inner, work)
        for key, times_ in product.items():
            form[key] = form.get(key, 0) + times_
    if form.get("", 1) == 0:
        del form[""]
    return form


def multiply(a: Form, b: Form, work: Work) -> Form:
    """Product of two forms. Raises TooMuch where it has a term of more than MAX_DEGREE factors, or too many terms."""
    work.spend(len(a) * len(b))
    product: Form = {}
    for key, times_ in a.items():
        for other, more in b.items():
            factors = _factors(key) + _factors(other)
            if len(factors) > MAX_DEGREE:
                raise TooMuch
            joined = tuple(sorted(factors)) if len(factors) > 1 else factors[0] if factors else ""
            product[joined] = product.get(joined, 0) + times_ * more
    return product


def _factors(key: Key) -> tuple[str, ...]:
    if isinstance(key, str):
        return (key,) if key else ()
    return key


def quantities(form: Form) -> set[str]:
    """The quantities a form is written with."""
    return {name for key in form for name in _factors(key)}


def rule_form(rule: Rule) -> Form:
    """The polynomial that a rule states, in its operands. The unknown has none: the empty form."""
    form: Form = {}
    if rule.combine == "products":
        for pair in zip(rule.operands[::2], rule.operands[1::2], strict=True):
            key = tuple(sorted(pair))
            form[key] = form.get(key, 0) + 1
        return form
    sign = -1 if rule.combine == "difference" else 1
    for place, name in enumerate(rule.operands):
        form[name] = form.get(name, 0) + (sign if place else 1)
    if rule.literal is None:
        return form
    if rule.join == "*":
        return {key: times_ * rule.literal for key, times_ in form.items()}
    return form | {"": rule.literal} if rule.literal else form


def value(expression: Expression | None) -> Value | None:
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
