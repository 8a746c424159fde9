"""pass@k and its relatives against two oracles: every subset of up to 8 samples, and scorio's estimators."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scorio import eval as scorio_eval

from interplay.evals.pass_at_k import (
    cover_at_tau,
    g_pass_at_k,
    guess_at_k,
    majority_at_k,
    no_success,
    pass_at_k,
    success_counts,
)

SMALL = [(n, c, k) for n in range(1, 9) for c in range(n + 1) for k in range(1, n + 1)]
TAUS = (0.0, 0.25, 0.5, 0.75, 1.0)


def subset_sums(n: int, c: int, k: int) -> list[int]:
    """Right samples in each subset of k: the slow, obvious oracle."""
    return [sum(subset) for subset in itertools.combinations([1] * c + [0] * (n - c), k)]


def strict_majority_at_k(n, c, k):
    """The chance that more than half of k drawn samples are right."""
    return g_pass_at_k(n, c, k, (k // 2 + 1) / k)


def test_every_count_estimator_equals_enumeration():
    for n, c, k in SMALL:
        sums = np.array(subset_sums(n, c, k))
        assert pass_at_k(n, c, k) == pytest.approx(np.mean(sums >= 1), abs=1e-15), (n, c, k)
        assert strict_majority_at_k(n, c, k) == pytest.approx(np.mean(2 * sums > k), abs=1e-15), (n, c, k)
        for tau in TAUS:
            needed = max(1, math.ceil(tau * k))
            assert g_pass_at_k(n, c, k, tau) == pytest.approx(np.mean(sums >= needed), abs=1e-15), (n, c, k, tau)


@pytest.mark.parametrize(("num_samples", "k"), [(8, 3), (16, 16), (128, 1), (128, 64), (128, 128), (300, 17)])
def test_means_equal_scorio(num_samples: int, k: int):
    rng = np.random.default_rng(num_samples + k)
    correct_P_N = rng.random((40, num_samples)) < rng.beta(0.4, 1.0, (40, 1))
    counts_P = correct_P_N.sum(axis=1)
    ours = {
        "pass_at_k": pass_at_k(num_samples, counts_P, k),
        "pass_hat_k": g_pass_at_k(num_samples, counts_P, k, 1.0),
        "maj_at_k": strict_majority_at_k(num_samples, counts_P, k),
    }
    outcomes = correct_P_N.astype(int)
    for name, values_P in ours.items():
        assert np.mean(values_P) == pytest.approx(getattr(scorio_eval, name)(outcomes, k), abs=1e-10), name
    for tau in TAUS:
        theirs = scorio_eval.g_pass_at_k_tau(outcomes, k, tau)
        assert np.mean(g_pass_at_k(num_samples, counts_P, k, tau)) == pytest.approx(theirs, abs=1e-10), tau


def test_undefined_is_nan_never_a_number():
    assert math.isnan(pass_at_k(4, 4, 5))
    assert math.isnan(pass_at_k(0, 0, 1))
    values = pass_at_k([4, 8], [1, 1], 8)
    assert np.isnan(values[0])
    assert values[1] == 1.0
    assert math.isnan(cover_at_tau(0, 0, 0.5))
    assert math.isnan(no_success(0, 0))
    assert math.isnan(majority_at_k(["1"], [True], 2))


@given(st.integers(1, 1024), st.data())
def test_large_counts_keep_every_digit(n: int, data: st.DataObject):
    k, c = data.draw(st.integers(1, n)), data.draw(st.integers(0, n))
    exact = 1 - math.prod((n - c - j) / (n - j) for j in range(k))
    assert pass_at_k(n, c, k) == pytest.approx(exact, abs=1e-11)
    assert 0.0 <= g_pass_at_k(n, c, k, 1.0) <= strict_majority_at_k(n, c, k) <= pass_at_k(n, c, k) <= 1.0
    if k < n:
        assert pass_at_k(n, c, k) <= pass_at_k(n, c, k + 1)


def test_shapes_broadcast_and_a_number_gives_a_number():
    assert isinstance(pass_at_k(8, 2, 3), float)
    values = pass_at_k(np.full((3, 1), 8), np.arange(5), 2)
    assert values.shape == (3, 5)
    assert values[1, 2] == pass_at_k(8, 2, 2)
    assert pass_at_k(np.array([], dtype=int), np.array([], dtype=int), 2).shape == (0,)


@pytest.mark.parametrize(("n", "c", "k"), [(4, 5, 1), (4, -1, 1), (4, 1, 0), (4.5, 1, 1)])
def test_impossible_counts_are_refused(n: float, c: int, k: int):
    with pytest.raises(ValueError, match="must"):
        pass_at_k(n, c, k)


def test_cover_counts_reliability_and_rounding_does_not_move_the_threshold():
    assert cover_at_tau([10, 10, 10], [3, 2, 10], 0.3).tolist() == [1.0, 0.0, 1.0]
    assert all(cover_at_tau(30, c, c / 30) == 1.0 for c in range(1, 31))
    assert no_success([4, 4], [0, 1]).tolist() == [1.0, 0.0]


def plurality_by_enumeration(answers: list[str | None], right: str, k: int) -> float:
    won = []
    for subset in itertools.combinations(answers, k):
        votes = Counter(answer for answer in subset if answer is not None)
        top = [answer for answer in votes if votes[answer] == max(votes.values())]
        won.append(top.count(right) / len(top) if top else 0.0)
    return float(np.mean(won))


@given(st.lists(st.sampled_from(["1", "2", "3", "4", None]), min_size=1, max_size=8))
def test_majority_equals_enumeration(answers: list[str | None]):
    correct = [answer == "1" for answer in answers]
    for k in range(1, len(answers) + 1):
        assert majority_at_k(answers, correct, k) == pytest.approx(
            plurality_by_enumeration(answers, "1", k), abs=1e-12
        ), k


def test_majority_of_many_samples_agrees_with_simulation():
    rng = np.random.default_rng(5)
    answers = [str(number) for number in rng.geometric(0.25, 128)]
    correct = [answer == "2" for answer in answers]
    draws = [plurality_by_enumeration(list(rng.choice(answers, 9, replace=False)), "2", 9) for _ in range(20_000)]
    # standard error at most 0.5 / sqrt(20,000) = 0.0035
    assert majority_at_k(answers, correct, 9) == pytest.approx(np.mean(draws), abs=0.014)
    assert majority_at_k(answers, correct, 1) == pytest.approx(np.mean(correct))
    assert 0.0 <= majority_at_k(answers, correct, 128) <= 1.0


def test_strict_majority_is_a_lower_bound_of_the_vote():
    answers = ["1"] * 5 + ["2"] * 4 + ["3"] * 4
    correct = [answer == "1" for answer in answers]
    for k in range(1, 14):
        assert strict_majority_at_k(13, 5, k) <= majority_at_k(answers, correct, k) + 1e-12


def test_guessing_learns_from_the_other_problems_only():
    assert guess_at_k(["7", "8", "9"], 2).tolist() == [0.0, 0.0, 0.0]
    assert guess_at_k(["7", "7", "9"], 1).tolist() == [0.5, 0.5, 0.0]
    assert guess_at_k(["7", "7", "7", "9"], 2).tolist() == pytest.approx([8 / 9, 8 / 9, 8 / 9, 0.0])
    assert np.isnan(guess_at_k(["7"], 1)).all()


def test_success_counts_count_samples_of_each_problem():
    n, c = success_counts([True, False, True, True], [2, 0, 2, 0], 4)
    assert (n.tolist(), c.tolist()) == ([2, 0, 2, 0], [1, 0, 2, 0])
    with pytest.raises(ValueError, match=r"0\.\.1"):
        success_counts([True], [2], 2)
    with pytest.raises(ValueError, match="length"):
        success_counts([True], [0, 1], 2)
