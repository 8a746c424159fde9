"""Intervals: what they must hold in the corners, and how often they hold the truth when the truth is known.

The known answer: each simulated problem has a success probability drawn from a Beta distribution, so pass@k over the
population of problems is an integral. An interval at level 0.95 must hold it in 93 to 97 % of 1,000 evaluations. The
default run does 250; there the bounds are three standard errors (4.1 points) from 95 %, a false alarm in about 400.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import beta as beta_distribution
from scipy.stats import binomtest

from interplay.evals.intervals import Estimate, informative_problems, mean_interval, mean_squares, paired_interval
from interplay.evals.pass_at_k import pass_at_k

NUM_PROBLEMS = 200
DESIGNS = [(16, 1), (16, 8), (64, 16), (128, 1), (128, 8), (128, 16)]
FIRST, SECOND = (0.6, 1.4), (1.0, 1.4)  # Beta parameters of the two arms


def table(n: int, k: int) -> np.ndarray:
    """pass@k for 0..n right samples."""
    return np.asarray(pass_at_k(np.full(n + 1, n), np.arange(n + 1), k))


def true_pass_at_k(a: float, b: float, k: int) -> float:
    """E[1 - (1-p)^k] for p ~ Beta(a, b): 1 - B(a, b + k) / B(a, b)."""
    log_beta = math.lgamma(b + k) + math.lgamma(a + b) - math.lgamma(a + b + k) - math.lgamma(b)
    return 1.0 - math.exp(log_beta)


def coverage(evaluation: Callable[[np.random.Generator], Estimate], truth: float, simulations: int) -> float:
    rng = np.random.default_rng(20)
    estimates = [evaluation(rng) for _ in range(simulations)]
    return float(np.mean([estimate.lo <= truth <= estimate.hi for estimate in estimates]))


def mean_coverage(n: int, k: int, simulations: int, beta: tuple[float, float] = FIRST) -> float:
    pass_table = table(n, k)

    def evaluation(rng: np.random.Generator) -> Estimate:
        counts_P = rng.binomial(n, rng.beta(*beta, NUM_PROBLEMS))
        return mean_interval(pass_table[counts_P], names=("coverage",))

    return coverage(evaluation, true_pass_at_k(*beta, k), simulations)


def paired_coverage(n: int, k: int, simulations: int) -> float:
    """Both arms on the same problems: the harder the problem for one, the harder for the other (common quantile)."""
    grid = (np.arange(200_000) + 0.5) / 200_000
    first, second = (beta_distribution.ppf(grid, *parameters) for parameters in (FIRST, SECOND))
    pass_table = table(n, k)

    def evaluation(rng: np.random.Generator) -> Estimate:
        picked_P = rng.integers(grid.size, size=NUM_PROBLEMS)
        a_P, b_P = (pass_table[rng.binomial(n, p[picked_P])] for p in (first, second))
        return paired_interval(a_P, b_P, names=("coverage",))

    return coverage(evaluation, true_pass_at_k(*SECOND, k) - true_pass_at_k(*FIRST, k), simulations)


def seed_coverage(num_seeds: int, seed_sd: float, simulations: int, *, paired: bool, n: int = 32, k: int = 8) -> float:
    """Each seed moves every problem's log-odds by one draw of seed_sd, and each problem by one of its own (0.3)."""
    pass_table = table(n, k)
    far = np.random.default_rng(3)
    p = np.clip(far.beta(*SECOND, 2_000_000), 1e-9, 1 - 1e-9)
    moved = expit(logit(p) + math.hypot(seed_sd, 0.3) * far.standard_normal(p.size))
    truth = 0.0 if paired else float(np.mean(1.0 - (1.0 - moved) ** k))

    def arm(rng: np.random.Generator, odds_P: np.ndarray) -> np.ndarray:
        shift = seed_sd * rng.standard_normal((num_seeds, 1)) + 0.3 * rng.standard_normal((num_seeds, NUM_PROBLEMS))
        return pass_table[rng.binomial(n, expit(odds_P + shift))]

    def evaluation(rng: np.random.Generator) -> Estimate:
        odds_P = logit(np.clip(rng.beta(*SECOND, NUM_PROBLEMS), 1e-9, 1 - 1e-9))
        if paired:
            return paired_interval(arm(rng, odds_P), arm(rng, odds_P), names=("coverage",))
        return mean_interval(arm(rng, odds_P), names=("coverage",))

    return coverage(evaluation, truth, simulations)


@pytest.mark.parametrize(("n", "k"), [(16, 1), (16, 8), (128, 16)])
def test_mean_intervals_hold_the_known_pass_at_k(n: int, k: int):
    assert 0.909 <= mean_coverage(n, k, 250) <= 0.991


@pytest.mark.parametrize(("n", "k"), [(16, 1), (128, 16)])
def test_paired_intervals_hold_the_known_difference(n: int, k: int):
    assert 0.909 <= paired_coverage(n, k, 250) <= 0.991


@pytest.mark.parametrize("num_seeds", [2, 3, 5])
def test_with_few_seeds_coverage_is_never_short(num_seeds: int):
    assert seed_coverage(num_seeds, 0.3, 250, paired=False) >= 0.909
    assert seed_coverage(num_seeds, 0.3, 250, paired=True) >= 0.909


@pytest.mark.slow
@pytest.mark.parametrize(("n", "k"), DESIGNS)
def test_coverage_is_93_to_97_percent_in_1000_evaluations(n: int, k: int):
    assert 0.93 <= mean_coverage(n, k, 1000) <= 0.97
    assert 0.93 <= paired_coverage(n, k, 1000) <= 0.97


@pytest.mark.parametrize("beta", [(0.03, 0.97), (0.1, 5.0), (1.0, 1.0)])
def test_no_effect_is_found_where_there_is_none(beta: tuple[float, float]):
    """Most problems unsolved by both arms makes chance differences few and skewed, where BCa alone fails (10 %)."""
    rng, pass_table = np.random.default_rng(6), table(32, 1)
    found = 0
    for _ in range(1000):
        p_P = rng.beta(*beta, NUM_PROBLEMS)
        a_P, b_P = (pass_table[rng.binomial(32, p_P)] for _ in range(2))
        estimate = paired_interval(a_P, b_P, names=("null",))
        found += not estimate.lo <= 0.0 <= estimate.hi
    assert found <= 70  # 50 expected of 1,000 at most; three standard errors are 21


@pytest.mark.slow
@pytest.mark.parametrize("beta", [(0.02, 1.0), (0.1, 2.0), (5.0, 0.2), (0.005, 1.0)])
def test_near_0_and_1_coverage_is_never_short_in_1000_evaluations(beta: tuple[float, float]):
    for n, k in DESIGNS:
        assert mean_coverage(n, k, 1000, beta) >= 0.93, (n, k)


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [2, 3, 5])
@pytest.mark.parametrize("seed_sd", [0.0, 0.1, 0.5])
def test_with_few_seeds_coverage_is_93_percent_or_more_in_1000_evaluations(num_seeds: int, seed_sd: float):
    assert seed_coverage(num_seeds, seed_sd, 1000, paired=False) >= 0.93
    assert seed_coverage(num_seeds, seed_sd, 1000, paired=True) >= 0.93


@pytest.mark.parametrize("shape", [(200,), (3, 200)])
def test_identical_values_do_not_give_an_empty_interval(shape: tuple[int, ...]):
    none, every = mean_interval(np.zeros(shape), names=("x",)), mean_interval(np.ones(shape), names=("x",))
    assert (none.lo, every.hi) == (0.0, 1.0)
    assert none.hi == pytest.approx(1 - 0.025 ** (1 / 200))  # Clopper-Pearson for 0 of 200
    assert every.lo == pytest.approx(0.025 ** (1 / 200))
    same = paired_interval(np.ones(shape), np.ones(shape), names=("x",))
    assert same.lo == -same.hi < 0 < same.hi == pytest.approx(none.hi)
    assert mean_interval(np.full(shape, 0.5), names=("x",)).lo < 0.5


def test_one_success_in_200_problems_holds_clopper_pearson():
    values_P = np.zeros(200)
    values_P[7] = 1.0
    estimate = mean_interval(values_P, names=("x",))
    exact = binomtest(1, 200).proportion_ci(0.95)
    assert 0.0 <= estimate.lo <= exact.low < exact.high <= estimate.hi < 0.04


def test_pairing_narrows_the_interval():
    rng = np.random.default_rng(0)
    a_P = rng.random(200)
    b_P = np.clip(a_P + 0.02 * rng.standard_normal(200), 0, 1)
    paired = paired_interval(a_P, b_P, names=("x",))
    alone = mean_interval(a_P, names=("x",))
    assert paired.hi - paired.lo < 0.2 * (alone.hi - alone.lo)
    swapped = paired_interval(b_P, a_P, names=("x",))
    assert swapped.value == pytest.approx(-paired.value)


def test_equal_names_give_equal_intervals_and_other_names_nearly_so():
    values_P = np.random.default_rng(1).random(100)
    first, again, other = (mean_interval(values_P, names=(name, 0)) for name in ("a", "a", "b"))
    assert first == again
    assert first != other
    assert first.lo == pytest.approx(other.lo, abs=0.01)


def test_seeds_that_disagree_widen_the_interval_and_seeds_that_agree_do_not_narrow_it():
    values_P = np.random.default_rng(2).uniform(0.2, 0.8, 200)
    one, agree = mean_interval(values_P, names=("x",)), mean_interval(np.stack([values_P] * 3), names=("x",))
    apart = mean_interval([values_P - 0.1, values_P, values_P + 0.1], names=("x",))
    assert agree.lo <= one.lo < one.hi <= agree.hi
    assert (agree.lo, agree.hi) == pytest.approx((one.lo, one.hi), abs=0.001)
    # three seeds, standard error 0.1 / sqrt(3), t with 2 degrees of freedom: 4.30
    assert apart.hi - apart.lo == pytest.approx(2 * 4.30 * 0.1 / math.sqrt(3), rel=0.1)
    assert (agree.n_seeds, apart.n_seeds, one.n_seeds) == (3, 3, 1)


def test_mean_squares_are_those_of_the_textbook():
    values_S_P = np.array([[1.0, 2.0, 6.0], [3.0, 2.0, 4.0]])
    spread = mean_squares(values_S_P)
    assert (spread.seeds, spread.problems, spread.rest) == pytest.approx((0.0, 4.5 + 1.5, 2.0))


def test_undefined_values_make_an_undefined_estimate():
    estimate = mean_interval([0.5, math.nan, 0.25], names=("x",), n_samples=12)
    assert math.isnan(estimate.value)
    assert math.isnan(estimate.lo)
    assert (estimate.n_problems, estimate.n_samples) == (2, 12)
    assert math.isnan(mean_interval([], names=("x",)).value)


def test_losses_are_neither_clipped_nor_refused_when_unbounded():
    losses_P = np.random.default_rng(4).normal(3.0, 0.5, 50)
    estimate = mean_interval(losses_P, names=("x",), bounded=False)
    assert estimate.lo < estimate.value < estimate.hi
    assert estimate.value == pytest.approx(losses_P.mean())


def test_informative_problems_counts_equal_contributions():
    assert informative_problems(np.array([1.0] * 10 + [0.0] * 90)) == pytest.approx(10)
    assert informative_problems(np.zeros(5)) == 0.0


@pytest.mark.parametrize(
    ("values", "message"),
    [([[0.1], [0.1, 0.2]], "same problems"), ([0.5, 1.5], "outside"), (np.zeros((2, 2, 2)), "shape")],
)
def test_bad_values_are_refused_with_a_reason(values: object, message: str):
    with pytest.raises(ValueError, match=message):
        mean_interval(values, names=("x",))  # type: ignore[arg-type]


def test_arms_with_other_problems_are_refused():
    with pytest.raises(ValueError, match="same seeds and problems"):
        paired_interval([0.1, 0.2], [0.1], names=("x",))
