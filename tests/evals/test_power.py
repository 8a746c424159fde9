"""The formula of the smallest effect against whole simulated evaluations, and in cases that can be done by hand."""

import math
from dataclasses import replace

import pytest

from interplay.evals.power import Design, describe, detection_power, simulated_power, smallest_effect

DESIGN = Design(num_problems=200, num_samples=32, k=8)


@pytest.mark.parametrize(("num_seeds", "k"), [(1, 1), (1, 8), (3, 8)])
def test_simulated_power_at_the_smallest_effect_is_near_the_promise(num_seeds: int, k: int):
    design = replace(DESIGN, num_seeds=num_seeds, k=k)
    power = simulated_power(design, smallest_effect(design), names=("test",), simulations=300)
    assert 0.7 <= power <= 0.95  # 0.8 promised; standard error 0.023


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [1, 2, 3, 5])
@pytest.mark.parametrize("k", [1, 8, 32])
@pytest.mark.parametrize("baseline", [0.03, 0.3])
def test_simulated_power_holds_over_designs(num_seeds: int, k: int, baseline: float):
    design = replace(DESIGN, num_seeds=num_seeds, k=k, baseline=baseline)
    effect = smallest_effect(design)
    if math.isfinite(effect):
        assert simulated_power(design, effect, names=("test",), simulations=1000) >= 0.7


def test_without_an_effect_the_interval_is_above_0_in_one_of_forty():
    assert simulated_power(DESIGN, 0.0, names=("null",), simulations=600) <= 0.045
    assert detection_power(DESIGN, 0.0) == pytest.approx(0.025, abs=1e-3)


def test_one_sample_each_is_the_textbook_formula():
    # spread 0 and everybody at 0.5: the variance of b - a is 0.25 + p(1 - p), p the raised probability
    design = Design(num_problems=1000, num_samples=1, k=1, baseline=0.5, concentration=1e9, spread=0.0)
    effect = smallest_effect(design)
    variance = 0.25 + (0.5 + effect) * (0.5 - effect)
    assert effect == pytest.approx((1.95996 + 0.84162) * math.sqrt(variance / 1000), rel=1e-3)


def test_more_of_anything_sees_smaller_effects():
    effect = smallest_effect(DESIGN)
    assert smallest_effect(replace(DESIGN, num_problems=800)) == pytest.approx(effect / 2, rel=0.15)
    assert smallest_effect(replace(DESIGN, num_samples=128)) < effect
    effects = [smallest_effect(replace(DESIGN, num_seeds=seeds)) for seeds in (2, 3, 5, 10)]
    assert effects == sorted(effects, reverse=True)


def test_what_cannot_be_seen_is_said_not_guessed():
    assert math.isnan(smallest_effect(replace(DESIGN, k=64)))
    assert smallest_effect(replace(DESIGN, num_problems=2, num_seeds=2, baseline=0.99)) == math.inf
    assert "none (k exceeds the samples)" in describe({"": replace(DESIGN, k=64)})
    assert "pass@8 0.0" in describe({"": DESIGN})
    assert "these two runs only" in describe({"": DESIGN})
    both = describe({"id": replace(DESIGN, baseline=0.99, k=1), "edge": replace(DESIGN, k=1)})
    assert "id none (too little headroom) where 99% of samples are right, edge 0.0" in both


@pytest.mark.parametrize("wrong", [{"num_problems": 1}, {"baseline": 1.0}, {"spread": -1.0}, {"power": 0.0}, {"k": 0}])
def test_impossible_designs_are_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(DESIGN, **wrong)
