"""The sentence style, taken apart: `Define NAME as V; A = b + d = 3 + 4 = 7; so V = 2 * A = 2 * 7 = 14.`

The text is cut at its fixed words ("Define ", ";", "=", the sentences of the tail), never searched by a pattern that
could start over, so the time is proportional to the length whatever the text is.
"""

from __future__ import annotations

from functools import lru_cache

from interplay.world.arithmetic import parse, parse_bare
from interplay.world.clause import split_clause
from interplay.world.expression import Expression
from interplay.world.steps import (
    MAX_ASSIGNMENTS,
    MAX_SEGMENTS,
    MAX_STEPS,
    PREFACE,
    Assignment,
    Definition,
    Line,
    LineKind,
    Step,
    Tail,
)

_UNKNOWN = frozenset(
    f"we {verb} know its value yet{ending}"
    for verb in ("don't", "don’t", "do not")
    for ending in ("", " but will find it out later")
)
_CACHED_CHARS = 64
_CACHED_STEP_CHARS = 256
_CACHED_TAIL_CHARS = 1_024
# The sentences of the tail, in their order, and what each of them holds.
_TAIL_MARKS: tuple[tuple[str, LineKind | None], ...] = (
    ("We know ", None),
    ("so we have ", "equation"),
    ("and we solve it through the following steps:", None),
    ("Simplifying the equation:", "equation"),
    ("Move all terms to one side:", "moved"),
    ("Isolate the term with x:", "isolated"),
    ("Divide both sides by ", "divided"),
    ("Solution:", "solved"),
)


def read_body(body: str, offset: int) -> tuple[tuple[Step, ...], Tail | None, int | None]:
    """Steps, tail and the place of the first fault; `offset` is where the body lies in the whole text."""
    tail_start = _tail_start(body)
    definitions = body[:tail_start]
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
    tail = _tail(body[tail_start:], offset + tail_start) if tail_start < len(body) else None
    return tuple(steps), tail, fault


def _step(chunk: str, start: int, budget: int) -> Step:
    """`budget` is how many assignments are still read in this text."""
    stripped = chunk.rstrip()
    is_short = len(stripped) <= _CACHED_STEP_CHARS and len(stripped) <= budget
    found = _definition_cached(stripped) if is_short else _definition(stripped, budget)
    return Step(*found, start, start + len("Define ") + len(stripped))


def _definition(text: str, budget: int) -> Definition:
    head, *statements = text.removesuffix(".").split(";", budget + 1 if budget > 0 else 1)
    name, _, letter = head.rpartition(" as ")
    letter = letter.strip()
    if not (name and letter.isidentifier() and letter.isascii()) or len(statements) > budget:
        return name, "", None, False
    if len(statements) == 1 and statements[0].strip() in _UNKNOWN:
        return name, letter, (), True
    if len(statements) == 1:  # most steps have one, and the step itself is remembered
        assignment = _assignment(statements[0])
        return name, letter, None if assignment is None else (assignment,), False
    assignments = []
    for statement in statements:
        assignment = _assignment_cached(statement) if len(statement) <= _CACHED_CHARS else _assignment(statement)
        if assignment is None:
            return name, letter, None, False
        assignments.append(assignment)
    return name, letter, tuple(assignments) or None, False


@lru_cache(maxsize=1 << 12)
def _definition_cached(text: str) -> Definition:
    """The samples of one problem repeat each other's steps. A text has fewer assignments than characters."""
    return _definition(text, len(text))


def _assignment(statement: str) -> Assignment | None:
    target, *parts = statement.split("=", MAX_SEGMENTS)
    target = target.strip()
    if target.startswith("so "):
        target = target[3:].lstrip()
    if not (parts and target.isidentifier() and target.isascii()):
        return None
    segments = [parse(part) for part in parts]
    mention = None
    if segments[-1] is None:
        value, mention = split_clause(parts[-1])
        segments[-1] = parse(value)
    return Assignment(target, tuple(segments), parts[0], mention)


# the samples of one problem repeat each other's statements
_assignment_cached = lru_cache(maxsize=1 << 13)(_assignment)


def _tail_start(body: str) -> int:
    """Where the first sentence of the tail begins; it comes after the last definition."""
    start = body.find(_TAIL_MARKS[0][0])
    if start >= 0:
        return start
    last = max(body.rfind("Define "), 0)
    if body.find(":", last) < 0 and body.find(_TAIL_MARKS[1][0], last) < 0:
        return len(body)  # all other marks hold a colon or are followed by one
    return min((at for mark, _ in _TAIL_MARKS if (at := body.find(mark, last)) >= 0), default=len(body))


def _tail(ending: str, start: int) -> Tail:
    """`We know V = N, so we have E = N and ...`: the sentences that stand, in their order; others may be left out."""
    stripped = ending.rstrip()
    found = _sentences_cached(stripped) if len(stripped) <= _CACHED_TAIL_CHARS else _sentences(stripped)
    return Tail(start, start + len(stripped), *found)


def _sentences(ending: str) -> tuple[bool, tuple[str, Expression] | None, tuple[Line, ...]]:
    """What a Tail says wherever it stands: its fields complete, known, lines."""
    rest = ending + " "
    parts: list[tuple[int, str]] = []
    position = 0
    for number, (mark, _) in enumerate(_TAIL_MARKS):
        at = rest.find(mark, position)
        if at >= 0:
            parts.append((number, rest[position:at]))
            position = at + len(mark)
    # each text goes with the mark before it; before the first mark there is nothing
    texts = [text for _, text in parts[1:]] + [rest[position:]]
    known: tuple[str, Expression] | None = None
    lines: list[Line] = []
    for (number, _), text in zip(parts, texts, strict=True):  # there is a mark: the ending begins with one
        text = text.strip()
        text = text[:-1] if text[-1:] in (".", ",") else text
        kind = _TAIL_MARKS[number][1]
        line = _line(kind, text) if kind else None
        if number == 0:
            letter, _, given_text = text.partition("=")
            given = parse(given_text)
            known = None if given is None else (letter.strip(), given)
        if (number == 0 and known is None) or (kind and line is None) or (not kind and number and text):
            return False, None, ()
        if line is not None:
            lines.append(line)
    return len(parts) == len(_TAIL_MARKS), known, tuple(lines)


# the samples of one problem end alike
_sentences_cached = lru_cache(maxsize=1 << 10)(_sentences)


def _line(kind: LineKind, text: str) -> Line | None:
    """`E = N`; `C: x = M / C`; `x = N`."""
    divisor = None
    if kind == "divided":
        before, _, text = text.partition(":")
        divisor = parse_bare(before)
        if divisor is None:
            return None
    left, _, right = text.partition("=")
    a = parse(left)
    if kind == "divided":
        above, below = (parse_bare(side) for side in right.partition("/")[::2])
        if a is None or above is None or below is None:
            return None
        return Line(kind, (a,), (above, below), divisor)
    b = parse_bare(right)
    return None if a is None or b is None else Line(kind, (a, b))
