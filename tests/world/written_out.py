"""Two small problems whose every word is written out, and ways to change a solution."""

from __future__ import annotations

from interplay.world.graph import Graph, Rule
from interplay.world.verify import Reference, Verdict, verify

FORWARD = Graph(
    mode="forward",
    d=2,
    rules={
        "private school in Brill": Rule("count", "sum", ("elementary school in Ash", "public school in Ash"), 2, "*"),
        "elementary school in Ash": Rule("count", "constant", (), 3),
        "public school in Ash": Rule("count", "copy", ("elementary school in Ash",)),
        "music school in Brill": Rule("count", "copy", ("public school in Ash",), 3, "+"),
        "music school in Crane": Rule(
            "count", "difference", ("music school in Brill", "elementary school in Ash"), 4, "+"
        ),
        "art school in Crane": Rule("count", "sum", ("public school in Ash", "total number of schools in Brill")),
        "total number of schools in Brill": Rule(
            "total", "total", ("private school in Brill", "music school in Brill")
        ),
    },
    order=(
        "elementary school in Ash",
        "public school in Ash",
        "music school in Brill",
        "private school in Brill",
        "total number of schools in Brill",
    ),
    target="total number of schools in Brill",
    answer=18,
)
STEPS = {
    "F": "Define elementary school in Ash as F; so F = 3.",
    "m": "Define public school in Ash as m; so m = F = 3.",
    "D": "Define music school in Brill as D; p = m = 3; so D = 3 + p = 3 + 3 = 6.",
    "B": "Define private school in Brill as B; A = F + m = 3 + 3 = 6; so B = 2 * A = 2 * 6 = 12.",
    "K": "Define total number of schools in Brill as K; so K = B + D = 12 + 6 = 18.",
}
SOLUTION = " ".join(STEPS.values()) + " Answer: 18."
TERSE_STEPS = (
    "elementary school in Ash = 3 .",
    "public school in Ash = elementary school in Ash = 3 .",
    "music school in Brill = 3 + public school in Ash = 3 + 3 = 6 .",
    "private school in Brill = 2 * ( elementary school in Ash + public school in Ash ) = 2 * ( 3 + 3 ) = 2 * 6 = 12 .",
    "total number of schools in Brill = private school in Brill + music school in Brill = 12 + 6 = 18 .",
)
TERSE = " ".join(TERSE_STEPS) + " Answer: 18."

REVERSE = Graph(
    mode="reverse",
    d=2,
    rules={
        "owl in Moor": Rule("count", "unknown"),
        "hare in Moor": Rule("count", "copy", ("owl in Moor",), 4, "+"),
        "animals in Moor": Rule("total", "total", ("owl in Moor", "hare in Moor")),
        "owl in Fen": Rule("count", "copy", ("animals in Moor",), 3, "*"),
    },
    order=("owl in Moor", "hare in Moor", "animals in Moor", "owl in Fen"),
    target="owl in Fen",
    answer=5,
    unknown="owl in Moor",
    given=42,
)
REVERSE_TAIL = (
    "We know z = 42, so we have 6*x + 12 = 42 and we solve it through the following steps: Simplifying the equation: "
    "6*x + 12 = 42. Move all terms to one side: 6*x - 30 = 0. Isolate the term with x: 6*x = 30. Divide both sides by "
    "6: x = 30 / 6. Solution: x = 5."
)
REVERSE_STEPS = (
    "Define owl in Moor as x; we don't know its value yet but will find it out later.",
    "Define hare in Moor as h; E = x = x; so h = 4 + E = 4 + x = x + 4.",
    "Define animals in Moor as T; so T = x + h = x + x + 4 = 2*x + 4.",
    "Define owl in Fen as z; G = T = 2*x + 4; so z = 3 * G = (3) * (2*x + 4) = 6*x + 12.",
)
PREFACE = "The question is difficult, so we use equations to solve it. "
REVERSE_SOLUTION = f"{PREFACE}{' '.join(REVERSE_STEPS)} {REVERSE_TAIL} Answer: 5."
REVERSE_TERSE = (
    "owl in Moor = x . hare in Moor = 4 + owl in Moor = 4 + x = x + 4 . "
    "animals in Moor = owl in Moor + hare in Moor = x + x + 4 = 2 * x + 4 . "
    "owl in Fen = 3 * animals in Moor = 3 * ( 2 * x + 4 ) = 6 * x + 12 . "
    "6 * x + 12 = 42 . 6 * x = 30 . x = 30 / 6 = 5 . Answer: 5."
)

FORWARD_REFERENCE = Reference.from_graph(FORWARD, SOLUTION)
REVERSE_REFERENCE = Reference.from_graph(REVERSE, REVERSE_SOLUTION)


def judge(text: str) -> Verdict:
    """Verdict on a solution of the forward problem."""
    return verify(FORWARD_REFERENCE, text)


def judge_reverse(text: str) -> Verdict:
    """Verdict on a solution of the reverse problem."""
    return verify(REVERSE_REFERENCE, text)


def changed(solution: str, old: str, new: str) -> str:
    """The solution with one passage replaced; the passage must be there, once."""
    assert solution.count(old) == 1, f"{old!r} occurs {solution.count(old)} times"
    return solution.replace(old, new)


def as_model_text(solution: str) -> str:
    """The solution as a model writes it."""
    body, _, answer = solution.rpartition(" Answer: ")
    return f" {body} </solution> <answer> {answer.rstrip('.')} </answer>"
