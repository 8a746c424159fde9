"""The sentence style, taken apart: `Define NAME as V; A = b + d = 3 + 4 = 7; so V = 2 * A = 2 * 7 = 14.`

The text is cut at its fixed words ("Define ", ";", "=", the sentences of the tail), never searched by a pattern that
could start over, so the time is proportional to the length whatever the text is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from interplay.world.arithmetic import parse
from interplay.world.expression import Expression
from interplay.world.steps import (
    MAX_ASSIGNMENTS,
    MAX_SEGMENTS,
    MAX_STEPS,
    PREFACE,
    Assignment,
    Equation,
    Step,
    Tail,
)

_UNKNOWN = frozenset(
    f"we {verb} know its value yet{ending}"
    for verb in ("don't", "don’t", "do not")
    for ending in ("", " but will find it out later")
)
_PROSE = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CACHED_CHARS = 64
_TAIL = "We know "
_TAIL_MARKS = (
    ", so we have ",
    " and we solve it through the following steps: Simplifying the equation: ",
    ". Move all terms to one side: ",
    ". Isolate the term with x: ",
    ". Divide both sides by ",
    ": x = ",
    ". Solution: x = ",
)


def read_body(body: str, offset: int) -> tuple[tuple[Step, ...], Tail | None, int | None]:
    """Steps, tail and the place of the first fault; `offset` is where the body lies in the whole text."""
    definitions, mark, ending = body.partition(_TAIL)
    preamble, *chunks = definitions.split("Define ", MAX_STEPS)
    fault = None if preamble.strip() in ("", PREFACE) else offset
    steps: list[Step] = []
    position = offset + len(preamble)
    budget = MAX_ASSIGNMENTS
    for chunk in chunks:
        step = _step(chunk, position, budget)
        steps.append(step)
        position += len("Define ") + len(chunk)
        budget -= 1 if step.assignments is None else len(step.assignments)
    tail = _tail(ending, offset + len(definitions)) if mark else None
    return tuple(steps), tail, fault


def _step(chunk: str, start: int, budget: int) -> Step:
    stripped = chunk.rstrip()
    end = start + len("Define ") + len(stripped)
    head, *statements = stripped.removesuffix(".").split(";", budget + 1 if budget > 0 else 1)
    name, _, letter = head.rpartition(" as ")
    letter = letter.strip()
    if not (name and letter.isidentifier() and letter.isascii()) or len(statements) > budget:
        return Step(name, "", None, False, start, end)
    if len(statements) == 1 and statements[0].strip() in _UNKNOWN:
        return Step(name, letter, (), True, start, end)
    assignments = []
    for statement in statements:
        assignment = _assignment_cached(statement) if len(statement) <= _CACHED_CHARS else _assignment(statement)
        if assignment is None:
            return Step(name, letter, None, False, start, end)
        assignments.append(assignment)
    return Step(name, letter, tuple(assignments) or None, False, start, end)


def _assignment(statement: str) -> Assignment | None:
    target, *parts = statement.split("=", MAX_SEGMENTS)
    target = target.strip()
    if target.startswith("so "):
        target = target[3:].lstrip()
    if not (parts and target.isidentifier() and target.isascii()):
        return None
    segments = [parse(part) for part in parts]
    if segments[-1] is None:
        segments[-1] = parse(_without_prose(parts[-1]))
    return Assignment(target, tuple(segments))


# the samples of one problem repeat each other's statements
_assignment_cached = lru_cache(maxsize=1 << 13)(_assignment)


def _without_prose(segment: str) -> str:
    """Cut a clause in plain words, without a digit or an operator, off the end: `9, as F was found before`."""
    value, comma, prose = segment.partition(", ")
    if comma and len(prose) <= 200 and all(_PROSE.fullmatch(word) for word in prose.split()):
        return value
    return segment


def _tail(ending: str, start: int) -> Tail:
    """`We know V = N, so we have E = N and ...`; every sentence must be there, in this order."""
    rest = ending.rstrip()
    end = start + len(_TAIL) + len(rest)
    broken = Tail(start, end, False)
    rest = rest.removesuffix(".")
    parts = []
    for mark in _TAIL_MARKS:
        part, found, rest = rest.partition(mark)
        if not found:
            return broken
        parts.append(part)
    letter, equals, given_text = parts[0].partition("=")
    given = parse(given_text)
    equations = [_equation(part) for part in parts[1:5]]
    divisor, solution = parse(parts[5]), parse(rest)
    above, _, below = parts[6].partition("/")
    quotient = _pair(parse(above), parse(below))
    if not equals or given is None or divisor is None or solution is None or quotient is None:
        return broken
    sound = [equation for equation in equations if equation is not None]
    if len(sound) < len(equations):
        return broken
    return Tail(start, end, True, (letter.strip(), given), tuple(sound), sound[2], divisor, quotient, solution)


def _equation(text: str) -> Equation | None:
    left, _, right = text.partition("=")
    return _pair(parse(left), parse(right))


def _pair(a: Expression | None, b: Expression | None) -> Equation | None:
    return None if a is None or b is None else (a, b)
