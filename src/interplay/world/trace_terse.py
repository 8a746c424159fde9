"""The compact style, taken apart: `NAME = 2 * ( NAME + NAME ) = 2 * ( 3 + 4 ) = 2 * 7 = 14 .`

No name contains an operator, a number, `=` or a `.` that ends a statement, so the text is cut at these, in time
proportional to its length; blanks around them are free, only a minus beside a name needs one. A quantity has no letter:
the step's own name stands for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

from interplay.world.arithmetic import MAX_CHARS, parse, parse_bare, parse_tokens
from interplay.world.clause import split_clause
from interplay.world.expression import Expression, value
from interplay.world.steps import MAX_SEGMENTS, MAX_STEPS, PREFACE, Assignment, Definition, Line, LineKind, Step, Tail

_CACHED_CHARS = 256
_KINDS: list[LineKind] = ["equation", "isolated", "solved"]
_VALUE_ENDS = frozenset("x)0123456789")
_END = re.compile(r" \.|(?<=[0-9x)])\.(?= |$)")
_BESIDE = r"\s0-9()*+/-"  # a minus next to none of these is a hyphen inside a name
# the operators come first: the search then skips to them; what was matched is no minus, or nothing of a name is beside it
_OPERATOR = re.compile(rf"([-+*/()](?:(?<!-)|(?<![^{_BESIDE}]-)|(?![^{_BESIDE}])))")


def read_body(body: str, offset: int) -> tuple[tuple[Step, ...], Tail | None, int | None]:
    """Steps, tail and the place of the first fault; `offset` is where the body lies in the whole text."""
    steps: list[Step] = []
    equations: list[list[str]] = []
    tail_start = end = position = offset
    fault = None
    limit = offset + len(body)
    preamble = len(body) - len(body.lstrip())
    if body.startswith(PREFACE, preamble):
        preamble += len(PREFACE)
        position += preamble
        body = body[preamble:]
    for statement, stop in _statements(body):
        start = position + len(statement) - len(statement.lstrip())
        position += stop
        if not statement or statement.isspace():
            continue
        end = min(position, limit)
        found = _statement_cached(statement) if len(statement) <= _CACHED_CHARS else _statement(statement)
        if isinstance(found, list):
            tail_start = tail_start if equations else start
            equations.append(found)
        elif equations:
            fault = start if fault is None else fault  # a step after the tail
        else:
            steps.append(Step(*found, start, end))
    tail = _tail(equations, tail_start, end) if equations else None
    return tuple(steps), tail, fault


def _statements(body: str) -> Iterable[tuple[str, int]]:
    """Each statement without its end mark, and its length with it. What lies beyond MAX_STEPS is one statement."""
    if body.count(".") == body.count(" ."):
        return [(statement, len(statement) + 2) for statement in body.split(" .", MAX_STEPS)]
    statements, position = [], 0
    for mark in islice(_END.finditer(body), MAX_STEPS):
        statements.append((body[position : mark.start()], mark.end() - position))
        position = mark.end()
    return [*statements, (body[position:], len(body) - position)]


def _statement(statement: str) -> Definition | list[str]:
    """What a step defines, or the sides of an equation."""
    left, *segments = statement.split("=", MAX_SEGMENTS)
    name = left.strip()
    if segments and name[-1:] in _VALUE_ENDS and value(parse(name)) is not None:
        return [left, *segments]
    return _definition(name, segments)


# the samples of one problem repeat each other's statements
_statement_cached = lru_cache(maxsize=1 << 12)(_statement)


def _definition(name: str, segments: list[str]) -> Definition:
    if not segments:
        return name, name, None, False
    if len(segments) == 1 and segments[0].strip() == "x":
        return name, name, (), True
    mention = None
    chain = [_formula_cached(segments[0]) if len(segments[0]) <= _CACHED_CHARS else _formula(segments[0])]
    chain += [parse(segment) for segment in segments[1:]]
    if None in chain:  # names may be left in any segment
        chain = [
            _segment_cached(segment) if found is None else found for found, segment in zip(chain, segments, strict=True)
        ]
        if chain[-1] is None:
            rest, mention = split_clause(segments[-1])
            chain[-1] = None if mention is None else _segment_cached(rest)
    return name, name, (Assignment(name, tuple(chain), segments[0], mention),), False


def _formula(text: str) -> Expression | None:
    return None if len(text) > MAX_CHARS else parse_tokens(tokens_of(text))


def tokens_of(text: str) -> list[str]:
    """Names contain blanks, so the operators are what cuts them apart."""
    return [token for piece in _OPERATOR.split(text) if (token := piece.strip())]


_formula_cached = lru_cache(maxsize=1 << 12)(_formula)


def _segment_cached(text: str) -> Expression | None:
    return _formula_cached(text) if len(text) <= _CACHED_CHARS else _formula(text)


def _tail(lines: list[list[str]], start: int, end: int) -> Tail:
    """`E = N .`, `C * x = M .`, `x = M / C = N .`, in this order; lines may be left out."""
    whole = len(lines) == len(_KINDS)
    kinds: list[LineKind] = _KINDS if whole else ["equation"] * len(lines)
    found = [_line(kind, sides) for kind, sides in zip(kinds, lines, strict=True)]
    known = [line for line in found if line is not None]
    if len(known) < len(found):
        return Tail(start, end, False, None, ())
    return Tail(start, end, whole and known[-1].quotient is not None, None, tuple(known))


def _line(kind: LineKind, sides: list[str]) -> Line | None:
    """A line with a bar is the last one, wherever it stands."""
    quotient = None
    if len(sides) == 3 and "/" in sides[1]:
        above, below = (parse_bare(side) for side in sides[1].partition("/")[::2])
        if above is None or below is None:
            return None
        kind, sides, quotient = "solved", [sides[0], sides[2]], (above, below)
    found = [side for text in sides if (side := parse_bare(text)) is not None]
    return Line(kind, tuple(found), quotient) if len(found) == len(sides) == 2 else None
