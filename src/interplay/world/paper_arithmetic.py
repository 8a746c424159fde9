"""Plain arithmetic as the paper's released rule computes it: floating point, letters by their last value, + - * / ( ).

Nothing is executed. What the released rule would have computed with a power is refused here: `9**9**9` has no value.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from string import ascii_letters
from typing import NamedTuple

MAX_DEPTH = 60
MAX_CHARS = 4_096
_TOKEN = re.compile(r"[0-9]+|//|\*\*|[A-Za-z_]\w*|[-+*/()]|\S")
_PRIORITY = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "sign": 3, "negative": 3}
_APPLY = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
}
_LONGEST_NUMBER = 300
_LETTERS = frozenset(ascii_letters)


class _Stacks(NamedTuple):
    values: list[int | float]
    operators: list[str]


def calculate(text: str, letters: Mapping[str, float]) -> float | None:
    """The value of an expression, or None where it has none."""
    if text.isascii() and text.isdecimal():
        plain = len(text) <= _LONGEST_NUMBER and (text[0] != "0" or not text.strip("0"))
        return float(text) if plain else None
    if len(text) > MAX_CHARS or not (_LETTERS & set(text)) <= letters.keys():
        return None
    if "\n" in text and not _newlines_are_bracketed(text):
        return None
    try:
        return _calculate(text, letters)
    except (ArithmeticError, ValueError):
        return None


def _newlines_are_bracketed(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "\n" and depth == 0:
            return False
    return True


def _calculate(text: str, letters: Mapping[str, float]) -> float | None:
    """Two stacks: values, and operators that wait for their right side. A number must follow an operator and so on."""
    stacks = _Stacks([], [])
    depth = 0
    expecting = True  # an operand comes next
    for token in _TOKEN.findall(text):
        if token in ("+", "-") and expecting:
            stacks.operators.append("negative" if token == "-" else "sign")
        elif token in _APPLY and not expecting:
            _settle(stacks, _PRIORITY[token])
            stacks.operators.append(token)
            expecting = True
        elif token == "(" and expecting:
            depth += 1
            stacks.operators.append(token)
        elif token == ")" and not expecting and depth:
            depth -= 1
            _settle(stacks, 0)
            stacks.operators.pop()
        elif expecting and (value := _operand(token, letters)) is not None:
            stacks.values.append(value)
            expecting = False
        else:
            return None
        if depth > MAX_DEPTH:
            return None
    if expecting or depth:
        return None
    _settle(stacks, 0)
    return float(stacks.values[0])


def _operand(token: str, letters: Mapping[str, float]) -> int | float | None:
    if token[0] in "0123456789":
        leading_zero = token[0] == "0" and token.strip("0")
        return None if leading_zero or len(token) > _LONGEST_NUMBER else int(token)
    value = letters.get(token)
    return None if value is None or abs(value) >= 1e16 else value  # larger ones are spelled with an exponent


def _settle(stacks: _Stacks, priority: int) -> None:
    """Apply the waiting operators that bind at least so strongly, up to the last open bracket."""
    values, operators = stacks
    while operators and operators[-1] != "(" and _PRIORITY[operators[-1]] >= priority:
        name = operators.pop()
        if name == "negative":
            values[-1] = -values[-1]
        elif name != "sign":
            right = values.pop()
            values[-1] = _APPLY[name](values[-1], right)
            if abs(values[-1]) > 1e300:
                raise OverflowError
