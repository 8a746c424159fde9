"""Sampled solutions, cut into pieces so that the page can mark the first wrong step and keep the others quiet.

The text itself is never changed: joined, the pieces are what the model wrote. The page escapes every piece.
"""

from __future__ import annotations

from dataclasses import dataclass

from interplay.report import wording
from interplay.schema.sampled import Example

BROKEN = ("truncated", "not_parseable")  # faults of the whole text, which say more about a step than what it computes


@dataclass(frozen=True)
class Piece:
    """A stretch of the text. `mark` is "" outside the steps, else right, first (the first wrong step) or wrong."""

    text: str
    mark: str = ""
    name: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Sample:
    """One solution ready to be shown."""

    example: Example
    pieces: tuple[Piece, ...]
    verdict: str
    facts: tuple[str, ...]

    @property
    def marked(self) -> bool:
        """True when a step of the text carries the fault."""
        return any(piece.mark == "first" for piece in self.pieces)


def samples(examples: tuple[Example, ...]) -> list[Sample]:
    """All examples in the order of the record."""
    return [Sample(example, pieces(example), verdict(example), facts(example.problem)) for example in examples]


def pieces(example: Example) -> tuple[Piece, ...]:
    """The text, cut at the steps' ends."""
    found: list[Piece] = []
    position, met = 0, False
    for step in example.steps:
        if step.start > position:
            found.append(Piece(example.text[position : step.start]))
        mark = "right" if step.error is None else "wrong" if met else "first"
        met = met or step.error is not None
        error = example.error if mark == "first" and example.error in BROKEN else step.error
        found.append(Piece(example.text[step.start : step.end], mark, step.name, _reason(error)))
        position = step.end
    if position < len(example.text):
        found.append(Piece(example.text[position:]))
    return tuple(found)


def _reason(error: str | None) -> str:
    return "" if error is None else wording.ERRORS.get(error, wording.error_name(error))


def verdict(example: Example) -> str:
    """What the verifier says, in words."""
    if example.strict:
        return "strictly right"
    return "wrong" if example.error is None else wording.error_name(example.error)


def facts(problem: str) -> tuple[str, ...]:
    """The facts of the problem, one by one; they end in a full stop, with or without a blank before it."""
    parts = [part.strip(" .\n") for part in problem.replace(" . ", ". ").split(". ")]
    return tuple(f"{part}." for part in parts if part)
