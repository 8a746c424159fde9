"""The rule `sound`: a true derivation that may be shortened, and nothing else."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shortened import Shortened, cut
from test_verify_properties import CONTEXTS, problems, reference_of
from written_out import (
    REVERSE_SOLUTION,
    REVERSE_STEPS,
    REVERSE_TERSE,
    SOLUTION,
    STEPS,
    TERSE,
    changed,
    judge,
    judge_reverse,
)

from interplay.world.graph import evaluate
from interplay.world.problem import Problem, make
from interplay.world.randomness import stream
from interplay.world.sample import Spec
from interplay.world.verify import EQUATION, verify

SHORTENED = {
    "a copy is left out": (STEPS["m"] + " ", "", "p = m = 3; so D", "p = F = 3; so D"),
    "an auxiliary letter keeps what was left out": (STEPS["m"] + " ", "", "p = m = 3;", "u = F = 3; p = u = 3;"),
    "the rule is put in, brackets round it": (
        STEPS["D"] + " ",
        "",
        "so K = B + D = 12 + 6",
        "so K = B + (3 + m) = 12 + 6",
    ),
    "a stated constant is put in": ("p = m = 3; so D = 3 + p", "so D = 3 + 3"),
    "values that were printed before": ("so K = B + D = 12 + 6", "so K = 12 + 6"),
    "one value that was printed before": ("so K = B + D = 12 + 6", "so K = 12 + D"),
    "going around a quantity that is defined": ("p = m = 3; so D", "p = F = 3; so D"),
    "coefficients are gathered": (
        "A = F + m = 3 + 3 = 6; so B = 2 * A = 2 * 6",
        "so B = 4 * F = 4 * 3",
    ),
}


@pytest.mark.parametrize("kind", SHORTENED)
def test_a_shortened_derivation_is_sound_and_not_strict(kind):
    text = SOLUTION
    passages = SHORTENED[kind]
    for old, new in zip(passages[::2], passages[1::2], strict=True):
        text = changed(text, old, new)
    if kind.startswith(("a copy", "an auxiliary")):
        text = text.replace("F + m", "F + F")
    verdict = judge(text)
    assert (verdict.sound, verdict.strict, verdict.unsound, verdict.outcome) == (True, False, None, "shortened")
    assert verdict.num_shortened >= 1


FOLDED = {
    "a value that was never printed": ("so K = B + D = 12 + 6 = 18", "so K = 18"),
    "a sum of numbers from nowhere": ("so K = B + D = 12 + 6", "so K = 10 + 8"),
    "a number repeated that stands for another": ("so K = B + D = 12 + 6", "so K = 6 + 6 + 6"),
    "a number that another one counts": ("so K = B + D = 12 + 6", "so K = 3 * 6"),
}


@pytest.mark.parametrize("kind", FOLDED)
def test_a_folded_number_is_reported_and_not_accepted(kind):
    verdict = judge(changed(SOLUTION, *FOLDED[kind]))
    assert (verdict.sound, verdict.sound_folded, verdict.outcome) == (False, True, "folded")


UNSOUND = {
    "another quantity of equal value": ("so K = B + D = 12 + 6 = 18", "so K = B + m + F = 12 + 6 = 18", "wrong_parent"),
    "no ancestor, though equal": (
        STEPS["K"],
        f"Define music school in Crane as q; u = D - F = 3; so q = 4 + u = 7. {STEPS['K'].replace('B + D', 'B + q - 1')}",
        "wrong_parent",
    ),
    "another formula of equal value": ("so D = 3 + p = 3 + 3", "so D = p + p = 3 + 3", "wrong_value"),
    "a false equality": ("so K = B + D = 12 + 6", "so K = 12 + 7", "false_equality"),
    "an undefined letter": (STEPS["m"] + " ", "", "undefined_variable"),
    "unfinished": ("so K = B + D = 12 + 6 = 18", "so K = B + 3 + m", "wrong_value"),
    "a wrong answer": ("Answer: 18", "Answer: 19", "wrong_answer"),
    "no target": (STEPS["K"] + " ", "", "missing_node"),
    "twice": (STEPS["D"], f"{STEPS['D']} {STEPS['D']}", "duplicate_definition"),
}


@pytest.mark.parametrize("kind", UNSOUND)
def test_what_is_false_or_unsupported_is_not_sound(kind):
    old, new, fault = UNSOUND[kind]
    verdict = judge(changed(SOLUTION, old, new))
    assert not verdict.sound
    assert not verdict.sound_folded
    assert verdict.unsound == fault
    assert verdict.outcome == ("wrong_answer" if fault == "wrong_answer" else "hacked")


LINES = {
    "the isolated line": (" Isolate the term with x: 6*x = 30.", ""),
    "the line moved to one side": (" Move all terms to one side: 6*x - 30 = 0.", ""),
    "the division": (" Divide both sides by 6: x = 30 / 6.", ""),
    "what is known": ("We know z = 42, so we have", "so we have"),
    "the last line": (" Solution: x = 5.", ""),
    "another equation with the same root": ("Simplifying the equation: 6*x + 12 = 42", "so we have 2*x + 4 = 14"),
}


@pytest.mark.parametrize("kind", LINES)
def test_a_tail_may_leave_out_lines(kind):
    verdict = judge_reverse(changed(REVERSE_SOLUTION, *LINES[kind]))
    if kind.startswith("another"):
        assert not verdict.sound  # `so we have` twice is not the format
        return
    assert (verdict.sound, verdict.strict, verdict.num_shortened) == (True, False, 1)


@pytest.mark.parametrize("line", [" 6 * x + 12 = 42 .", " 6 * x = 30 .", " x = 30 / 6 = 5 ."])
def test_a_terse_tail_may_leave_out_lines(line):
    assert judge_reverse(changed(REVERSE_TERSE, line, "")).outcome == "shortened"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("6*x = 30. D", "6*x = 36. D"),
        ("both sides by 6", "both sides by 3"),
        ("x = 30 / 6", "x = 60 / 12"),
        ("Solution: x = 5", "Solution: x = 6"),
        ("Solution: x = 5", "Solution: 2*x = 10"),
        ("6*x - 30 = 0", "0*x = 0"),
    ],
)
def test_every_line_that_stands_must_be_true(old, new):
    text = changed(changed(REVERSE_SOLUTION, " Simplifying the equation: 6*x + 12 = 42.", ""), old, new)
    assert not judge_reverse(text).sound


def test_a_reverse_solution_without_any_equation_is_not_sound():
    steps = " ".join(REVERSE_STEPS)
    assert judge_reverse(f"{steps} Answer: 5.").unsound == "missing_node"


def test_a_quantity_that_is_x_may_be_written_so_where_its_parents_are_left_out():
    text = changed(REVERSE_TERSE, "owl in Moor = x . ", "").replace("4 + owl in Moor", "4 + x")
    text = text.replace("owl in Moor + hare in Moor", "x + hare in Moor")
    assert judge_reverse(text).outcome == "shortened"


@pytest.mark.parametrize("solution", [SOLUTION, TERSE])
def test_strict_solutions_are_sound_and_count_no_shortened_step(solution):
    verdict = judge(solution)
    assert (verdict.sound, verdict.num_shortened, verdict.outcome) == (True, 0, "strict")


@given(problems(), st.randoms(use_true_random=False), st.sampled_from((0.3, 0.6, 1.0)), st.sampled_from((0.0, 0.4)))
@settings(max_examples=150)
def test_any_subset_of_steps_may_be_cut(problem, rng, share, numbers):
    found = cut(problem, rng, share, numbers)
    verdict = verify(reference_of(problem), found.text)
    assert verdict.sound, (found.text, verdict)
    assert verdict.strict or verdict.num_shortened > 0


def wrong_variant(problem: Problem, found: Shortened, rng: random.Random) -> str | None:
    """The solution with one number, operator or name replaced; a name by that of a quantity of another value."""
    kind = rng.choice(("number", "operator", "name"))
    text = found.text
    if kind == "name":
        values = evaluate(problem.graph.rules, problem.graph.order)
        name = rng.choice(found.kept)
        others = [other for other in found.kept if values[other] != values[name]]
        places = [match.start() for match in re.finditer(re.escape(name), text)]
        if not others or not places:
            return None
        at = rng.choice(places)
        return text[:at] + rng.choice(others) + text[at + len(name) :]
    pattern = r"(?<![\w])[0-9]+" if kind == "number" else r"(?<= )[+*-](?= )"
    places = list(re.finditer(pattern, text))
    if kind == "operator":  # 2 + x = 4 has the solution of 2 * x = 4: in the tail nothing false is said
        verdict = verify(reference_of(problem), text)
        end = next((step.start for step in verdict.steps if step.name == EQUATION), len(text))
        places = [place for place in places if place.start() < end]
    if not places:
        return None
    place = rng.choice(places)
    new = str(int(place[0]) + rng.choice((1, 2, 10))) if kind == "number" else rng.choice("+-*".replace(place[0], ""))
    return text[: place.start()] + new + text[place.end() :]


def check_cuts(count: int) -> tuple[list[str], int, list[str]]:
    """(cut traces that are not accepted, number of wrong variants tried, those of them that are accepted)."""
    rng = stream("cut traces")
    tried = 0
    refused: list[str] = []
    passed: list[str] = []
    for index in range(count):
        mode, d = ("forward", "reverse")[index % 2], 2 + index // 2 % 2
        spec = Spec(op=2 + index % 19, mode=mode, d=d, distractors=index % 5)
        problem = make(spec, CONTEXTS[index % len(CONTEXTS)], ("full", "terse")[index // 4 % 2], rng)
        reference = reference_of(problem)
        found = cut(problem, rng, (0.25, 0.5, 1.0)[index // 8 % 3], (0.0, 0.3)[index // 24 % 2])
        if not verify(reference, found.text).sound:
            refused.append(found.text)
        wrong = wrong_variant(problem, found, rng)
        if wrong is not None:
            tried += 1
            if verify(reference, wrong).sound:
                passed.append(f"{found.text}\n{wrong}")
    return refused, tried, passed


def test_cut_traces_are_accepted_and_their_wrong_variants_are_not():
    refused, tried, passed = check_cuts(300)
    assert not refused
    assert tried > 250
    assert not passed


@pytest.mark.slow
def test_twenty_thousand_cut_traces_are_accepted_and_their_wrong_variants_are_not():
    refused, tried, passed = check_cuts(20_000)
    assert not refused
    assert tried > 16_000
    assert not passed
