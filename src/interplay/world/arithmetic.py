"""Arithmetic as a solution writes it, read into a sum of monomials without ever being executed.

A solution comes from a model, so it is hostile until read: numbers have at most 12 digits, brackets nest at most
32 deep, a power does not exist, a product has at most eight named factors, and a text costs time in proportion to its
length. What is outside these bounds is simply not an expression.
"""

from __future__ import annotations

import re
from functools import lru_cache

from interplay.world.expression import MAX_VALUE, Expression

MAX_DIGITS = 12
MAX_DEPTH = 32
MAX_TOKENS = 1_024
MAX_CHARS = 8_192  # of one expression
MAX_FACTORS = 8
MAX_PRODUCT_TERMS = 64

Sum = dict[tuple[str, ...], int]  # the names of each monomial, and its coefficient

_TOKEN = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+|[A-Za-z][A-Za-z0-9_]*|\S")
_NUMBER = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.0+)?")
_CACHED_CHARS = 64
_OPERATORS = frozenset("+-*/()")
_FINISHED = frozenset(("n", "v", "m", "nv", "vn", "nm", "mn"))  # kinds of terms of a simplified value
_TIMES = frozenset("*/")
_NOT_PLAIN = _OPERATORS | {""}
_DIGITS = frozenset("0123456789")
# Of nothing but these every token is a letter, a number or an operator, so none needs to be looked at.
_PLAIN = re.compile(r"[A-Za-z0-9+\-*/() ]*")


class _NotAnExpression(Exception):
    """Raised and caught in this file alone."""


def parse(text: str) -> Expression | None:
    """Read letters, numbers and + - * / ( ). None when the text is anything else.

    A division is read only where it leaves integers, a decimal only where it is one (`3.0`).
    """
    if len(text) <= _CACHED_CHARS:
        return _parse_cached(text)
    return _parse(text) if len(text) <= MAX_CHARS else None


def parse_bare(text: str) -> Expression | None:
    """The same for a side of an equation; brackets round the whole of it say nothing."""
    if "(" not in text:
        return parse(text)
    plain = text.strip()
    inner = plain[1:-1]
    return parse(inner if plain[:1] == "(" and plain[-1:] == ")" and not ("(" in inner or ")" in inner) else plain)


def parse_tokens(tokens: list[str]) -> Expression | None:
    """Read tokens that somebody else separated; whatever is not a number or an operator is a name."""
    if not tokens or len(tokens) > MAX_TOKENS:
        return None
    try:
        return _Reader(tokens).whole()
    except _NotAnExpression:
        return None


def _parse(text: str) -> Expression | None:
    plain = text.strip()
    if len(plain) <= MAX_DIGITS and plain.isascii() and plain.isdecimal():  # most segments are one number
        return Expression(int(plain), (), (), True)
    if plain.isalnum() and plain.isascii() and plain[0] not in _DIGITS:  # or one name
        return Expression(0, ((1, plain),), (), True)
    tokens = tokens_of(text)
    return None if tokens is None else parse_tokens(tokens)


def tokens_of(text: str) -> list[str] | None:
    """Letters, numbers and operators; None when there is anything else."""
    tokens = _TOKEN.findall(text)
    if _PLAIN.fullmatch(text):
        return tokens
    if "." in tokens:
        tokens = _without_zero_decimals(text)
    for token in tokens:
        if token not in _OPERATORS and not (token[0].isascii() and token[0].isalnum()):
            return None
    return tokens


def parse_symbols(tokens: list[str] | None) -> Expression | None:
    """Read a formula in which every number is kept as a name of its own: 3 is "#3". None also where it divides."""
    try:
        return None if tokens is None else parse_tokens([f"#{_integer(t)}" if t[0] in _DIGITS else t for t in tokens])
    except _NotAnExpression:
        return None


_parse_cached = lru_cache(maxsize=1 << 14)(_parse)


def _without_zero_decimals(text: str) -> list[str]:
    return _TOKEN.findall(re.sub(r"(?<=[0-9])\.0+(?![0-9.])", "", text))


class _Reader:
    """Recursive descent over tokens. A sum is a dict from the names of a monomial to its coefficient."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = [*tokens, "", ""]  # an empty token is the end: whoever looks one ahead finds something
        self.position = 0
        self.depth = 0

    def whole(self) -> Expression:
        terms, simplified = self.sum()
        if self.tokens[self.position]:
            raise _NotAnExpression
        constant = terms.pop((), 0)
        if not terms:
            return Expression(constant, (), (), simplified)
        linear = tuple([(coefficient, names[0]) for names, coefficient in terms.items() if len(names) == 1])
        if len(linear) == len(terms):
            return Expression(constant, linear, (), simplified)
        products = tuple([(coefficient, names) for names, coefficient in terms.items() if len(names) > 1])
        return Expression(constant, linear, products, simplified)

    def sum(self) -> tuple[Sum, bool]:
        """Terms joined by + and -, and whether they are a simplified value."""
        tokens, total, kinds = self.tokens, Sum(), ""
        sign = 1
        while True:
            token = tokens[self.position]
            if token not in _NOT_PLAIN and tokens[self.position + 1] not in _TIMES:  # most terms are one token
                self.position += 1
                names: tuple[str, ...]
                if token[0] in _DIGITS:
                    names, coefficient, kind = (), _integer(token), "n"
                else:
                    names, coefficient, kind = (token,), 1, "v"
                total[names] = total.get(names, 0) + sign * coefficient
            else:
                terms, kind = self.term()
                for names, coefficient in terms.items():
                    total[names] = total.get(names, 0) + sign * coefficient
            if len(kinds) < 3:
                kinds += kind
            joint = tokens[self.position]
            if joint == "+":
                sign = 1
            elif joint == "-":
                sign = -1
            else:
                return total, kinds in _FINISHED
            self.position += 1

    def term(self) -> tuple[Sum, str]:
        """Kind "n" is a number, "v" one name, "m" a number times one name, "o" all else. Constants are multiplied in at
        the end, so that a long chain of them does not walk over the terms each time."""
        terms, kind = self.factor()
        operator = self.tokens[self.position]
        if operator not in _TIMES:
            return terms, kind
        scale, divisor = 1, 1
        while operator in _TIMES:
            self.position += 1
            other, other_kind = self.factor()
            number = other.get((), 0) if len(other) == 1 and () in other else None
            if operator == "/":
                if number is None or number == 0:
                    raise _NotAnExpression
                divisor, kind = divisor * number, "o"
            elif number is not None:
                scale, kind = scale * number, "m" if kind == "v" and other_kind == "n" else "o"
            elif len(terms) == 1 and () in terms:
                scale, terms, kind = scale * terms[()], other, "m" if kind == "n" and other_kind == "v" else "o"
            else:
                terms, kind = _product(terms, other), "o"
            if not -MAX_VALUE <= scale <= MAX_VALUE or not -MAX_VALUE <= divisor <= MAX_VALUE:
                raise _NotAnExpression
            operator = self.tokens[self.position]
        if scale != 1 or divisor != 1:
            terms = {names: _scaled(coefficient, scale, divisor) for names, coefficient in terms.items()}
        return terms, kind

    def factor(self) -> tuple[Sum, str]:
        token = self.tokens[self.position]
        if not token:
            raise _NotAnExpression
        self.position += 1
        if token[0] in _DIGITS:
            return {(): _integer(token)}, "n"
        if token not in _OPERATORS:
            return {(token,): 1}, "v"
        if token == "-":
            if self.tokens[self.position] == "-":
                raise _NotAnExpression
            terms, kind = self.factor()
            return {names: -coefficient for names, coefficient in terms.items()}, kind
        if token != "(":
            raise _NotAnExpression
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _NotAnExpression
        terms, _ = self.sum()
        if self.tokens[self.position] != ")":
            raise _NotAnExpression
        self.position += 1
        self.depth -= 1
        return terms, "o"


def _integer(token: str) -> int:
    if len(token) <= MAX_DIGITS and token.isascii() and token.isdecimal():
        return int(token)
    match = _NUMBER.fullmatch(token)
    digits = match[1].replace(",", "") if match else ""
    if not 0 < len(digits) <= MAX_DIGITS:
        raise _NotAnExpression
    return int(digits)


def _scaled(coefficient: int, scale: int, divisor: int) -> int:
    quotient, rest = (coefficient * scale, 0) if divisor == 1 else divmod(coefficient * scale, divisor)
    if rest or not -MAX_VALUE <= quotient <= MAX_VALUE:
        raise _NotAnExpression
    return quotient


def _product(a: Sum, b: Sum) -> Sum:
    if len(a) * len(b) > MAX_PRODUCT_TERMS:
        raise _NotAnExpression
    product: Sum = {}
    for names, coefficient in a.items():
        for more_names, more in b.items():
            monomial = tuple(sorted(names + more_names))
            if len(monomial) > MAX_FACTORS or abs(coefficient * more) > MAX_VALUE:
                raise _NotAnExpression
            product[monomial] = product.get(monomial, 0) + coefficient * more
    return product
