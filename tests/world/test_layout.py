"""White space is free everywhere, and so are brackets and letters left in: in both styles, forward and reverse."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_verify_properties import problems, reference_of
from written_out import REVERSE_SOLUTION, REVERSE_TERSE, SOLUTION, TERSE, changed, judge, judge_reverse

from interplay.world.graph import Graph, Rule
from interplay.world.layout import Layout, needs_layout
from interplay.world.verify import Reference, verify

SPACES = (" ", "  ", "\n", "\r\n", "\t", " \n\n ", "\u00a0")


@given(problems(), st.sampled_from(("solution", "completion", "text")), st.randoms(use_true_random=False))
@settings(max_examples=120)
def test_any_white_space_will_do_wherever_there_is_some(problem, form, rng):
    text = re.sub(" ", lambda _: rng.choice(SPACES), getattr(problem, form))
    verdict = verify(reference_of(problem), text)
    assert verdict.exact, text
    words = [" ".join(text[step.start : step.end].split()) for step in verdict.steps]
    assert all(" ".join(getattr(problem, form).split()).count(step) for step in words)


@given(problems(), st.randoms(use_true_random=False))
@settings(max_examples=80)
def test_blanks_round_signs_are_free(problem, rng):
    def dressed(match: re.Match[str]) -> str:
        return rng.choice(("", " ", "\t")) + match[0].strip() + rng.choice(("", " ", "\n"))

    text = re.sub(r" [=+*/] | ?[()] ?", dressed, problem.solution)
    assert verify(reference_of(problem), text).exact, text


@given(st.text(alphabet="ab \n\t", max_size=40))
def test_a_place_leads_back_to_the_text_as_it_was_written(text):
    layout = Layout(text)
    assert layout.text == re.sub(r"\s+", " ", text)
    assert needs_layout(text) == (layout.text != text)
    for place, letter in enumerate(layout.text):
        written = text[layout.place(place)]
        assert written == letter or (written.isspace() and letter == " ")
        assert layout.end(place + 1) == layout.place(place) + 1


FREE = {
    "a tab before the sign": (TERSE, " = ", "\t= "),
    "no blanks round the sign": (TERSE, " = ", "="),
    "no blanks round operators": (TERSE, " * ( ", "*("),
    "a full stop at the value": (TERSE, " .", "."),
    "names left in a later segment": (TERSE, "= 12 + 6 = 18", "= 12 + music school in Brill = 18"),
    "a clause after the value": (TERSE, "= 2 * 6 = 12 .", "= 2 * 6 = 12 , as public school in Ash was found before ."),
    "brackets round a name": (TERSE, "= private school in Brill +", "= ( private school in Brill ) +"),
    "brackets round a product": (TERSE, "= 2 * 6 =", "= ( 2 * 6 ) ="),
    "a line for each step": (SOLUTION, ". ", ".\n"),
    "a line for each statement": (SOLUTION, "; ", ";\n"),
    "no blanks at all round signs": (SOLUTION, " = ", "="),
    "a letter left in a later segment": (SOLUTION, "= 12 + 6 = 18", "= B + 6 = 18"),
}
FREE_IN_REVERSE = {
    "a tab before the sign": (REVERSE_TERSE, " = ", "\t= "),
    "no blanks round the sign": (REVERSE_TERSE, " = ", "="),
    "brackets in the equation": (REVERSE_TERSE, "6 * x + 12 = 42 .", "( 6 * x ) + 12 = ( 42 ) ."),
    "brackets in the division": (REVERSE_TERSE, "30 / 6", "( 30 ) / ( 6 )"),
    "names left in a later segment": (REVERSE_TERSE, "= 4 + x = x + 4", "= 4 + owl in Moor = x + 4"),
    "the sides of the equation swapped": (REVERSE_TERSE, "6 * x + 12 = 42 .", "42 = 6 * x + 12 ."),
    "a line for each sentence": (REVERSE_SOLUTION, ". ", ".\n"),
    "two blanks in the tail": (REVERSE_SOLUTION, ". Move", ".  Move"),
    "a line break inside a mark": (REVERSE_SOLUTION, "Move all terms", "Move all\nterms"),
    "a line break in the preface": (REVERSE_SOLUTION, "difficult, so", "difficult,\nso"),
    "brackets in the tail": (
        REVERSE_SOLUTION,
        "Simplifying the equation: 6*x + 12",
        "Simplifying the equation: (6*x) + (12)",
    ),
    "brackets in the full division": (REVERSE_SOLUTION, "x = 30 / 6", "x = (30)/(6)"),
    "brackets round the divisor": (REVERSE_SOLUTION, "both sides by 6", "both sides by (6)"),
    "brackets round the isolated number": (REVERSE_SOLUTION, "6*x = 30. D", "6*x = (30). D"),
    "no blanks in the tail": (REVERSE_SOLUTION, "6*x - 30 = 0", "6*x-30=0"),
}


@pytest.mark.parametrize("kind", FREE)
def test_free_in_forward_solutions(kind):
    solution, old, new = FREE[kind]
    assert old in solution
    assert judge(solution.replace(old, new)).error is None


@pytest.mark.parametrize("kind", FREE_IN_REVERSE)
def test_free_in_reverse_solutions(kind):
    solution, old, new = FREE_IN_REVERSE[kind]
    assert old in solution
    assert judge_reverse(solution.replace(old, new)).error is None


UNFINISHED = ("2*x*2 + 4*x", "x + x + 4*x + 12", "6*(x + 2)", "6*x + 6 + 6", "2*3*x + 12", "12/2*x + 12", "6*x + 2*6")


@pytest.mark.parametrize("value", UNFINISHED)
@pytest.mark.parametrize("solution", [REVERSE_SOLUTION, REVERSE_TERSE])
def test_a_value_that_is_not_worked_out_is_not_finished(value, solution):
    old = "= 6*x + 12. We" if solution is REVERSE_SOLUTION else "= 6 * x + 12 . 6"
    new = old.replace("6*x + 12", value).replace("6 * x + 12", value)
    verdict = judge_reverse(changed(solution, old, new))
    assert not verdict.strict
    assert not verdict.sound


@pytest.mark.parametrize("value", ["20 - 2", "2*9", "(18)", "36 / 2", "18*1", "9 + 9", "18 + 0", "--18"])
def test_a_number_that_is_not_worked_out_is_not_finished(value):
    for verdict in (
        judge(changed(SOLUTION, "= 12 + 6 = 18", f"= 12 + 6 = {value}")),
        judge(changed(TERSE, "= 12 + 6 = 18", f"= 12 + 6 = {value}")),
    ):
        assert not verdict.strict
        assert not verdict.sound


def test_a_hyphen_inside_a_name_is_no_minus():
    rules = {
        "sci-fi movie in Oslo": Rule("count", "constant", (), 7),
        "off-beat play in Oslo": Rule("count", "constant", (), 3),
        "sci-fi movie in Bonn": Rule("count", "difference", ("sci-fi movie in Oslo", "off-beat play in Oslo")),
    }
    reference = Reference.from_graph(Graph("forward", 2, rules, tuple(rules), "sci-fi movie in Bonn", 4))
    steps = "sci-fi movie in Oslo = 7 . off-beat play in Oslo = 3 . sci-fi movie in Bonn = {} = 7-3 = 4 . Answer: 4."
    names = "sci-fi movie in Oslo - off-beat play in Oslo"
    assert verify(reference, steps.format(names)).exact
    assert verify(reference, steps.format(names.replace(" - ", " -"))).exact
    assert verify(reference, steps.format(names.replace(" - ", "-"))).error == "undefined_variable"
