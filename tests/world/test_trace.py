"""Text to trace: what the reader finds, and that it judges nothing."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_out import REVERSE_SOLUTION, REVERSE_TERSE, SOLUTION, STEPS, TERSE, TERSE_STEPS, as_model_text

from interplay.world import trace
from interplay.world.arithmetic import MAX_DEPTH, parse
from interplay.world.expression import TooMuch, Work, evaluate, form_of, number, understand, value


def test_a_solution_is_taken_apart():
    found = trace.read(SOLUTION)
    assert (found.style, found.answers, found.closed, found.faulty_from, found.tail) == (
        "full",
        ("18.",),
        True,
        None,
        None,
    )
    assert [step.letter for step in found.steps] == list("FmDBK")
    assert [SOLUTION[step.start : step.end] for step in found.steps] == list(STEPS.values())
    assert [a.target for a in found.steps[2].assignments] == ["p", "D"]
    terse = trace.read(TERSE)
    assert [TERSE[step.start : step.end] for step in terse.steps] == list(TERSE_STEPS)
    assert terse.style == "terse"


def test_reverse_solutions_have_an_unknown_and_a_tail():
    for text in (REVERSE_SOLUTION, REVERSE_TERSE):
        found = trace.read(text)
        assert [step.unknown for step in found.steps] == [True, False, False, False]
        assert found.tail is not None
        assert found.tail.complete
        assert number(found.tail.solution) == 5
        assert value(found.tail.lines[0].sides[0]) == (6, 12)


def test_false_arithmetic_is_read_like_any_other():
    found = trace.read("Define a as b; so b = 2 + 2 = 5. Answer: 7.")
    assert len(found.steps[0].assignments[0].segments) == 2
    assert None not in found.steps[0].assignments[0].segments


@pytest.mark.parametrize(
    ("text", "answers", "closed", "faulty_from"),
    [
        ("Answer: 9.", ("9.",), True, None),
        ("Answer: 9", ("9",), False, None),
        ("a </solution> <answer> 9 </answer>", ("9",), True, None),
        ("a </solution> <answer> 9", ("",), False, None),
        ("a </solution> <answer> 9 </answer>[EOS]", ("9",), True, None),
        ("a </solution> <answer> 9 </answer> b", ("9",), True, 34),
        ("a </solution> b <answer> 9 </answer>", ("9",), True, 13),
        ("a <answer> 9 </answer>", ("9",), True, 2),
        ("a Answer: 9. b", ("9",), True, 12),
        ("a </solution>", (), False, None),
        ("a", (), False, None),
        ("junk <solution> a Answer: 9.", ("9.",), True, 0),
        ("<question> q </question> <solution> a Answer: 9.", ("9.",), True, None),
        ("<answer> 1 </answer> <answer> 2 </answer>", ("1", "2"), True, 21),
    ],
)
def test_the_envelope(text, answers, closed, faulty_from):
    found = trace.open_envelope(text)
    assert (found.answers, found.closed) == (answers, closed)
    assert found.faulty_from == faulty_from


@pytest.mark.parametrize(
    ("text", "constant", "linear", "simplified"),
    [
        ("7", 7, (), True),
        ("-7", -7, (), True),
        ("1,234", 1234, (), True),
        ("3.00", 3, (), True),
        ("3 + 4", 7, (), False),
        ("(3)", 3, (), False),
        ("2*x + 1", 1, ((2, "x"),), True),
        ("11 - x", 11, ((-1, "x"),), True),
        ("- 2 * x + 7", 7, ((-2, "x"),), True),
        ("x + x", 0, ((2, "x"),), False),
        ("x + 1 + x", 1, ((2, "x"),), False),
        ("3 * ( x + 2 )", 6, ((3, "x"),), False),
        ("(2*x + 1) - (x)", 1, ((1, "x"),), False),
        ("m - m", 0, ((0, "m"),), False),
        ("6 / 2", 3, (), False),
        ("12 / 2 / 3", 2, (), False),
    ],
)
def test_expressions(text, constant, linear, simplified):
    found = parse(text)
    assert found is not None
    assert (found.constant, found.linear, found.products, found.simplified) == (constant, linear, (), simplified)


NOT_EXPRESSIONS = (
    *("", " ", "+", "3 +", "* 3", "3 4", "2x", "x2y z", "2.5", "1,23", "1,2345", "1.234.5", "3 / 2", "3 / 0", "3 / x"),
    *(
        "9**9",
        "(3",
        "3)",
        "()",
        "3 = 3",
        "3;",
        "é",
        "٣",
        "x²",
        "_x",
        "- - 3",
        "1" * 13,
        "a*b*c*d*e*f*g*h*i",
        "<3>",
        "1e5",
        "0x10",
    ),
    *("3%2", "(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1)),
)


@pytest.mark.parametrize("text", NOT_EXPRESSIONS)
def test_what_is_not_an_expression(text):
    assert parse(text) is None


def test_evaluation_is_exact_bounded_and_knows_what_is_undefined():
    names = {"a": (2, 3, "apples"), "b": (0, 4, "bears"), "c": (1, 0, "cats")}
    assert evaluate(parse("2 * (a + b) - 1"), names) == (4, 13)
    assert evaluate(parse("a * b"), names) == (8, 12)
    assert evaluate(parse("a + d"), names) is None
    assert evaluate(parse("a * d"), names) is None
    assert evaluate(parse("a * c"), names)[0] > 10**15  # not linear in x: equal to no value that can be printed
    assert evaluate(parse("999999999999 * b * b * b"), {"b": (0, 10**9, "bears")})[0] > 10**15


def test_a_form_is_the_polynomial_in_the_quantities_and_keeps_what_cancels():
    names = {"a": (0, 3, "apples"), "b": (0, 4, "bears"), "p": (0, 10, {"apples": 2, "": 4})}
    assert form_of(parse("2 * (p + b) - 8"), names, Work()) == {"apples": 4, "bears": 2}
    assert form_of(parse("a + b - a"), names, Work()) == {"apples": 0, "bears": 1}
    assert form_of(parse("p * b + 1"), names, Work()) == {("apples", "bears"): 2, "bears": 4, "": 1}
    for text in ("2 * (p + b) - 8", "a + b - a", "p * b + 1", "7", "p - 4"):
        slope, constant, form = understand(parse(text), names, Work())
        assert ((slope, constant), form) == (evaluate(parse(text), names), form_of(parse(text), names, Work()))
    assert understand(parse("a + c"), names, Work()) is None
    with pytest.raises(TooMuch):
        form_of(parse("p + p + p"), names, Work(1))


def join(parts: tuple[str, str, str]) -> str:
    return f"({parts[0]}) {parts[1]} ({parts[2]})"


SUMS = st.recursive(
    st.integers(-50, 50).map(str), lambda e: st.tuples(e, st.sampled_from("+-*"), e).map(join), max_leaves=8
)


def exact(text: str) -> int:
    def of(node: ast.expr) -> int:
        if isinstance(node, ast.BinOp):
            left, right = of(node.left), of(node.right)
            return {ast.Add: left + right, ast.Sub: left - right, ast.Mult: left * right}[type(node.op)]
        return -of(node.operand) if isinstance(node, ast.UnaryOp) else node.value

    return of(ast.parse(text, mode="eval").body)


@given(SUMS)
def test_numbers_are_computed_as_python_computes_them(text):
    found = parse(text)
    assert found is not None
    assert found.constant == exact(text)


def test_the_answer_is_not_part_of_the_body():
    text = as_model_text(SOLUTION)
    assert trace.read(text).steps[-1].end == text.index(" </solution>")
