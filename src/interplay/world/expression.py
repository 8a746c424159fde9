"""Arithmetic as a solution writes it, read into a sum of monomials and valued without ever being executed.

A solution comes from a model, so it is hostile until read: numbers have at most 12 digits, brackets nest at most
8 deep, a power does not exist, a product has at most three named factors, and a text costs time in proportion to its
length. What is outside these bounds is simply not an expression.

An expression is valued twice at once. Its *value* is exact and linear in x. Its *fingerprint* is the same sum with
every quantity standing at a fixed pseudo-random point of the field of 2^61-1 elements: two formulas with one
fingerprint are the same polynomial (they collide with probability 2^-60), so `m + D - m` cannot pass for `D`, nor one
parent for another that happens to have the same value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

PRIME = 2**61 - 1
MAX_DIGITS = 12
MAX_VALUE = 10**15
MAX_DEPTH = 8
MAX_TOKENS = 1_024
MAX_CHARS = 8_192  # of one expression
MAX_FACTORS = 3
MAX_PRODUCT_TERMS = 64
OUT_OF_RANGE = 10**40  # the slope of a value that is not linear in x or too large: equal to nothing that can be printed

_TOKEN = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+|[A-Za-z][A-Za-z0-9_]*|\S")
_CACHED_CHARS = 64
_OPERATORS = frozenset("+-*/()")
_DIGITS = frozenset("0123456789")


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


class _NotAnExpression(Exception):
    """Raised and caught in this file alone."""


def parse(text: str) -> Expression | None:
    """Read letters, numbers and + - * / ( ). None when the text is anything else.

    A division is read only where it leaves integers, a decimal only where it is one (`3.0`).
    """
    if len(text) <= _CACHED_CHARS:
        return _parse_cached(text)
    return _parse(text) if len(text) <= MAX_CHARS else None


def parse_tokens(tokens: list[str]) -> Expression | None:
    """Read tokens that somebody else separated; whatever is not a number or an operator is a name."""
    if not tokens or len(tokens) > MAX_TOKENS:
        return None
    try:
        return _Reader(tokens).whole()
    except _NotAnExpression:
        return None


def _parse(text: str) -> Expression | None:
    tokens = _TOKEN.findall(text)
    if "." in tokens:
        tokens = _without_zero_decimals(text)
    for token in tokens:
        if token not in _OPERATORS and not (token[0].isascii() and token[0].isalnum()):
            return None
    return parse_tokens(tokens)


_parse_cached = lru_cache(maxsize=1 << 14)(_parse)


def _without_zero_decimals(text: str) -> list[str]:
    return _TOKEN.findall(re.sub(r"(?<=[0-9])\.0+(?![0-9.])", "", text))




class _Reader:
    """Recursive descent over tokens. A sum is a dict from the names of a monomial to its coefficient."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    def whole(self) -> Expression:
        terms, simplified = self.sum()
        if self.position != len(self.tokens):
            raise _NotAnExpression
        linear = tuple((coefficient, names[0]) for names, coefficient in terms.items() if len(names) == 1)
        products = tuple((coefficient, names) for names, coefficient in terms.items() if len(names) > 1)
        return Expression(terms.get((), 0), linear, products, simplified)

    def sum(self) -> tuple[dict[tuple[str, ...], int], bool]:
        """Terms joined by + and -, and whether they are a simplified value."""
        tokens, total, kinds = self.tokens, dict[tuple[str, ...], int](), ""
        sign = 1
        while True:
            terms, kind = self.term()
            if len(kinds) < 3:
                kinds += kind
            for names, coefficient in terms.items():
                total[names] = total.get(names, 0) + sign * coefficient
            if self.position >= len(tokens) or tokens[self.position] not in ("+", "-"):
                return total, kinds in ("n", "v", "nv", "vn")
            sign = 1 if tokens[self.position] == "+" else -1
            self.position += 1

    def term(self) -> tuple[dict[tuple[str, ...], int], str]:
        """Kind "n" is a number, "v" one name or its multiple, "o" all else. Constants are multiplied in at the end,
        so that a long chain of them does not walk over the terms each time."""
        terms, kind = self.factor()
        if self.position >= len(self.tokens) or self.tokens[self.position] not in ("*", "/"):
            return terms, kind
        scale, divisor = 1, 1
        while self.position < len(self.tokens) and self.tokens[self.position] in ("*", "/"):
            operator = self.tokens[self.position]
            self.position += 1
            other, other_kind = self.factor()
            number = other.get((), 0) if len(other) == 1 and () in other else None
            if operator == "/":
                if number is None or number == 0:
                    raise _NotAnExpression
                divisor, kind = divisor * number, "o"
            elif number is not None:
                scale, kind = scale * number, "v" if kind == "v" and other_kind == "n" else "o"
            elif len(terms) == 1 and () in terms:
                scale, terms, kind = scale * terms[()], other, "v" if kind == "n" and other_kind == "v" else "o"
            else:
                terms, kind = _product(terms, other), "o"
            if abs(scale) > MAX_VALUE or abs(divisor) > MAX_VALUE:
                raise _NotAnExpression
        if scale != 1 or divisor != 1:
            terms = {names: _scaled(coefficient, scale, divisor) for names, coefficient in terms.items()}
        return terms, kind

    def factor(self) -> tuple[dict[tuple[str, ...], int], str]:
        if self.position >= len(self.tokens):
            raise _NotAnExpression
        token = self.tokens[self.position]
        self.position += 1
        if token[0] in _DIGITS:
            return {(): _integer(token)}, "n"
        if token not in _OPERATORS:
            return {(token,): 1}, "v"
        if token == "-":
            if self.position < len(self.tokens) and self.tokens[self.position] == "-":
                raise _NotAnExpression
            terms, kind = self.factor()
            return {names: -coefficient for names, coefficient in terms.items()}, kind
        if token != "(":
            raise _NotAnExpression
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _NotAnExpression
        terms, _ = self.sum()
        if self.position >= len(self.tokens) or self.tokens[self.position] != ")":
            raise _NotAnExpression
        self.position += 1
        self.depth -= 1
        return terms, "o"


def _integer(token: str) -> int:
    digits = token.replace(",", "")
    if len(digits) > MAX_DIGITS or not (digits.isascii() and digits.isdecimal()):
        raise _NotAnExpression
    return int(digits)


def _scaled(coefficient: int, scale: int, divisor: int) -> int:
    quotient, rest = divmod(coefficient * scale, divisor)
    if rest or abs(quotient) > MAX_VALUE:
        raise _NotAnExpression
    return quotient


def _product(a: dict[tuple[str, ...], int], b: dict[tuple[str, ...], int]) -> dict[tuple[str, ...], int]:
    if len(a) * len(b) > MAX_PRODUCT_TERMS:
        raise _NotAnExpression
    product: dict[tuple[str, ...], int] = {}
    for names, coefficient in a.items():
        for more_names, more in b.items():
            monomial = tuple(sorted(names + more_names))
            if len(monomial) > MAX_FACTORS or abs(coefficient * more) > MAX_VALUE:
                raise _NotAnExpression
            product[monomial] = product.get(monomial, 0) + coefficient * more
    return product


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
