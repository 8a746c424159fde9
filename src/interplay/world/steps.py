"""What a solution is once it has been read: steps made of assignments, a tail, an answer; and how much of it is read.

The bounds keep reading and judging proportional to the text. They lie far above what a solution of the largest
problem needs (op 60: about 60 steps and 120 assignments); a text beyond them is not a solution.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from interplay.world.expression import Expression

MAX_CHARS = 1 << 16
MAX_STEPS = 512
MAX_ASSIGNMENTS = 2_048
MAX_SEGMENTS = 128
MAX_OPERATORS = 8_192
END_TOKENS = ("[EOS]", "<eos>", "</s>", "<|endoftext|>", "<|im_end|>", "[PAD]", "<pad>", "<|pad|>")
PREFACE = "The question is difficult, so we use equations to solve it."

Style = Literal["full", "terse"]


class Assignment(NamedTuple):
    """`target = segment = segment ...`; a segment that is not an expression is None.

    formula  the first segment's text
    mention  what a clause after the value names: F of `= 9, as F was found before`
    """

    target: str
    segments: tuple[Expression | None, ...]
    formula: str
    mention: str | None = None


# What a statement says wherever it stands: the first fields of a Step.
Definition = tuple[str, str, tuple[Assignment, ...] | None, bool]


class Step(NamedTuple):
    """The definition of one quantity, characters start to end of the text.

    letter       what the step calls its quantity; in the terse style the quantity's own name
    assignments  None when the step does not follow the grammar
    unknown      the step says that its quantity is x, and nothing else
    """

    name: str
    letter: str
    assignments: tuple[Assignment, ...] | None
    unknown: bool
    start: int
    end: int


LineKind = Literal["equation", "moved", "isolated", "divided", "solved"]


class Line(NamedTuple):
    """One line of the tail: sides that are said to be equal.

    kind      "equation" as it follows from the steps or simplified, "moved" to `E = 0`, "isolated" `C * x = M`,
              "divided" `x = M / C`, "solved" `x = N` (in the terse style `x = M / C = N`)
    quotient  M and C where the line has a bar
    divisor   the number that both sides are said to be divided by
    """

    kind: LineKind
    sides: tuple[Expression, ...]
    quotient: tuple[Expression, Expression] | None = None
    divisor: Expression | None = None


class Tail(NamedTuple):
    """How a reverse solution solves its equation.

    complete  every line of the format stands, in order
    known     `We know V = N` (the full style alone)
    lines     the lines that stand; none where one of them cannot be read
    """

    start: int
    end: int
    complete: bool
    known: tuple[str, Expression] | None
    lines: tuple[Line, ...]

    @property
    def solution(self) -> Expression | None:
        """N of the last line, x = N."""
        return self.lines[-1].sides[-1] if self.lines and self.lines[-1].kind == "solved" else None


class Trace(NamedTuple):
    """A solution's text, taken apart.

    answers       what stands in each answer slot of the text, in order; a proper solution has one
    closed        the text ends where a solution ends: after its answer
    open_tag      an answer tag was opened and not closed
    faulty_from   the character from which the text is not a solution any more (junk before, between or after), or None
    """

    style: Style
    steps: tuple[Step, ...]
    tail: Tail | None
    answers: tuple[str, ...]
    closed: bool
    faulty_from: int | None
    open_tag: bool = False
