"""The words: pinned by hand for every kind of step, and by digests for everything else."""

from __future__ import annotations

import hashlib
import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interplay.world.context import names
from interplay.world.graph import Graph, Rule, evaluate, needed_order
from interplay.world.problem import make, to_row
from interplay.world.randomness import stream
from interplay.world.render import render
from interplay.world.sample import Spec

GOLDEN = Path(__file__).parents[1] / "golden" / "rows_v1.json"


def rows_digest(context: str, mode: str, style: str) -> str:
    """SHA-256 of the first 64 rows of a stream that visits ops, both d and all numbers of distractors."""
    digest = hashlib.sha256()
    for i in range(64):
        spec = Spec(op=2 + i % 31, mode=mode, d=2 + i % 2, distractors=(0, 6))  # type: ignore[arg-type]
        row = to_row(make(spec, context, style, stream("golden", context, mode, style, i)))
        digest.update(json.dumps(row, ensure_ascii=True).encode() + b"\n")
    return digest.hexdigest()


def cells() -> list[tuple[str, str, str]]:
    return [(c, m, s) for c in names() for m in ("forward", "reverse") for s in ("full", "terse")]


@pytest.mark.parametrize(("context", "mode", "style"), cells())
def test_first_rows_are_pinned(context: str, mode: str, style: str) -> None:
    # Moved on purpose? Run this file as a program under a new version's name, and say why in the commit.
    assert rows_digest(context, mode, style) == json.loads(GOLDEN.read_text())[f"{context}/{mode}/{style}"]


def graph(rules: dict[str, Rule], target: str, unknown: str | None = None, answer: int = 0, d: int = 2) -> Graph:
    order = needed_order(rules, target)
    slope, constant = evaluate(rules, order)[target]
    value = slope * answer + constant
    if unknown is None:
        return Graph("forward", d, rules, order, target, value)
    return Graph("reverse", d, rules, order, target, answer, unknown, value)


CONSTANT_A = Rule("count", "constant", (), 3)
CONSTANT_B = Rule("count", "constant", (), 5)
UNKNOWN = Rule("count", "unknown")


def step(rule: Rule, parents: dict[str, Rule], style: str, unknown: str | None = None) -> str:
    """The gold step of one quantity `T` over the given parents, with letters renamed in order of appearance."""
    rules = parents | {"T in Z": rule}
    made = graph(rules, "T in Z", unknown, answer=4, d=3)
    text = render(made, style, random.Random(1)).solution
    if style == "terse":
        found = re.search(r"T in Z = (.*?) \.", text)
        assert found
        return found[1]
    found = re.search(r"Define T in Z as (\w+); (.*?)\. (?:We|Answer)", text)
    assert found
    own = found[1]
    letters = {own: "V"}
    defined = dict(re.findall(r"Define (\w+) in Z as (\w+);", text))
    letters |= {letter: name for name, letter in defined.items() if name != "T" and letter != "x"}
    assigned = [part.removeprefix("so ").split(" = ")[0] for part in found[2].split("; ")]
    letters |= dict(zip([letter for letter in assigned if letter != own], "QRS", strict=False))
    return re.sub(r"[A-Za-z]\w*", lambda m: letters.get(m[0], m[0]), found[2])


FORWARD = {"A in Z": CONSTANT_A, "B in Z": CONSTANT_B, "C in Z": Rule("count", "constant", (), 2)}
REVERSE = {"A in Z": UNKNOWN, "B in Z": Rule("count", "copy", ("A in Z",), 2, "+"), "C in Z": CONSTANT_B}
AB = ("A in Z", "B in Z")
ABC = ("A in Z", "B in Z", "C in Z")


@pytest.mark.parametrize(
    ("rule", "full", "terse"),
    [
        (Rule("count", "copy", ("A in Z",)), "so V = A = 3", "A in Z = 3"),
        (Rule("count", "copy", ("A in Z",), 2, "*"), "Q = A = 3; so V = 2 * Q = 2 * 3 = 6", "2 * A in Z = 2 * 3 = 6"),
        (Rule("count", "sum", AB), "so V = A + B = 3 + 5 = 8", "A in Z + B in Z = 3 + 5 = 8"),
        (Rule("count", "difference", AB[::-1]), "so V = B - A = 5 - 3 = 2", "B in Z - A in Z = 5 - 3 = 2"),
        (Rule("count", "sum", AB, 4, "*"), "Q = A + B = 3 + 5 = 8; so V = 4 * Q = 4 * 8 = 32",
         "4 * ( A in Z + B in Z ) = 4 * ( 3 + 5 ) = 4 * 8 = 32"),
        (Rule("total", "total", ABC), "Q = A + B = 3 + 5 = 8; so V = Q + C = 8 + 2 = 10",
         "A in Z + B in Z + C in Z = 3 + 5 + 2 = 8 + 2 = 10"),
        (Rule("count", "sum", ABC, 1, "+"), "Q = A + B = 3 + 5 = 8; R = Q + C = 8 + 2 = 10; so V = 1 + R = 1 + 10 = 11",
         "1 + ( A in Z + B in Z + C in Z ) = 1 + ( 3 + 5 + 2 ) = 1 + ( 8 + 2 ) = 1 + 10 = 11"),
        (Rule("total3", "products", AB), "so V = A * B = 3 * 5 = 15", "A in Z * B in Z = 3 * 5 = 15"),
        (Rule("total3", "products", (*AB, *ABC[1:])),
         "Q = A * B = 3 * 5 = 15; R = B * C = 5 * 2 = 10; V = Q + R = 15 + 10 = 25",
         "A in Z * B in Z + B in Z * C in Z = 3 * 5 + 5 * 2 = 15 + 10 = 25"),
    ],
)  # fmt: skip
def test_forward_steps(rule: Rule, full: str, terse: str) -> None:
    assert step(rule, FORWARD, "terse") == terse
    assert step(rule, FORWARD, "full") == full


@pytest.mark.parametrize(
    ("rule", "full", "terse"),
    [
        (Rule("count", "copy", ("A in Z",)), "so V = x = x", "A in Z = x"),
        (Rule("count", "copy", ("A in Z",), 2, "*"), "Q = x = x; so V = 2 * Q = (2) * (x) = 2*x", "2 * A in Z = 2 * x"),
        (Rule("count", "copy", ("B in Z",), 2, "*"), "Q = B = x + 2; so V = 2 * Q = (2) * (x + 2) = 2*x + 4",
         "2 * B in Z = 2 * ( x + 2 ) = 2 * x + 4"),
        (Rule("count", "sum", AB), "so V = x + B = x + x + 2 = 2*x + 2", "A in Z + B in Z = x + x + 2 = 2 * x + 2"),
        (Rule("count", "difference", ("C in Z", "B in Z")), "so V = C - B = (5) - (x + 2) = 3 - x",
         "C in Z - B in Z = 5 - ( x + 2 ) = - x + 3"),
        (Rule("count", "sum", ABC, 3, "*"), "Q = x + B = x + x + 2 = 2*x + 2; R = Q + C = 2*x + 2 + 5 = 2*x + 7; "
         "so V = 3 * R = (3) * (2*x + 7) = 6*x + 21",
         "3 * ( A in Z + B in Z + C in Z ) = 3 * ( x + x + 2 + 5 ) = 3 * ( 2 * x + 2 + 5 ) = 3 * ( 2 * x + 7 ) "
         "= 6 * x + 21"),
        (Rule("total3", "products", ("B in Z", "C in Z")), "so V = B * C = (x + 2) * (5) = 5*x + 10",
         "B in Z * C in Z = ( x + 2 ) * 5 = 5 * x + 10"),
    ],
)  # fmt: skip
def test_reverse_steps(rule: Rule, full: str, terse: str) -> None:
    assert step(rule, REVERSE, "terse", "A in Z") == terse
    assert step(rule, REVERSE, "full", "A in Z") == full


def test_a_negative_slope_is_bracketed_where_it_is_not_first() -> None:
    down = {
        "A in Z": UNKNOWN,
        "C in Z": Rule("count", "constant", (), 9),
        "D in Z": Rule("count", "difference", ("C in Z", "A in Z")),
    }
    rule = Rule("count", "sum", ("C in Z", "D in Z"))
    assert step(rule, down, "terse", "A in Z") == "C in Z + D in Z = 9 + ( - x + 9 ) = - x + 18"
    assert step(rule, down, "full", "A in Z") == "so V = C + D = 9 + 9 - x = 18 - x"


@pytest.mark.parametrize(
    ("operand", "tail"),
    [
        (Rule("count", "copy", ("A in Z",), 2, "+"), "x + 2 = 6 . 1 * x = 4 . x = 4 / 1 = 4 ."),
        (Rule("count", "copy", ("A in Z",), 3, "*"), "3 * x = 12 . 3 * x = 12 . x = 12 / 3 = 4 ."),
        (Rule("count", "difference", ("B in Z", "A in Z")), "- x + 9 = 5 . - 1 * x = - 4 . x = - 4 / - 1 = 4 ."),
    ],
)
def test_the_terse_tail(operand: Rule, tail: str) -> None:
    rules = {"A in Z": UNKNOWN, "B in Z": Rule("count", "constant", (), 9), "T in Z": operand}
    made = graph(rules, "T in Z", "A in Z", answer=4)
    assert render(made, "terse", random.Random(0)).solution.endswith(f"{tail} Answer: 4.")


def test_the_full_tail() -> None:
    rules = {"A in Z": UNKNOWN, "T in Z": Rule("count", "copy", ("A in Z",), 2, "*")}
    text = render(graph(rules, "T in Z", "A in Z", answer=4), "full", random.Random(0))
    assert text.solution.endswith(
        "so we have 2*x = 8 and we solve it through the following steps: Simplifying the equation: 2*x = 8. "
        "Move all terms to one side: 2*x - 8 = 0. Isolate the term with x: 2*x = 8. Divide both sides by 2: x = 8 / 2. "
        "Solution: x = 4. Answer: 4."
    )
    assert "The number of T in Z equals 8. " in text.problem
    assert "The number of A in Z exists, and its number is greater than 0. " in text.problem
    assert text.question == "How many A does Z have?"


@given(st.integers(2, 60), st.sampled_from(("forward", "reverse")), st.sampled_from((2, 3)), st.integers())
def test_every_assignment_takes_a_fresh_letter(op: int, mode: str, d: int, seed: int) -> None:
    made = make(Spec(op=op, mode=mode, d=d), "zoo", "full", stream(seed))  # type: ignore[arg-type]
    steps = made.solution.partition("We know")[0]
    letters = re.findall(r"(?:so |; |; so )([A-Za-z][0-9]*) = ", steps)
    assert len(letters) == len(set(letters))
    assert all(re.fullmatch(r"[A-Za-z][0-9]*", letter) for letter in letters)
    if mode == "reverse":
        assert not {"x", "X"} & {letter[0] for letter in letters}


def test_letters_go_on_beyond_fifty_two() -> None:
    longest = max(
        (make(Spec(op=60, mode="reverse", d=3), "zoo", "full", stream("long", i)) for i in range(20)),
        key=lambda made: made.solution.count(" = "),
    )
    assert re.search(r"Define [a-z ]+ in [A-Z][a-z]+ as [A-Za-z]1;", longest.solution)


@given(st.integers(2, 40), st.sampled_from(("forward", "reverse")), st.sampled_from((2, 3)), st.integers())
def test_terse_tokens_stand_between_single_blanks(op: int, mode: str, d: int, seed: int) -> None:
    made = make(Spec(op=op, mode=mode, d=d, distractors=2), "zoo", "terse", stream(seed))  # type: ignore[arg-type]
    for text in (made.problem, made.question, made.body):
        assert re.fullmatch(r"(?:[A-Za-z]+|\d+|[=.?()+*/-])(?: (?:[A-Za-z]+|\d+|[=.?()+*/-]))*", text)


def test_model_text_has_the_documented_form() -> None:
    made = make(Spec(op=6, mode="reverse"), "zoo", "full", stream(3))
    assert made.text == made.prompt + made.completion
    assert re.fullmatch(r"<question> The .*\. How many .*\? </question> <solution>", made.prompt)
    assert re.fullmatch(r" The question is .* Solution: x = \d+\. </solution> <answer> \d+ </answer>", made.completion)
    assert f"{made.body} Answer: {made.answer}." == made.solution


def test_an_unknown_style_is_an_error() -> None:
    made = make(Spec(op=3), "zoo", "full", stream(0))
    with pytest.raises(ValueError, match="unknown style 'loud'"):
        render(made.graph, "loud", random.Random(0))


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({"/".join(cell): rows_digest(*cell) for cell in cells()}, indent=1) + "\n")
