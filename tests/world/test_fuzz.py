"""Whatever the text: no exception, a verdict within its bounds, and bounded work.

Work is counted as executed lines, which is the same on every machine. A duration is measured by `interplay bench verify`.
"""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from work import counted, forget_what_was_read
from written_out import (
    FORWARD_REFERENCE,
    PREFACE,
    REVERSE_REFERENCE,
    REVERSE_SOLUTION,
    REVERSE_TERSE,
    SOLUTION,
    STEPS,
    TERSE,
    as_model_text,
)

from interplay.world import paper_v1, trace
from interplay.world.steps import MAX_CHARS
from interplay.world.verify import ERRORS, verify

GOLDS = [SOLUTION, TERSE, REVERSE_SOLUTION, REVERSE_TERSE, *map(as_model_text, (SOLUTION, TERSE, REVERSE_SOLUTION))]
PIECES = (
    *string.printable,
    *(
        "Define ",
        " as ",
        "; ",
        "so ",
        " = ",
        ". ",
        " . ",
        "Answer: ",
        "<answer>",
        "</answer>",
        "<solution>",
        "</solution>",
    ),
    *("We know ", ", so we have ", "Solution: x = ", "x", "x = ", "3*x + 4", "( ", " )", "**", "//", "[EOS]", PREFACE),
    *(
        "elementary school in Ash",
        "the ",
        "number of ",
        "owl in Moor",
        "1,234",
        "3.0",
        "2.5",
        "-",
        "٣",
        "é",
        "😀",
        "\ud800",
    ),
    *("\x00", "\u2028", "\ufeff", "ſ", "K", "K", "９"),
)


def check(text: str, truncated: bool = False) -> None:
    for reference in (FORWARD_REFERENCE, REVERSE_REFERENCE):
        verdict = verify(reference, text, truncated=truncated)
        assert 0.0 <= verdict.process_accuracy <= 1.0
        assert verdict.strict == (verdict.error is None)
        assert verdict.error is None or verdict.error in ERRORS
        assert verdict.strict or not verdict.exact
        assert isinstance(verdict.paper_v1, bool)
        assert set(verdict.nodes) == set(reference.graph.order)
        for step in verdict.steps:
            assert 0 <= step.start <= step.end <= len(text)
        starts = [step.start for step in verdict.steps]
        assert starts == sorted(starts)


@given(st.text(max_size=300), st.booleans())
@settings(max_examples=300)
def test_parse_never_raises_on_any_text(text, truncated):
    trace.read(text)
    paper_v1.read(text)
    check(text, truncated)


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join), st.booleans())
@settings(max_examples=500)
def test_pieces_of_the_grammar_in_any_order(text, truncated):
    check(text, truncated)


def damaged(rng: random.Random) -> str:
    """A gold solution after a few cuts, copies and insertions."""
    text = rng.choice(GOLDS)
    for _ in range(rng.randrange(1, 6)):
        at, length = rng.randrange(len(text) + 1), rng.randrange(40)
        kind = rng.randrange(4)
        if kind == 0:
            text = text[:at] + text[at + length :]
        elif kind == 1:
            text = text[:at] + text[at : at + length] * 2 + text[at + length :]
        elif kind == 2:
            text = text[:at] + rng.choice(PIECES) + text[at:]
        else:
            other = rng.choice(GOLDS)
            text = text[:at] + other[rng.randrange(len(other)) :]
    return text


@given(st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=500)
def test_damaged_gold(rng, truncated):
    check(damaged(rng), truncated)


@pytest.mark.slow
def test_a_million_strings():
    rng = random.Random(7)
    for index in range(1_000_000):
        text = damaged(rng) if index % 3 else "".join(rng.choices(PIECES, k=rng.randrange(60)))
        verdict = verify((FORWARD_REFERENCE, REVERSE_REFERENCE)[index % 2], text)
        assert verdict.error is None or verdict.error in ERRORS
        if index % 4 == 0:
            paper_v1.read(text)


def repeated(piece: str) -> str:
    return (piece * (MAX_CHARS // len(piece) + 1))[:MAX_CHARS]


_OPEN = "Define elementary school in Ash as a; so a = "
_LONG_SUM = "+".join(f"v{i}" for i in range(12_000))
LONG = {
    "assignments": "Define elementary school in Ash as a; " + repeated("a=1;"),
    "auxiliaries": "Define elementary school in Ash as a; " + "; ".join(f"v{i} = 1" for i in range(9_000)),
    "products": "Define elementary school in Ash as a; " + repeated("b = (a+b+c+d+e+f+g+h)*(a+b+c+d+e+f+g+h); "),
    "one sum": _OPEN + repeated("1+"),
    "one sum of names": _OPEN + _LONG_SUM,
    "one product": _OPEN + repeated("a*"),
    "many middle sums": _OPEN + ("1+" * 500 + "1 = ") * 60,
    "many middle sums of names": _OPEN + ("x+a+b+c+" * 100 + "1 = ") * 80,
    "segments": _OPEN + repeated("1="),
    "steps of segments": repeated(_OPEN + "1=" * 127 + "1. "),
    "brackets": _OPEN + repeated("("),
    "nested": _OPEN + repeated("((((((a))))))+"),
    "signs": _OPEN + repeated("-"),
    "digits": _OPEN + repeated("9"),
    "thousands": _OPEN + repeated("1,234,"),
    "decimals": _OPEN + "1." + "0" * 65_000 + "1",
    "powers": _OPEN + repeated("9**"),
    "tower": _OPEN + "9**9**9.",
    "definitions": repeated("Define "),
    "half definitions": repeated("Define a b "),
    "blank definition": "Define" + " " * 65_000 + "z",
    "short steps": repeated("Define a as b; "),
    "as": "Define " + repeated("as "),
    "tags": repeated("<a"),
    "open tags": repeated("<"),
    "answers": repeated("<answer>"),
    "blank answer": "<answer>" + " " * 65_000 + "9",
    "sentences": repeated("Answer: 9. "),
    "ends": as_model_text(SOLUTION) + repeated("[EOS] "),
    "blanks": " " * MAX_CHARS,
    "zeros": "\0" * MAX_CHARS,
    "not latin": "é😀٣" * (MAX_CHARS // 3),
    "equations": "We know a = 3, so we have " + repeated("x+1"),
    "tails": "We know "
    + repeated(", so we have  and we solve it through the following steps: Simplifying the equation: "),
    "terse sum": "elementary school in Ash = " + repeated("elementary school in Ash + "),
    "terse brackets": "elementary school in Ash = " + repeated("( "),
    "terse steps": repeated("elementary school in Ash = 3 . "),
    "terse equations": repeated("1 * x = 3 . "),
    "documents": repeated(SOLUTION + " "),
    "bodies": repeated(" ".join(STEPS.values()) + " "),
    "released sums": "Define q as a; " + "; ".join("b = " + "1+" * 1_900 + "1" for _ in range(16)),
    "released brackets": "Define q as a; " + repeated("b = " + "(" * 50 + "1" + ")" * 50 + "; "),
    "prose": _OPEN + "3, " + repeated("as x "),
}


@pytest.mark.parametrize("kind", LONG)
def test_sixty_four_kib_take_bounded_work(kind):
    text = LONG[kind][:MAX_CHARS]
    for reference in (FORWARD_REFERENCE, REVERSE_REFERENCE):
        forget_what_was_read()
        work, verdict = counted(verify, reference, text)
        assert not verdict.strict or kind == "ends"
        assert work + counted(verdict.released.accepts)[0] < 4 * MAX_CHARS
    assert counted(paper_v1.read, text)[0] < 4 * MAX_CHARS


def test_what_was_read_before_changes_no_verdict():
    """The parsers keep steps, statements and tails that they have met; so does every other problem's solution."""
    rng = random.Random(11)
    texts = [damaged(rng) for _ in range(200)]
    references = (FORWARD_REFERENCE, REVERSE_REFERENCE)
    at_once = [verify(reference, text)[:-1] for text in texts for reference in references]
    for text, (forward, reverse) in zip(texts, zip(at_once[::2], at_once[1::2], strict=True), strict=True):
        forget_what_was_read()
        assert verify(FORWARD_REFERENCE, text)[:-1] == forward
        assert verify(REVERSE_REFERENCE, text)[:-1] == reverse


def test_a_longer_text_is_not_read():
    assert verify(FORWARD_REFERENCE, SOLUTION + " " * MAX_CHARS).error == "not_parseable"
    assert not verify(FORWARD_REFERENCE, SOLUTION + " " * MAX_CHARS).paper_v1
