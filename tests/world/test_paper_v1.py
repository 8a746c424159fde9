"""The paper's released rule, its leniencies included: what it accepts wrongly, and what it rejects wrongly."""

from __future__ import annotations

import pytest
from written_out import (
    FORWARD,
    REVERSE_SOLUTION,
    SOLUTION,
    STEPS,
    TERSE,
    as_model_text,
    changed,
    judge,
    judge_reverse,
)

from interplay.world import paper_v1
from interplay.world.paper_arithmetic import calculate
from interplay.world.verify import Reference, verify

WRONGLY_ACCEPTED = {
    "nonsense operands": ("so D = 3 + p = 3 + 3 = 6", "so D = 3 + p = 77 + 41 = 6"),
    "wrong auxiliary value": ("p = m = 3; so D = 3 + p = 3 + 3 = 6", "p = m = 1000; so D = 3 + p = 3 + 1000 = 6"),
    "wrong operators": ("so D = 3 + p = 3 + 3 = 6", "so D = m * m = 6"),
    "no equation": ("so m = F = 3", "m = F 3"),
    "words for operators": ("so K = B + D = 12 + 6 = 18", "K = D B banana 18"),
    "a wrong definition first": (STEPS["K"], STEPS["K"].replace("18", "99") + " " + STEPS["K"]),
    "unfinished arithmetic": ("so D = 3 + p = 3 + 3 = 6", "so D = 3 + p"),
    "junk in the header": ("in Ash as F;", "in Ash a purple monkey F;"),
    "text in brackets": ("so F = 3.", "so F = 3. <so F = 100.>"),
    "invented quantity": (STEPS["K"], f"Define music school in Doom as q; so q = 5. {STEPS['K']}"),
}


@pytest.mark.parametrize("kind", WRONGLY_ACCEPTED)
def test_what_the_released_rule_accepts_and_ours_does_not(kind):
    verdict = judge(as_model_text(changed(SOLUTION, *WRONGLY_ACCEPTED[kind])))
    assert verdict.paper_v1
    assert not verdict.strict


def test_what_the_released_rule_rejects_and_ours_does_not():
    for old, new in (
        ("so m = F = 3.", "so m = F = 3, as F was found before."),
        ("Define public school", "Define the public school"),
        ("so F = 3.", "so F = 3.0."),
    ):
        verdict = judge(as_model_text(changed(SOLUTION, old, new)))
        assert verdict.strict
        assert verdict.paper_v1 == (old == "so F = 3." or "as F" in new)
    long_letters = SOLUTION.replace("F", "F1")
    assert judge(long_letters).strict
    assert not judge(long_letters).paper_v1


def test_letters_of_the_tails_prose_count_as_parents():
    """ "We know z = 42, so we have ..." holds a T in no word, but an h in "the" and "through"."""
    renamed = REVERSE_SOLUTION.replace("h;", "H;").replace("h =", "H =").replace("+ h", "+ H")
    verdict = judge_reverse(as_model_text(renamed))
    assert verdict.strict
    assert not verdict.paper_v1
    assert judge_reverse(as_model_text(REVERSE_SOLUTION)).paper_v1


def test_scores_blend_outcome_and_process_and_gate_by_the_answer():
    score = paper_v1.score(SOLUTION, as_model_text(SOLUTION))
    assert score == (1.0, 1.0, 1.0, 1.0, True)
    missing = paper_v1.score(SOLUTION, as_model_text(SOLUTION.replace(STEPS["K"] + " ", "")))
    assert missing == (1.0, 0.8, pytest.approx(0.2 + 0.8 * 0.8), 0.0, False)
    extra = as_model_text(SOLUTION.replace(STEPS["K"], STEPS["K"] + " Define art school in Crane as q; so q = 21."))
    assert paper_v1.score(SOLUTION, extra) == (1.0, 0.8, pytest.approx(0.84), 0.0, True)
    wrong = paper_v1.score(SOLUTION, as_model_text(changed(SOLUTION, "Answer: 18", "Answer: 19")))
    assert (wrong.outcome, wrong.process, wrong.score_blended, wrong.eval_perfect) == (0.0, 0.8, 0.0, False)
    assert paper_v1.score(SOLUTION, "") == (0.0, 0.0, 0.0, 0.0, False)


def test_in_the_terse_style_and_without_a_gold_text_its_leniencies_stand_in():
    lenient = changed(TERSE, "= 2 * ( 3 + 3 ) = 2 * 6 = 12", "= 7 = 12")
    assert not judge(lenient).strict
    assert judge(lenient).paper_v1
    assert not judge(changed(TERSE, "= 2 * ( 3 + 3 ) = 2 * 6 = 12", "= 2 * ( 3 + 3 ) = 2 * 6 = 13")).paper_v1
    assert not judge(changed(TERSE, "Answer: 18", "Answer: 19")).paper_v1
    without_text = Reference.from_graph(FORWARD)
    assert verify(without_text, SOLUTION).paper_v1
    assert verify(
        without_text, changed(SOLUTION, "77" if "77" in SOLUTION else "3 + 3 = 6; so B", "9 + 9 = 6; so B")
    ).paper_v1
    assert not verify(without_text, changed(SOLUTION, "so m = F = 3", "so m = F = 4")).paper_v1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3 + 4 * 2", 11.0),
        ("(3 + 4) * -2", -14.0),
        ("7 / 2", 3.5),
        ("7 // 2", 3.0),
        ("--3", 3.0),
        ("a * (b - 1)", 6.0),
        ("00", 0.0),
        ("", None),
        ("007", None),
        ("3 4", None),
        ("2a", None),
        ("ab", None),
        ("c", None),
        ("1 / 0", None),
        ("9**9**9", None),
        ("(", None),
        ("()", None),
        ("3\n+ 4", None),
        ("(3\n+ 4)", 7.0),
        ("1.5", None),
        ("9" * 400, None),
    ],
)
def test_arithmetic_of_the_released_rule(text, value):
    assert calculate(text, {"a": 2.0, "b": 4.0}) == value


def test_names_end_at_the_first_as_from_which_words_lead_to_a_letter():
    def names(text: str) -> list[str]:
        return list(paper_v1.read(text).nodes)

    assert names("Define boxes of a kind in Oslo as q; so q = 3.") == ["boxes of"]
    assert names("Define boxes as big as q; so q = 3.") == ["boxes"]
    assert names("Define boxes as Q1; Define bags as q; so q = 3.") == ["bags"]
    assert names("define  boxes  AS\nq; so q = 3.") == ["boxes"]
    assert names("Define boxes as q") == []
    assert names("Define a a b; 3.") == ["a"]
