"""The formula of the smallest effect against whole simulated evaluations, and in cases that can be done by hand."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from interplay.evals.intervals import paired_interval
from interplay.evals.power import (
    describe,
    detection_power,
    equivalence_power,
    smallest_effect,
    trainings_needed,
)
from interplay.evals.simulate import Design, concentration_of, draw, own_effects, share_for, true_effect
from interplay.evals.spread import NO_REPLICATES, Replicates, Spread, read_spread
from interplay.world.randomness import derive

DESIGN = Design(num_problems=200, num_samples=32, k=8)


def simulated_power(design, effect, *, names, simulations):
    """The chance that the interval is above 0, by drawing whole evaluations; error about 0.5 / sqrt(simulations)."""
    rng = np.random.default_rng(derive("power", "simulation", *names))
    share = effect / (1.0 - design.mean)
    asked = design if design.num_seeds > 1 else replace(design, training_sd=0.0)
    drawn = (draw(asked, share, rng) for _ in range(simulations))
    found = (paired_interval(one.a_S_P, one.b_S_P, names=("power",), level=design.level) for one in drawn)
    return sum(estimate.lo > 0.0 for estimate in found) / simulations


@pytest.mark.parametrize(("num_seeds", "k"), [(1, 1), (1, 8), (3, 8)])
def test_simulated_power_at_the_smallest_effect_is_near_the_promise(num_seeds: int, k: int):
    design = replace(DESIGN, num_seeds=num_seeds, k=k)
    power = simulated_power(design, smallest_effect(design), names=("test",), simulations=300)
    assert 0.7 <= power <= 0.95  # 0.8 promised; standard error 0.023


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [1, 2, 3, 5])
@pytest.mark.parametrize("k", [1, 8, 32])
@pytest.mark.parametrize("baseline", [0.002, 0.03, 0.3, 0.85, 0.97])
def test_simulated_power_holds_over_designs(num_seeds: int, k: int, baseline: float):
    design = NO_REPLICATES.design(replace(DESIGN, num_seeds=num_seeds, k=k), "edge", baseline)
    effect = smallest_effect(design)
    if math.isfinite(effect):
        assert simulated_power(design, effect, names=("test",), simulations=1000) >= 0.7


def test_without_an_effect_the_interval_is_above_0_in_one_of_forty():
    assert simulated_power(DESIGN, 0.0, names=("null",), simulations=600) <= 0.045
    assert detection_power(DESIGN, 0.0) == pytest.approx(0.025, abs=1e-3)


def test_one_sample_each_is_the_textbook_formula():
    # spread 0 and everybody at 0.5: the variance of b - a is 0.25 + p(1 - p), p the raised probability
    design = Design(1000, 1, 1, baseline=0.5, concentration=1e9, spread=0.0, interaction=0.0)
    effect = smallest_effect(design)
    variance = 0.25 + (0.5 + effect) * (0.5 - effect)
    assert effect == pytest.approx((1.95996 + 0.84162) * math.sqrt(variance / 1000), rel=1e-3)


def test_more_of_anything_sees_smaller_effects():
    effect = smallest_effect(DESIGN)
    assert smallest_effect(replace(DESIGN, num_problems=800)) == pytest.approx(effect / 2, rel=0.15)
    assert smallest_effect(replace(DESIGN, num_samples=128)) < effect
    effects = [smallest_effect(replace(DESIGN, num_seeds=seeds)) for seeds in (2, 3, 5, 10)]
    assert effects == sorted(effects, reverse=True)


@pytest.mark.parametrize(("baseline", "k"), [(0.002, 1), (0.01, 1), (0.95, 1), (0.002, 32)])
def test_near_0_and_1_the_promise_is_kept_or_nothing_is_promised(baseline: float, k: int):
    """Where few problems carry a difference the interval is an exact one, and much wider than a normal one."""
    design = Design(num_problems=200, num_samples=32, k=k, baseline=baseline)
    effect = smallest_effect(design)
    assert math.isinf(effect) or simulated_power(design, effect, names=("near",), simulations=200) >= 0.68


@pytest.mark.parametrize("num_seeds", [1, 3])
@pytest.mark.parametrize("k", [1, 32, 128])
@pytest.mark.parametrize("pass_at_1", [0.0, 0.9, 0.96, 1.0])
def test_a_control_that_solves_all_or_nothing_has_an_answer(pass_at_1: float, k: int, num_seeds: int):
    at_k = 0.0 if pass_at_1 == 0.0 else 1.0
    plain = Design(200, 128, k, num_seeds=num_seeds)
    design = NO_REPLICATES.design(plain, "id", pass_at_1, pass_at_1 if k == 1 else at_k)
    for flat in (False, True):
        told = describe(design, 0.05, flat)
        assert "nan" not in told
    if at_k == 1.0 and k == 128:
        assert math.isinf(smallest_effect(design))
        assert describe(design, 0.05) == "sees no rise: 0.000 is all there is to gain"
        assert 0.0 <= equivalence_power(design, 0.05) <= 1.0


def test_what_cannot_be_seen_is_said_not_guessed():
    assert math.isnan(smallest_effect(replace(DESIGN, k=64)))
    assert smallest_effect(replace(DESIGN, num_problems=2, num_seeds=2, baseline=0.99)) == math.inf
    assert trainings_needed(replace(DESIGN, k=64), 0.05) is None
    assert describe(replace(DESIGN, k=64), 0.05) == "nothing: k exceeds the samples"
    assert describe(replace(DESIGN, baseline=0.99, k=1), 0.05) == "sees no rise: 0.010 is all there is to gain"
    assert "no room for 0.05" in describe(replace(DESIGN, baseline=0.955, k=1), 0.05)


def test_trainings_needed_are_the_fewest_that_see_the_effect():
    design = replace(DESIGN, training_sd=0.03)
    needed = trainings_needed(design, 0.05)
    assert needed is not None
    assert 3 < needed < 10
    assert detection_power(replace(design, num_seeds=needed), 0.05) >= 0.8
    assert detection_power(replace(design, num_seeds=needed - 1), 0.05) < 0.8
    assert trainings_needed(design, 0.001) is None
    flat = trainings_needed(design, 0.05, flat=True)
    assert flat is not None
    assert equivalence_power(replace(design, num_seeds=flat), 0.05) >= 0.8
    assert f"needs {needed} trainings" in describe(design, 0.05)
    assert describe(design, 0.05, flat=True) == f"within 0.05 of zero needs {flat} trainings"


def test_equal_arms_have_no_true_effect_and_every_pair_has_one_of_its_own():
    design = replace(DESIGN, num_seeds=400, training_sd=0.06)
    drawn = draw(design, 0.0, np.random.default_rng(0))
    own_S = own_effects(design, 0.0, drawn)
    assert true_effect(design, 0.0) == 0.0
    assert own_S.std() == pytest.approx(0.06, rel=0.15)
    assert own_S.mean() == pytest.approx(0.0, abs=3 * 0.06 / 20)
    assert (drawn.b_S_P - drawn.a_S_P).mean(axis=1) == pytest.approx(own_S, abs=0.1)
    assert true_effect(design, share_for(design, 0.05)) == pytest.approx(0.05, abs=1e-4)
    with pytest.raises(ValueError, match="no share"):
        share_for(replace(design, baseline=0.99), 0.3)


@pytest.mark.parametrize(("concentration", "k"), [(0.3, 8), (1.0, 32), (5.0, 8)])
def test_how_unequal_problems_are_follows_from_two_pass_at_k(concentration: float, k: int):
    design = replace(DESIGN, concentration=concentration, baseline=0.2, k=k)
    assert concentration_of(0.2, design.mean, k) == pytest.approx(concentration, rel=0.05)
    assert concentration_of(0.2, 0.2, k) == 0.02  # as if every problem were solved always or never


def test_spread_is_taken_from_the_regime_at_the_nearest_k_and_shrinks_near_0_and_1(tmp_path: Path):
    rows = (
        Replicates("edge", 1, 8, 0.2, 0.02),
        Replicates("edge", 32, 8, 0.5, 0.06),
        Replicates("id", 1, 8, 0.9, 0.01),
    )
    spread = Spread(rows, "here")
    assert spread.training_sd("edge", 1, 0.2) == pytest.approx(0.02)
    assert spread.training_sd("edge", 16, 0.5) == pytest.approx(0.06)
    assert spread.training_sd("edge", 32, 0.02) == pytest.approx(0.06 * 0.14 / 0.5)
    assert spread.training_sd("another", 1, 0.2) == pytest.approx(0.02)  # the widest of what there is
    design = spread.design(replace(DESIGN, k=32, num_samples=32), "edge")
    assert (design.baseline, design.training_sd) == (0.2, pytest.approx(0.06, rel=0.01))
    assert design.mean == pytest.approx(0.5, abs=0.01)
    assert NO_REPLICATES.training_sd("edge", 32, 0.5) == pytest.approx(0.065)

    path = tmp_path / "spread.csv"
    path.write_text("regime,k,n_seeds,control_mean,training_sd,rule\nedge,1,8,0.2,0.02,strict\nid,1,8,0.2,,exact\n")
    assert read_spread(path, "file").rows == rows[:1]
    path.write_text("regime,k,n_seeds,control_mean\n")
    with pytest.raises(ValueError, match="needs a column 'training_sd'"):
        read_spread(path, "file")


@pytest.mark.parametrize("wrong", [{"num_problems": 1}, {"baseline": 1.0}, {"spread": -1.0}, {"power": 0.0}, {"k": 0}])
def test_impossible_designs_are_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(DESIGN, **wrong)
