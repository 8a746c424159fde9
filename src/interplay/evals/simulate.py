"""Whole evaluations drawn from a known world, to ask the real interval, p-value and verdict how often they are right.

Problems have success probabilities from a Beta distribution. Arm b closes a share u of each problem's headroom in pass@k, so no
pass@k leaves 0..1. Every training moves the log-odds of all problems of its arm by one draw, which is what two seeds of one
setting differ by, and those of each problem by a draw of its own. With u = 0 the arms have one law: the true effect is zero,
although every pair of trainings has an effect of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from interplay.evals.pass_at_k import pass_at_k

# Q points of the distribution of problems, H of a normal distribution, S trainings, P problems
Floats = NDArray[np.float64]
Shifts = Callable[[np.random.Generator, tuple[int, int]], Floats]

POINTS = 500
SMALLEST = 1e-12  # probabilities stay this far from 0 and 1, where log-odds are infinite


@dataclass(frozen=True)
class Design:
    """What will be measured, and what is assumed about it. Raises ValueError for a number outside its range."""

    num_problems: int
    num_samples: int
    k: int
    num_seeds: int = 1
    baseline: float = 0.3  # the first arm's mean success probability of one sample
    concentration: float = 1.0  # a + b of its Beta distribution over problems: small, problems all or nothing
    spread: float = 1.0  # how unequally the effect falls: standard deviation of u between problems, over its mean
    training_sd: float = 0.03  # standard deviation between trainings of the paired effect on mean pass@k
    interaction: float = 0.3  # standard deviation of what a training adds to the log-odds of each problem by itself
    level: float = 0.95
    power: float = 0.8

    def __post_init__(self) -> None:
        for name in ("num_problems", "num_samples", "k", "num_seeds"):
            if getattr(self, name) < (2 if name == "num_problems" else 1):
                raise ValueError(f"{name} is too small: {getattr(self, name)}")
        for name in ("baseline", "level", "power"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must be between 0 and 1, got {getattr(self, name)}")
        for name in ("spread", "training_sd", "interaction"):
            if not getattr(self, name) >= 0.0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if not self.concentration > 0.0:
            raise ValueError(f"concentration must be above 0, got {self.concentration}")

    @property
    def beta(self) -> tuple[float, float]:
        """Parameters of the distribution of success probabilities over problems."""
        return self.baseline * self.concentration, (1.0 - self.baseline) * self.concentration

    @property
    def problems_Q(self) -> Floats:
        """[Q] equally likely success probabilities of a problem in the first arm."""
        return _quantiles(*self.beta)

    @property
    def mean(self) -> float:
        """The first arm's mean pass@k."""
        return float(np.mean(at_k(self.problems_Q, self.k)))

    @property
    def table_N(self) -> Floats:
        """[N + 1] the estimate of pass@k for each count of right samples."""
        return _table(self.num_samples, self.k)


class Drawn(NamedTuple):
    """Evaluations of both arms [S, P], and by how much each training moved the log-odds of its arm [S]."""

    a_S_P: Floats
    b_S_P: Floats
    moved_a_S: Floats
    moved_b_S: Floats


@lru_cache(maxsize=64)
def _table(num_samples: int, k: int) -> Floats:
    return np.asarray(pass_at_k(num_samples, np.arange(num_samples + 1), k))


@lru_cache(maxsize=64)
def _quantiles(a: float, b: float) -> Floats:
    from scipy import special

    points = np.asarray(special.betaincinv(a, b, (np.arange(POINTS) + 0.5) / POINTS), dtype=np.float64)
    points = points.clip(SMALLEST, 1.0 - SMALLEST)
    points.flags.writeable = False
    return points


def at_k(p: Floats, k: int) -> Floats:
    """pass@k of problems with these success probabilities."""
    return np.asarray(1.0 - (1.0 - p) ** k)


def raised(p: Floats, k: int, share: float | Floats) -> Floats:
    """Success probabilities after a share of the headroom of each problem's pass@k is closed."""
    left = (1.0 - p) ** k * (1.0 - share)
    return np.asarray(1.0 - left ** (1.0 / k)).clip(SMALLEST, 1.0 - SMALLEST)


def share_variance(design: Design, share: float) -> float:
    """Variance of u between problems; at most that of problems which are either solved or untouched."""
    return min((design.spread * share) ** 2, 0.999 * share * (1.0 - share))


def odds_sd(design: Design, p_Q: Floats) -> float:
    """How far a training moves the log-odds of its arm so that the effect on mean pass@k moves by training_sd."""
    slope = float(np.mean(design.k * p_Q * (1.0 - p_Q) ** design.k))
    return min(design.training_sd / math.sqrt(2.0) / slope, 3.0) if slope > 0.0 else 0.0


def gaussian(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """How trainings differ, in standard deviations: normally."""
    return rng.standard_normal(shape)


def two_kinds(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """How trainings differ where half of them end well and half badly."""
    return rng.choice([-1.0, 1.0], shape)


def draw(design: Design, share: float, rng: np.random.Generator, shifts: Shifts = gaussian) -> Drawn:
    """Both arms' evaluations on the same problems, in as many pairs of trainings as the design has."""
    from scipy import special

    p_Q = design.problems_Q
    p_P = rng.beta(*design.beta, design.num_problems).clip(SMALLEST, 1.0 - SMALLEST)
    arms = (
        (p_P, p_Q),
        (raised(p_P, design.k, _shares(design, share, rng)), raised(p_Q, design.k, share)),
    )
    values, moved = [], []
    for of_P, of_Q in arms:
        moved_S_1 = odds_sd(design, of_Q) * shifts(rng, (design.num_seeds, 1))
        alone_S_P = design.interaction * rng.standard_normal((design.num_seeds, design.num_problems))
        chance_S_P = special.expit(special.logit(of_P) + moved_S_1 + alone_S_P)
        values.append(np.asarray(design.table_N[rng.binomial(design.num_samples, chance_S_P)]))
        moved.append(moved_S_1[:, 0])
    return Drawn(*values, *moved)


def own_effects(design: Design, share: float, drawn: Drawn) -> Floats:
    """[S] the effect that each pair of trainings has over all problems, known only here."""
    p_Q = design.problems_Q
    raised_Q = raised(p_Q, design.k, share)
    pairs = zip(drawn.moved_a_S.tolist(), drawn.moved_b_S.tolist(), strict=True)
    return np.array([mean_at(design, raised_Q, b) - mean_at(design, p_Q, a) for a, b in pairs])


def mean_at(design: Design, p_Q: Floats, shift: float, sd: float = 0.0) -> float:
    """Mean pass@k over problems and over what trainings add to them, at a shift of all log-odds (give or take `sd`)."""
    from scipy import special

    points_H, weights_H = np.polynomial.hermite_e.hermegauss(15)
    odds_Q_H = special.logit(p_Q)[:, None] + shift + math.hypot(design.interaction, sd) * points_H[None, :]
    return float((at_k(special.expit(odds_Q_H), design.k) @ (weights_H / weights_H.sum())).mean())


def true_effect(design: Design, share: float) -> float:
    """What the effect is over all problems and all trainings."""
    p_Q = design.problems_Q
    raised_Q = raised(p_Q, design.k, share)
    after = mean_at(design, raised_Q, 0.0, odds_sd(design, raised_Q))
    return after - mean_at(design, p_Q, 0.0, odds_sd(design, p_Q))


def share_for(design: Design, effect: float) -> float:
    """The share of headroom that has this true effect. Raises ValueError where there is too little headroom."""
    if true_effect(design, 0.999) < effect:
        raise ValueError(f"no share of the headroom above {design.mean:.3f} makes an effect of {effect}")
    return root(lambda share: true_effect(design, share) - effect, 0.0, 0.999, within=1e-7)


def concentration_of(pass_at_1: float, at_most: float, k: int) -> float:
    """The concentration at which problems of mean success `pass_at_1` have this mean pass@k; within 0.02 and 100."""
    from scipy import special

    def gap(log_concentration: float) -> float:
        total = math.exp(log_concentration)
        a, b = pass_at_1 * total, (1.0 - pass_at_1) * total
        return 1.0 - math.exp(special.betaln(a, b + k) - special.betaln(a, b)) - at_most

    low, high = math.log(0.02), math.log(100.0)
    if k == 1 or gap(low) >= 0.0:
        return 1.0 if k == 1 else 0.02
    return 100.0 if gap(high) <= 0.0 else math.exp(root(gap, low, high, within=1e-12))


def root(function: Callable[[float], float], low: float, high: float, *, within: float) -> float:
    """Where a function that is below 0 at one end and not at the other changes its sign, by halving.

    scipy.optimize has faster ones, and takes half a second of a plan to load.
    """
    rises = function(low) < 0.0
    while high - low > within:
        middle = (low + high) / 2.0
        low, high = (middle, high) if (function(middle) < 0.0) == rises else (low, middle)
    return (low + high) / 2.0


def _shares(design: Design, share: float, rng: np.random.Generator) -> Floats:
    """[P] share u of the headroom closed in each problem, from a Beta distribution with the assumed mean and spread."""
    variance = share_variance(design, share)
    if variance <= 0.0:
        return np.full(design.num_problems, share)
    total = share * (1.0 - share) / variance - 1.0
    return np.asarray(rng.beta(share * total, (1.0 - share) * total, design.num_problems))
