"""Holm's correction against a worked example and by simulation, and p-values of differences that are not there."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interplay.evals.multiple import holm, holm_within, paired_p_value


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]).tolist() == []
    adjusted = holm([0.02, math.nan, 0.5])
    assert adjusted[[0, 2]].tolist() == pytest.approx([0.04, 0.5])
    assert np.isnan(adjusted[1])


def holm_step_by_step(p_values: list[float], alpha: float) -> list[bool]:
    """The procedure as it is told: smallest first, against alpha / (claims left), until one fails."""
    accepted = [False] * len(p_values)
    for step, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[index] * (len(p_values) - step) > alpha:
            break
        accepted[index] = True
    return accepted


@given(st.lists(st.floats(0, 1), max_size=12), st.sampled_from([0.01, 0.05, 0.2]))
def test_holm_equals_the_step_down_procedure(p_values: list[float], alpha: float):
    assert (holm(p_values) <= alpha).tolist() == holm_step_by_step(p_values, alpha)


def test_holm_keeps_one_false_claim_in_twenty_families():
    rng = np.random.default_rng(0)
    families = rng.random((4000, 10))
    false_claims = np.mean([holm(family).min() <= 0.05 for family in families])
    assert false_claims == pytest.approx(0.049, abs=0.0102)  # 1 - 0.995^10, three standard errors


def test_families_are_corrected_apart():
    rows = [{"rule": "strict", "p": 0.01}, {"rule": "exact", "p": 0.01}, {"rule": "strict", "p": 0.04}]
    assert [row["p_holm"] for row in holm_within(rows, ("rule",))] == pytest.approx([0.02, 0.01, 0.04])
    assert "p_holm" not in rows[0]


@pytest.mark.parametrize("p_values", [[1.5], [-0.1], [[0.1]]])
def test_impossible_p_values_are_refused(p_values: list[float]):
    with pytest.raises(ValueError, match="p-values"):
        holm(p_values)


def test_sign_flips_of_few_problems_are_the_exact_test():
    a_P, b_P = np.zeros(20), np.zeros(20)
    b_P[:6] = 1.0
    # all six the same way: 2 / 2^6 of the sign patterns are as extreme
    assert paired_p_value(a_P, b_P, names=("x",)) == pytest.approx(2 / 64, abs=0.006)
    assert paired_p_value(a_P, a_P, names=("x",)) == 1.0
    assert math.isnan(paired_p_value([math.nan], [0.5], names=("x",)))
    assert math.isnan(paired_p_value([], [], names=("x",)))


@pytest.mark.parametrize("num_seeds", [1, 3])
def test_p_values_of_no_difference_are_small_as_rarely_as_they_should(num_seeds: int):
    rng = np.random.default_rng(1)
    small = 0
    for _ in range(500):
        p_P = rng.beta(0.5, 1.0, 200)
        a, b = (rng.binomial(16, p_P, (num_seeds, 200)) / 16 for _ in range(2))
        small += paired_p_value(a, b, names=("x",)) < 0.05
    # one seed: exact, three standard errors of 5 % in 500; several: the larger of two p-values, so never more
    assert (0.02 if num_seeds == 1 else 0.0) <= small / 500 <= 0.08


def test_a_difference_within_the_spread_of_seeds_is_not_significant():
    rng = np.random.default_rng(2)
    p_P = rng.uniform(0.3, 0.6, 300)
    a = np.stack([p_P - 0.1, p_P, p_P + 0.1])
    b = a[[1, 2, 0]] + 0.02
    assert paired_p_value(a.mean(axis=0), b.mean(axis=0), names=("x",)) < 1e-6
    assert paired_p_value(a, b, names=("x",)) > 0.5


def test_arms_of_other_shape_are_refused():
    with pytest.raises(ValueError, match="same seeds and problems"):
        paired_p_value([0.1, 0.2], [0.1], names=("x",))
