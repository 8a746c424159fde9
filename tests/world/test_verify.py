"""What the verifier accepts and what it refuses, one habit of solutions at a time."""

from __future__ import annotations

import pytest
from written_out import (
    FORWARD,
    FORWARD_REFERENCE,
    PREFACE,
    REVERSE,
    REVERSE_REFERENCE,
    REVERSE_SOLUTION,
    REVERSE_STEPS,
    REVERSE_TAIL,
    REVERSE_TERSE,
    SOLUTION,
    STEPS,
    TERSE,
    TERSE_STEPS,
    as_model_text,
    changed,
    judge,
    judge_reverse,
)

from interplay.world.graph import Graph, Rule
from interplay.world.verify import ERRORS, Reference, verify


@pytest.mark.parametrize("solution", [SOLUTION, TERSE])
@pytest.mark.parametrize(
    "dress",
    [
        str,
        as_model_text,
        lambda s: as_model_text(s) + "[EOS]",
        lambda s: as_model_text(s) + " <eos>\n",
        lambda s: f"<question> The facts. What is asked? </question> <solution>{as_model_text(s)}",
        lambda s: s.replace(" ", "  "),
    ],
)
def test_gold_is_accepted_in_every_dress(solution, dress):
    verdict = judge(dress(solution))
    assert (verdict.strict, verdict.exact, verdict.paper_v1, verdict.answer_correct) == (True, True, True, True)
    assert verdict.error is None
    assert verdict.process_accuracy == 1.0
    assert set(verdict.nodes.values()) == {"right"}


@pytest.mark.parametrize("solution", [REVERSE_SOLUTION, REVERSE_TERSE])
def test_reverse_gold_is_accepted(solution):
    for text in (solution, as_model_text(solution)):
        verdict = judge_reverse(text)
        assert (verdict.strict, verdict.exact, verdict.paper_v1, verdict.error) == (True, True, True, None)


ACCEPTED = {
    "swapped addends": ("K = B + D = 12 + 6", "K = D + B = 6 + 12"),
    "addends swapped in the values alone": ("= 12 + 6", "= 6 + 12"),
    "swapped factors": ("B = 2 * A = 2 * 6", "B = A * 2 = 6 * 2"),
    "the public school": ("Define public school", "Define the public school"),
    "the number of public school": ("Define public school", "Define the number of public school"),
    "longer identifiers": ("p = m = 3; so D = 3 + p", "half_1 = m = 3; so D = 3 + half_1"),
    "no auxiliary": ("p = m = 3; so D = 3 + p = 3 + 3", "so D = 3 + m = 3 + 3"),
    "auxiliary letter used again in another step": (
        "A = F + m = 3 + 3 = 6; so B = 2 * A",
        "p = F + m = 3 + 3 = 6; so B = 2 * p",
    ),
    "brackets": ("= 2 * 6", "= (2) * (6)"),
    "one formula": ("A = F + m = 3 + 3 = 6; so B = 2 * A", "so B = 2 * (F + m)"),
    "distributed": ("A = F + m = 3 + 3 = 6; so B = 2 * A", "so B = 2 * F + 2 * m = 6 + 6"),
    "prose after the value": ("m = F = 3.", "m = F = 3, as F was found before."),
    "prose that names the quantity": ("m = F = 3.", "m = F = 3, since the elementary school in Ash is known."),
    "without so": ("so K = B", "K = B"),
    "zero decimals": ("so F = 3.", "so F = 3.0."),
    "several segments": ("= 12 + 6 = 18", "= 12 + 6 = 6 + 12 = 18"),
    "letters left in a later segment": ("= 12 + 6 = 18", "= 12 + D = 18"),
}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_a_true_derivation_is_accepted_however_it_is_written(kind):
    verdict = judge(changed(SOLUTION, *ACCEPTED[kind]))
    assert verdict.error is None
    assert verdict.exact


@pytest.mark.parametrize(
    "answer",
    ["18", "18.", "18.0", "18 schools", "18 schools.", "18.00", "18 Schools", "18 school", "18 schools in Brill"],
)
def test_ways_to_write_the_answer(answer):
    assert judge(changed(as_model_text(SOLUTION), "<answer> 18 <", f"<answer> {answer} <")).strict
    assert judge(changed(SOLUTION, "Answer: 18.", f"Answer: {answer}")).strict


@pytest.mark.parametrize(
    "answer",
    [
        *("18.5", "1,8", "18 hundred", "18 or 19", "9 + 9", "x", "-18", "018e0", "18 19", "18!", "018", "18..", "18 ."),
        *(
            "18. schools",
            "18 in",
            "18 in Brill",
            "18 in in in",
            "18 schools in Ash",
            "18 private schools",
            "18 schools 19",
        ),
    ],
)
def test_what_is_not_the_answer(answer):
    verdict = judge(changed(as_model_text(SOLUTION), "<answer> 18 <", f"<answer> {answer} <"))
    assert not verdict.answer_correct
    assert verdict.error == "wrong_answer"
    assert verdict.process_accuracy == 1.0


def test_an_empty_or_open_answer_is_none():
    for dress in ("<answer> </answer>", "<answer></answer>", "<answer>\n</answer> [EOS]", "<answer> . </answer>"):
        verdict = judge(changed(as_model_text(SOLUTION), "<answer> 18 </answer>", dress))
        assert (verdict.answer, verdict.answer_correct, verdict.error) == (None, False, "no_answer")
    assert judge(changed(SOLUTION, "Answer: 18.", "Answer: .")).error == "no_answer"
    assert judge(changed(SOLUTION, "Answer: 18.", "Answer:")).error == "no_answer"
    for dress in ("<answer> 18", "<answer> 18 [EOS]", "<answer>18.", "<answer> 18 </solution>"):
        verdict = judge(changed(as_model_text(SOLUTION), "<answer> 18 </answer>", dress))
        assert (verdict.answer, verdict.answer_correct, verdict.error) == (None, False, "truncated")
    assert judge(" </solution> <answer> </answer>").error == "missing_node"  # the text ends, its steps are not there


def test_thousands_are_read_as_thousands():
    rules = {
        **FORWARD.rules,
        "elementary school in Ash": FORWARD.rules["elementary school in Ash"]._replace(literal=1234),
    }
    order = ("elementary school in Ash",)
    graph = FORWARD._replace(rules=rules, order=order, target=order[0], answer=1234)
    reference = Reference.from_graph(graph)
    step = "Define elementary school in Ash as F; so F = {}. Answer: {}."
    assert verify(reference, step.format("1,234", "1,234")).strict
    for wrong in ("1,23", "1,2345", "12,34", "1.234", "234", "1, 234", "1,234,"):
        assert not verify(reference, step.format(wrong, "1234")).strict
        assert not verify(reference, step.format("1234", wrong)).strict


_TWICE = "duplicate_definition"
REFUSED = {
    "nonsense operands": (
        "p = m = 3; so D = 3 + p = 3 + 3 = 6",
        "p = m = 3; so D = 3 + p = 77 + 41 = 6",
        "false_equality",
    ),
    "nonsense operands of a total": ("K = B + D = 12 + 6", "K = B + D = 500 - 2", "false_equality"),
    "wrong auxiliary value": (
        "p = m = 3; so D = 3 + p = 3 + 3",
        "p = m = 1000; so D = 3 + p = 3 + 1000",
        "false_equality",
    ),
    "wrong auxiliary value, step repaired": ("p = m = 3;", "p = m = 4;", "false_equality"),
    "wrong operators, true value": ("so D = 3 + p = 3 + 3 = 6", "so D = m * m - p = 9 - 3 = 6", "wrong_value"),
    "another formula, same parents and value": (
        "so D = 3 + p = 3 + 3 = 6",
        "so D = p + p = 3 + 3 = 6",
        "wrong_value",
    ),
    "a parent that cancels": ("p = m = 3; so D = 3 + p", "p = m = 3; so D = 3 + p + F - F", "wrong_parent"),
    "another parent of equal value": ("p = m = 3; so D", "p = F = 3; so D", "wrong_parent"),
    "numbers only": ("so K = B + D = 12 + 6 = 18", "so K = 12 + 6 = 18", "wrong_parent"),
    "a value without a derivation": ("so K = B + D = 12 + 6 = 18", "so K = 18", "wrong_parent"),
    "junk between letter and value": ("so m = F = 3", "m = F 3", "not_parseable"),
    "junk in an assignment": ("so K = B + D = 12 + 6 = 18", "K = D m banana 9", "not_parseable"),
    "no assignment": ("so F = 3", "3", "not_parseable"),
    "junk in the header": ("in Ash as F;", "in Ash a purple monkey F;", "not_parseable"),
    "junk after as": ("in Ash as F;", "in Ash as purple monkey F;", "not_parseable"),
    "two values": ("so m = F = 3.", "so m = F = 3. F = 100.", "not_parseable"),
    "the own letter twice": ("so m = F = 3", "m = 100; so m = F = 3", "duplicate_definition"),
    "own letter not last": ("so m = F = 3", "so m = F = 3; q = 3", "duplicate_definition"),
    "a quantity's letter as an auxiliary": (
        "p = m = 3; so D = 3 + p",
        "F = m = 3; so D = 3 + F",
        "duplicate_definition",
    ),
    "an auxiliary letter twice": ("p = m = 3;", "p = m = 3; p = m = 3;", "duplicate_definition"),
    "unfinished": ("so D = 3 + p = 3 + 3 = 6", "so D = 3 + p", "wrong_value"),
    "unfinished values": ("so D = 3 + p = 3 + 3 = 6", "so D = 3 + p = 3 + 3", "wrong_value"),
    "unfinished copy": ("so m = F = 3", "so m = F", "wrong_value"),
    "unfinished auxiliary": ("p = m = 3;", "p = m;", "wrong_value"),
    "angle brackets": ("so m = F = 3", "so m = F <= 4> = 3", "not_parseable"),
    "contradiction in a tag": ("so m = F = 3.", "so m = F = 3. <so m = 4>", "not_parseable"),
    "invented quantity": (
        STEPS["K"],
        "Define art school in Doom as q; so q = 5. " + STEPS["K"],
        "undefined_variable",
    ),
    "undefined letter": ("so m = F = 3", "so m = Q = 3", "undefined_variable"),
    "the own letter inside": ("so m = F = 3", "so m = m = 3", "undefined_variable"),
    "decimal": ("so F = 3.", "so F = 2.5.", "not_parseable"),
    "power": ("so F = 3.", "so F = 9**9**9.", "not_parseable"),
    "glued product": ("B = 2 * A", "B = 2A", "not_parseable"),
    "digits in prose": ("so m = F = 3.", "so m = F = 3, not 4.", "not_parseable"),
    "a value taken back": ("12 + 6 = 18.", "12 + 6 = 18, but actually it is nineteen.", "not_parseable"),
    "a value in doubt": ("so F = 3.", "so F = 3, or maybe four.", "not_parseable"),
    "a value taken back after a clause": (
        "so m = F = 3.",
        "so m = F = 3, as F was found before or not.",
        "not_parseable",
    ),
    "a clause about nothing": ("so m = F = 3.", "so m = F = 3, as Q was found before.", "not_parseable"),
    "a clause about what is not yet known": ("so F = 3.", "so F = 3, as m was found before.", "not_parseable"),
    "a clause that denies": ("so m = F = 3.", "so m = F = 3, as F was never found.", "not_parseable"),
    "a clause about nobody": ("so m = F = 3.", "so m = F = 3, as nobody was found before.", "not_parseable"),
    "another fact in a clause": ("so m = F = 3.", "so m = F = 3, as F is 4.", "not_parseable"),
    "words before the steps": ("Define elementary", "Nine. Define elementary", "not_parseable"),
    "words between the steps": ("so F = 3.", "so F = 3. That was easy.", "not_parseable"),
    "unknown in a forward problem": (
        "so F = 3.",
        "we don't know its value yet but will find it out later.",
        "wrong_value",
    ),
    "wrong leaf": ("so F = 3.", "so F = 4.", "wrong_value"),
    "words after the answer": ("Answer: 18.", "Answer: 18. Define it", "not_parseable"),
    "an answer twice": ("Answer: 18.", "Answer: 18. Answer: 18.", "not_parseable"),
    "an answer before the steps": ("Define elementary", "Answer: 18. Define elementary", "not_parseable"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_a_derivation_is_refused_with_a_reason(kind):
    old, new, error = REFUSED[kind]
    verdict = judge(changed(SOLUTION, old, new))
    assert not verdict.strict
    assert not verdict.exact
    assert verdict.error == error
    assert error in ERRORS


def test_a_step_too_many_that_is_right_is_strict_but_not_exact():
    right = "Define art school in Crane as q; so q = m + K = 3 + 18 = 21."
    also = "Define music school in Crane as q; u = D - F = 6 - 3 = 3; so q = 4 + u = 4 + 3 = 7."
    implicit = "Define total number of schools in Ash as t; so t = F + m = 3 + 3 = 6."
    for extra in (right, also, implicit):
        verdict = judge(changed(SOLUTION, "Answer", f"{extra} Answer"))
        assert (verdict.strict, verdict.exact, verdict.error) == (True, False, None)
        assert [step.needed for step in verdict.steps].count(False) == 1
    invented = implicit.replace("schools in Ash", "penguins in Ash")
    for wrong in (
        invented,
        right.replace("m + K", "F + K"),
        right.replace("21", "22"),
        implicit.replace("F + m", "F + F"),
    ):
        assert not judge(changed(SOLUTION, "Answer", f"{wrong} Answer")).strict


def test_a_total_nobody_mentions_is_known_by_the_vocabulary():
    zoo = {"lion in Cove": Rule("count", "constant", (), 2), "seal in Cove": Rule("count", "constant", (), 3)}
    graph = Graph("forward", 2, zoo, ("lion in Cove",), "lion in Cove", 2)
    reference = Reference.from_graph(graph)
    steps = "lion in Cove = 2 . seal in Cove = 3 . {} in Cove = lion in Cove + seal in Cove = 2 + 3 = 5 . Answer: 2."
    verdict = verify(reference, steps.format("animals"))
    assert (verdict.strict, verdict.exact) == (True, False)
    for invented in ("boats", "penguin", "the"):
        assert verify(reference, steps.format(invented)).error == "undefined_variable"


def test_a_quantity_is_defined_once_whatever_the_second_definition_says():
    for position in ("m", "D", "K"):
        text = SOLUTION.replace(STEPS[position], f"{STEPS['F']} {STEPS[position]}")
        assert judge(text).error == "duplicate_definition"
    renamed = changed(SOLUTION, STEPS["K"], f"{STEPS['D'].replace('D', 'Q').replace('Qe', 'De')} {STEPS['K']}")
    assert judge(renamed).error == "duplicate_definition"


def test_a_letter_may_serve_again_and_means_the_newer_quantity_from_then_on():
    # F is free for the total once nothing needs the elementary schools any more
    assert judge(changed(SOLUTION, "as K; so K =", "as F; so F =")).exact
    taken = changed(SOLUTION, "as m; so m = F", "as F; so F = F")
    assert judge(taken).error == "undefined_variable"
    shared = SOLUTION.replace("as D;", "as F;").replace("so D =", "so F =").replace("B + D", "B + F")
    assert judge(shared).error == "false_equality"  # in the step of B, F now means the music schools


def test_steps_may_come_in_any_order_that_defines_before_use():
    order = ("F", "m", "B", "D", "K")
    assert judge(" ".join(STEPS[letter] for letter in order) + " Answer: 18.").exact
    early = ("F", "D", "m", "B", "K")
    assert judge(" ".join(STEPS[letter] for letter in early) + " Answer: 18.").error == "undefined_variable"


def test_missing_parts_are_named():
    without_m = SOLUTION.replace(STEPS["K"] + " ", "")
    assert judge(without_m).error == "missing_node"
    assert judge(without_m).nodes["total number of schools in Brill"] == "missing_node"
    assert judge("Answer: 18.").error == "missing_node"
    assert judge(SOLUTION.replace(" Answer: 18.", "")).error == "no_answer"
    assert judge(as_model_text(SOLUTION).replace("<answer> 18 </answer>", "")).error == "no_answer"
    assert judge("").error == "truncated"


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("solution", [SOLUTION, TERSE, REVERSE_SOLUTION, REVERSE_TERSE])
def test_a_text_cut_anywhere_is_truncated_and_never_accepted(solution, told):
    reference = REVERSE_REFERENCE if solution in (REVERSE_SOLUTION, REVERSE_TERSE) else FORWARD_REFERENCE
    text = as_model_text(solution)
    body = text.index(" </solution>")
    for length in range(len(text) - len("</answer>") if told else body):
        verdict = verify(reference, text[:length], truncated=told)
        assert not verdict.strict
        complete = not told and length >= body - 2  # nothing but the answer is missing
        assert verdict.error in (("truncated", "no_answer") if complete else ("truncated",)), text[:length][-40:]


def test_several_answers_are_none():
    for text in (
        f"<answer> 18 </answer> {as_model_text(SOLUTION)}",
        as_model_text(SOLUTION) + " <answer> 18 </answer>",
        as_model_text(SOLUTION) + " Answer: 17.",
        SOLUTION + " <answer> 18 </answer>",
    ):
        verdict = judge(text)
        assert not verdict.strict
        assert not verdict.answer_correct
        assert verdict.answer is None


def test_process_accuracy_counts_right_nodes_whatever_the_answer():
    wrong = changed(SOLUTION, "3 + p = 3 + 3 = 6", "3 + p = 3 + 3 = 7")
    assert judge(wrong).process_accuracy == pytest.approx(4 / 5)  # the total still uses the true 6
    assert judge(changed(SOLUTION, "Answer: 18", "Answer: 19")).process_accuracy == 1.0
    carried = SOLUTION.replace("= 3 + 3 = 6; so B", "= 3 + 3 = 7; so B").replace("2 * 6 = 12", "2 * 7 = 14")
    carried = carried.replace("12 + 6 = 18", "14 + 6 = 20")
    verdict = judge(carried)
    assert verdict.nodes["private school in Brill"] == "false_equality"
    assert verdict.nodes["total number of schools in Brill"] == "wrong_value"  # true of the value it was given
    assert judge("nothing at all").process_accuracy == 0.0


def test_steps_carry_their_place_in_the_text():
    text = f"<question> Q </question> <solution>{as_model_text(SOLUTION)}"
    verdict = judge(text)
    assert [text[step.start : step.end] for step in verdict.steps] == list(STEPS.values())
    terse = judge(TERSE)
    assert [TERSE[step.start : step.end] for step in terse.steps] == list(TERSE_STEPS)
    reverse = judge_reverse(REVERSE_SOLUTION)
    assert [REVERSE_SOLUTION[s.start : s.end] for s in reverse.steps] == [*REVERSE_STEPS, REVERSE_TAIL]


_NO_BRACKETS = "elementary school in Ash + public school in Ash"
TERSE_REFUSED = {
    "wrong operator": ("= 3 + public school in Ash = 3 + 3", "= 3 * public school in Ash = 3 * 3", "false_equality"),
    "another parent of equal value": ("= 3 + public school", "= 3 + elementary school", "wrong_parent"),
    "numbers only": ("= private school in Brill + music school in Brill = 12", "= 12", "wrong_parent"),
    "a false middle": ("= 2 * 6 = 12", "= 2 * 7 = 12", "false_equality"),
    "unfinished": ("= 12 + 6 = 18 .", "= 12 + 6 .", "wrong_value"),
    "no value": ("= elementary school in Ash = 3 .", "= elementary school in Ash .", "wrong_value"),
    "unknown name": ("elementary school in Ash = 3 . p", "elementary school in Asp = 3 . p", "undefined_variable"),
    "used before": (f"{TERSE_STEPS[0]} {TERSE_STEPS[1]}", TERSE_STEPS[1], "undefined_variable"),
    "twice": (TERSE_STEPS[3], f"{TERSE_STEPS[3]} {TERSE_STEPS[3]}", "duplicate_definition"),
    "junk": ("= 12 + 6 = 18 .", "= 12 + 6 banana = 18 .", "not_parseable"),
    "brackets moved": (
        "2 * ( elementary school in Ash + public school in Ash )",
        "2 * elementary school in Ash + public school in Ash",
        "false_equality",
    ),
    "x in a forward problem": ("elementary school in Ash = 3 . p", "elementary school in Ash = x . p", "wrong_value"),
}


@pytest.mark.parametrize("kind", TERSE_REFUSED)
def test_terse_refusals(kind):
    old, new, error = TERSE_REFUSED[kind]
    verdict = judge(changed(TERSE, old, new))
    assert not verdict.strict
    assert verdict.error == error


def test_terse_numbers_are_never_misread():
    for wrong in ("1,8", "1,2,8", "18.5", "1 8", "18,"):
        assert not judge(changed(TERSE, "= 12 + 6 = 18 .", f"= 12 + 6 = {wrong} .")).strict
    name = "elementary school in Ash"
    rules = FORWARD.rules | {name: FORWARD.rules[name]._replace(literal=123)}
    reference = Reference.from_graph(FORWARD._replace(rules=rules, order=(name,), target=name, answer=123))
    assert verify(reference, f"{name} = 123 . Answer: 123.").strict
    assert not verify(reference, f"{name} = 1,23 . Answer: 123.").strict


def test_terse_variations_that_stay_true():
    for old, new in (
        ("= 3 + public school in Ash = 3 + 3", "= public school in Ash + 3 = 3 + 3"),
        ("= elementary school in Ash = 3", "= the elementary school in Ash = 3"),
        (
            "public school in Ash = elementary school in Ash = 3",
            "the public school in Ash = elementary school in Ash = 3",
        ),
        ("= 2 * ( 3 + 3 ) = 2 * 6 = 12", "= 12"),
    ):
        assert judge(changed(TERSE, old, new)).exact


REVERSE_REFUSED = {
    "no tail": (REVERSE_TAIL + " ", "", "missing_node"),
    "another value known": ("We know z = 42", "We know z = 43", "wrong_value"),
    "another quantity known": ("We know z = 42", "We know T = 42", "wrong_parent"),
    "nothing known": ("We know z = 42", "We know Q = 42", "undefined_variable"),
    "another equation": ("so we have 6*x + 12 = 42", "so we have 6*x + 18 = 48", "false_equality"),
    "a false simplification": ("equation: 6*x + 12 = 42", "equation: 6*x + 12 = 48", "false_equality"),
    "a false move": ("6*x - 30 = 0", "6*x + 30 = 0", "false_equality"),
    "not moved": ("6*x - 30 = 0", "6*x = 30", "false_equality"),
    "zero is zero": ("6*x - 30 = 0", "0*x = 0", "false_equality"),
    "a false isolation": ("6*x = 30", "6*x = 31", "false_equality"),
    "another divisor": ("both sides by 6", "both sides by 3", "false_equality"),
    "another fraction": ("x = 30 / 6", "x = 60 / 12", "false_equality"),
    "another solution": ("Solution: x = 5", "Solution: x = 6", "false_equality"),
    "a sentence missing": (" Move all terms to one side: 6*x - 30 = 0.", "", "not_parseable"),
    "the unknown under another letter": ("Moor as x;", "Moor as k;", "wrong_value"),
    "x for something else": ("as h; E = x = x; so h = 4 + E = 4 + x", "as x; E = x = x; so x = 4 + E = 4 + x", None),
    "x as an auxiliary": ("E = x = x; so h = 4 + E", "x = x = x; so h = 4 + x", "duplicate_definition"),
    "the unknown guessed": (
        "x; we don't know its value yet but will find it out later.",
        "x; so x = 5.",
        "wrong_value",
    ),
    "wrong symbolic value": ("= 6*x + 12. We", "= 99*x + 12. We", "false_equality"),
    "numbers for symbols": ("so T = x + h = x + x + 4 = 2*x + 4", "so T = x + h = 5 + 9 = 14", "false_equality"),
    "unfinished": ("x + x + 4 = 2*x + 4. D", "x + x + 4. D", "wrong_value"),
}


@pytest.mark.parametrize("kind", REVERSE_REFUSED)
def test_reverse_refusals(kind):
    old, new, error = REVERSE_REFUSED[kind]
    verdict = judge_reverse(changed(REVERSE_SOLUTION, old, new))
    assert not verdict.strict
    if error is not None:
        assert verdict.error == error


def test_reverse_letters_do_not_matter_but_x_is_the_unknown():
    for letters in ("a d e f", "o w t S", "Q1 Q2 Q3 Q4"):
        text = REVERSE_SOLUTION
        for old, new in zip("hTzG", letters.split(), strict=True):
            for left, right in ((" ", ";"), (" ", " ")):
                text = text.replace(f"{left}{old}{right}", f"{left}{new}{right}")
        assert judge_reverse(text).exact
    assert judge_reverse(
        changed(REVERSE_SOLUTION, "so T = x + h = x + x + 4 = 2*x + 4", "so T = h + x = x + 4 + x = 4 + 2*x")
    ).exact
    assert judge_reverse(changed(REVERSE_SOLUTION, PREFACE, "")).exact


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("6 * x + 12 = 42 . 6", "6 * x + 13 = 43 . 6"),
        (" 6 * x = 30 .", ""),
        ("6 * x = 30 .", "6 * x = 36 ."),
        ("30 / 6 = 5", "30 / 6 = 6"),
        ("30 / 6 = 5", "30 / 5 = 6"),
        ("6 * x + 12 = 42 . 6 * x = 30 . x = 30 / 6 = 5 . ", ""),
        ("owl in Moor = x . ", ""),
        ("owl in Moor = x .", "owl in Moor = 5 ."),
        ("= 4 + owl in Moor = 4 + x", "= 4 + x"),
        ("= 3 * animals in Moor = 3 * ( 2 * x + 4 )", "= 3 * ( 2 * x + 4 )"),
    ],
)
def test_terse_reverse_refusals(old, new):
    assert not judge_reverse(changed(REVERSE_TERSE, old, new)).strict


def test_forward_solutions_have_no_equation():
    assert judge(changed(SOLUTION, "Answer", f"{REVERSE_TAIL} Answer")).error == "not_parseable"


def test_a_reference_needs_a_value_for_every_needed_quantity():
    rules = {name: rule for name, rule in REVERSE.rules.items() if name != "owl in Moor"}
    with pytest.raises(ValueError, match="hare in Moor"):
        Reference.from_graph(REVERSE._replace(rules=rules))
    with pytest.raises(ValueError, match="6 is not the answer"):
        Reference.from_graph(REVERSE._replace(answer=6))
    with pytest.raises(ValueError, match="17 is not the answer"):
        Reference.from_graph(FORWARD._replace(answer=17))
