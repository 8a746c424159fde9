"""The rule of verdicts: what each number of trainings may say, what is not tested, and how often it is right."""

import math
from dataclasses import replace

import numpy as np
import pytest

from interplay.evals.calibration import DECIDED, WORLDS, rates
from interplay.evals.simulate import draw, gaussian, two_kinds
from interplay.evals.verdict import Evidence, Question, judge, rule

RNG = np.random.default_rng(7)
NOISE_P = RNG.normal(0.0, 0.1, 200)
NOISE_P -= NOISE_P.mean()


def evidence(*effects: float, number: str = "", **fields: object) -> Evidence:
    """One pair of trainings for each effect, the same noise between problems in all of them."""
    return Evidence(np.array([NOISE_P + effect for effect in effects]), ("x",), number=number, **fields)  # type: ignore[arg-type]


def verdict(direction: str, *effects: float, **fields: object) -> str:
    return judge([Question(direction, (evidence(*effects, **fields),))])[0].verdict  # type: ignore[arg-type]


@pytest.mark.parametrize("direction", ["up", "down", "flat"])
def test_one_pair_of_trainings_is_described_and_never_judged(direction: str):
    assert [verdict(direction, effect) for effect in (0.3, -0.3, 0.0)] == ["higher", "lower", "level"]


def test_two_pairs_are_described_together_only_where_they_agree():
    assert verdict("up", 0.3, 0.31) == "higher"
    assert verdict("flat", -0.3, -0.2) == "lower"
    assert verdict("up", 0.3, 0.0) == verdict("up", 0.3, -0.3) == "mixed"


def test_three_trainings_are_judged_by_direction():
    assert verdict("up", 0.3, 0.31, 0.29) == "supported"
    assert verdict("down", 0.3, 0.31, 0.29) == "contradicted"
    assert verdict("up", 0.3, -0.3, 0.31) == "cannot tell"
    assert verdict("flat", 0.001, 0.0, -0.001) == "supported"
    assert verdict("flat", 0.3, 0.31, 0.29) == "contradicted"
    assert verdict("flat", 0.05, 0.051, 0.049) == "cannot tell"


def test_a_spread_between_trainings_that_problems_do_not_show_takes_the_verdict_away():
    assert verdict("up", 0.08) == "higher"
    assert verdict("up", 0.08, 0.02, 0.0) == "cannot tell"


def test_what_took_no_gradient_or_was_not_measured_is_not_tested():
    answer = judge([Question("flat", (evidence(0.0, 0.0, 0.0, void="RL took no gradient"),))])[0]
    assert (answer.verdict, answer.reason) == ("not tested", "RL took no gradient")
    assert math.isnan(answer.p_holm)
    assert verdict("up", math.nan, 0.0, 0.0) == "not tested"


def test_nothing_is_unchanged_where_nothing_could_have_changed():
    assert verdict("flat", 0.0, 0.0, 0.0, room_up=0.003) == "not tested"
    assert verdict("flat", 0.0, 0.0, 0.0, room_up=0.3) == "supported"
    assert verdict("flat", -0.3, -0.31, -0.29, room_up=0.003) == "contradicted"  # it fell, which was possible
    assert verdict("up", 0.0, 0.0, 0.0, room_up=0.003) == verdict("up", 0.0, room_up=0.003) == "not tested"
    assert verdict("down", 0.0, 0.0, 0.0, room_down=0.003) == "not tested"
    assert verdict("down", 0.0, 0.0, 0.0, room_up=0.003) == "cannot tell"
    assert verdict("up", 0.02, 0.021, 0.019, room_up=0.03) == "supported"  # a small rise that was seen is a rise


def test_one_number_is_counted_once():
    same = [Question("up", (evidence(0.3, 0.31, 0.29, number="a"),)) for _ in range(2)]
    first, second = judge(same)
    assert (first.verdict, second.verdict) == ("supported", "not tested")
    assert "another claim" in second.reason
    assert first.p_holm == judge(same[:1])[0].p_holm  # the copy costs the family nothing


def test_all_evidence_has_to_agree():
    rises, falls, still = evidence(0.3, 0.31, 0.29), evidence(-0.3, -0.31, -0.29), evidence(0.0, 0.01, -0.01)
    verdicts = [judge([Question("up", pair)])[0].verdict for pair in ((rises, rises), (rises, still), (rises, falls))]
    assert verdicts == ["supported", "cannot tell", "contradicted"]
    assert judge([Question("up", (evidence(0.3), evidence(-0.3)))])[0].verdict == "mixed"


def test_many_claims_are_corrected_together_and_flat_ones_cost_nothing():
    weak = Question("up", (evidence(0.016),))
    alone, among = judge([weak])[0], judge([weak] * 30)[0]
    assert (alone.verdict, among.verdict) == ("higher", "level")
    rising, flat = Question("up", (evidence(0.03, 0.02, 0.025),)), Question("flat", (evidence(0.0, 0.0, 0.0),))
    assert judge([rising])[0].p_holm == judge([rising, *[flat] * 30])[0].p_holm
    assert math.isnan(judge([flat])[0].p_holm)


def test_a_difference_of_gains_can_be_two_wide():
    wide = evidence(1.4, 1.41, 1.39, most=2.0)
    assert wide.interval().hi > 1.0
    assert judge([Question("up", (wide,))])[0].verdict == "supported"


def test_a_question_without_evidence_is_refused():
    with pytest.raises(ValueError, match="needs evidence"):
        judge([Question("up", ())])


def test_the_rule_in_words_names_what_few_trainings_may_say():
    assert "described, not judged" in rule("up", 0.05, 2)
    assert "below zero" in rule("down", 0.05, 3)
    assert "within 0.05" in rule("flat", 0.05, 3)


@pytest.mark.parametrize("trainings", [1, 2, 3, 5])
def test_verdicts_are_seldom_false_and_intervals_hold_the_truth(trainings: int):
    """150 studies of a world as wide between trainings as this repository's: standard error 1.8 points."""
    found = rates(WORLDS["edge, pass@32"], trainings, 150)
    assert 0.909 <= found.covered <= 0.991
    assert found.decided <= (0.0 if trainings < 3 else 0.1)
    assert found.flat_wrong <= (0.0 if trainings < 3 else 0.1)
    if trainings == 1:
        assert found.unprotected > 0.3  # what the rule is there for


@pytest.mark.slow
@pytest.mark.parametrize("trainings", [1, 2, 3, 5])
@pytest.mark.parametrize("shifts", [gaussian, two_kinds])
@pytest.mark.parametrize("world", sorted(WORLDS))
def test_in_2000_studies_about_one_verdict_in_twenty_is_false_and_intervals_hold_the_truth(world, shifts, trainings):
    """False verdicts at 5 %: their standard error is half a point, so a rate of 5 % passes below 6.5 %.

    One cell is below 93 %, and is held to what it is: two trainings in a world where half of all fail. Two that happen to agree
    look certain, so their interval misses the truth more often (92.6 % measured, standard error .6). That is one reason why
    two trainings are described and never judged: no verdict is decided by that interval.
    """
    found = rates(WORLDS[world], trainings, 2000, shifts)
    least = 0.91 if (world, shifts, trainings) == ("edge, pass@1", two_kinds, 2) else 0.93
    assert least <= found.covered <= 0.975
    assert found.decided <= (0.0 if trainings < 3 else 0.065)
    assert math.isnan(found.flat_wrong) or found.flat_wrong <= (0.0 if trainings < 3 else 0.065)


def false_families(world, trainings, claims, simulations):
    """Share of studies of so many claims, none of them true, of which at least one is decided."""
    design, rng, false = replace(world, num_seeds=trainings), np.random.default_rng(8), 0
    for _ in range(simulations):
        pairs = [draw(design, 0.0, rng) for _ in range(claims)]
        questions = [Question("up", (Evidence(p.b_S_P - p.a_S_P, ("calibration",)),)) for p in pairs]
        false += any(answer.verdict in DECIDED for answer in judge(questions))
    return false / simulations


@pytest.mark.slow
@pytest.mark.parametrize("trainings", [1, 2, 3, 5])
def test_of_a_study_of_ten_claims_none_is_decided_in_19_of_20(trainings):
    assert false_families(WORLDS["edge, pass@1"], trainings, claims=10, simulations=400) <= (
        0 if trainings < 3 else 0.08
    )
