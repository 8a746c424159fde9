"""The smallest effect a design can detect, said before a run rather than after a disappointment.

A design is problems x samples x seeds, and a guess at the world: how able the first arm is, how unequal problems are,
how unequally the effect falls on them, how far seeds differ. The second arm closes a share u of each problem's
headroom, so no pass@k ever leaves 0..1. The formula follows `intervals` part by part: what problems share over seeds,
what each seed and each draw of samples adds, and the wide quantiles of few seeds. `simulated_power` checks it: it draws
evaluations and asks the real interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from interplay.evals.intervals import Names, paired_interval, student_quantiles
from interplay.evals.pass_at_k import pass_at_k
from interplay.world.randomness import derive

# Q points of the distribution of problems, N + 1 possible counts of right samples, S seeds, P problems
Floats = NDArray[np.float64]

POINTS = 1000


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
    seed_sd: float = 0.02  # standard deviation between seeds of one arm's mean pass@k
    level: float = 0.95
    power: float = 0.8

    def __post_init__(self) -> None:
        for name in ("num_problems", "num_samples", "k", "num_seeds"):
            if getattr(self, name) < (2 if name == "num_problems" else 1):
                raise ValueError(f"{name} is too small: {getattr(self, name)}")
        for name in ("baseline", "level", "power"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must be between 0 and 1, got {getattr(self, name)}")
        if not (self.spread >= 0.0 and self.seed_sd >= 0.0 and self.concentration > 0.0):
            raise ValueError("spread and seed_sd must be at least 0 and concentration above 0")


def smallest_effect(design: Design) -> float:
    """The rise in pass@k that the paired interval tells from 0 with the design's power; inf if the headroom is less.

    NaN when k is more than the samples. With one seed the claim is about these two runs, and seed_sd plays no part.
    """
    if design.k > design.num_samples:
        return math.nan
    most = 0.999 * (1.0 - float(np.mean(_pass_at_k(design, _problems(design)))))
    if detection_power(design, most) < design.power:
        return math.inf
    return float(optimize.brentq(lambda effect: detection_power(design, effect) - design.power, 0.0, most, xtol=1e-5))


def detection_power(design: Design, effect: float) -> float:
    """Chance that the interval of b - a lies above 0 when pass@k truly rises by `effect`, by formula.

    The estimate is normal. With S seeds its standard error is only estimated, on S - 1 degrees of freedom, so the
    chance is averaged over what that estimate may be (a chi-square), each with the quantile the interval would use.
    """
    between, noise, seeds = _variances(design, effect)
    tail = (1.0 + design.level) / 2.0
    quantile = float(stats.norm.ppf(tail))
    if design.num_seeds == 1:
        error = math.sqrt((between + noise) / design.num_problems)
        return float(stats.norm.cdf((effect / error if error > 0.0 else math.inf) - quantile))
    freedom, num_cells = design.num_seeds - 1, design.num_seeds * design.num_problems
    shared = math.sqrt(between / design.num_problems)
    seed_error = math.sqrt(seeds / design.num_seeds + noise / num_cells)
    total = math.hypot(shared, seed_error)
    least = quantile * math.sqrt(between / design.num_problems + noise / num_cells)
    rng = np.random.default_rng(derive("power", "quantiles"))
    normal_R = shared * stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
    student_R = rng.permutation(student_quantiles(freedom, 4000))
    estimates = seed_error * np.sqrt(stats.chi2.ppf((np.arange(100) + 0.5) / 100, freedom) / freedom)
    needed = [max(least, float(np.quantile(normal_R + error * student_R, tail))) for error in estimates]
    return float(np.mean(stats.norm.cdf((effect - np.array(needed)) / total)))


def simulated_power(design: Design, effect: float, *, names: Names, simulations: int = 400) -> float:
    """The same chance by drawing whole evaluations and asking `paired_interval`; error about 0.5 / sqrt(simulations).

    Seeds move the log-odds of every problem by one normal draw, scaled so that mean pass@k moves by seed_sd.
    """
    rng = np.random.default_rng(derive("power", "simulation", *names))
    p_Q, table_N = _problems(design), _table(design)
    share = effect / (1.0 - float(np.mean(_pass_at_k(design, p_Q))))
    a, b = _beta(design)

    def evaluation(p_P: Floats, odds_sd: float) -> Floats:
        odds_S_P = special.logit(p_P) + odds_sd * rng.standard_normal((design.num_seeds, 1))
        return np.asarray(table_N[rng.binomial(design.num_samples, special.expit(odds_S_P))])

    sd_a, sd_b = _odds_sd(design, p_Q), _odds_sd(design, _raised(design, p_Q, share))
    detected = 0
    for _ in range(simulations):
        p_P = rng.beta(a, b, design.num_problems).clip(1e-12, 1.0 - 1e-12)
        values_a, values_b = evaluation(p_P, sd_a), evaluation(_raised(design, p_P, _shares(design, share, rng)), sd_b)
        estimate = paired_interval(values_a, values_b, names=("power",), level=design.level)
        detected += estimate.lo > 0.0
    return detected / simulations


def describe(designs: Mapping[str, Design]) -> str:
    """One line for a plan or a report: one evaluation at several baselines, by name; a lone one may be named ""."""
    first = next(iter(designs.values()))
    seeds = "1 seed (these two runs only)" if first.num_seeds == 1 else f"{first.num_seeds} seeds"
    found = ", ".join(_detectable(name, design) for name, design in designs.items())
    return (
        f"{first.num_problems} problems x {first.num_samples} samples, {seeds}: smallest detectable rise in pass@{first.k} "
        f"{found}; with {first.power:.0%} power at level {first.level:g}"
    )


def _detectable(name: str, design: Design) -> str:
    effect = smallest_effect(design)
    reason = "k exceeds the samples" if math.isnan(effect) else "too little headroom"
    what = f"{effect:.3f}" if math.isfinite(effect) else f"none ({reason})"
    return f"{f'{name} ' if name else ''}{what} where {design.baseline:.0%} of samples are right"


def _beta(design: Design) -> tuple[float, float]:
    return design.baseline * design.concentration, (1.0 - design.baseline) * design.concentration


def _problems(design: Design) -> Floats:
    """[Q] equally likely success probabilities of a problem in the first arm."""
    points = stats.beta.ppf((np.arange(POINTS) + 0.5) / POINTS, *_beta(design))
    return np.asarray(points, dtype=np.float64).clip(1e-12, 1.0 - 1e-12)


def _pass_at_k(design: Design, p_Q: Floats) -> Floats:
    return np.asarray(1.0 - (1.0 - p_Q) ** design.k)


def _table(design: Design) -> Floats:
    """[N + 1] the estimate of pass@k for each count of right samples."""
    return np.asarray(pass_at_k(design.num_samples, np.arange(design.num_samples + 1), design.k))


def _variances(design: Design, effect: float) -> tuple[float, float, float]:
    """Variance of the difference between problems, from drawing samples (one problem, one seed), and between seeds."""
    p_Q = _problems(design)
    first_Q = _pass_at_k(design, p_Q)
    share = effect / (1.0 - float(first_Q.mean()))
    square = share**2 + _share_variance(design, share)  # E[u^2]
    between = max(square * float(np.mean((1.0 - first_Q) ** 2)) - effect**2, 0.0)
    noise = _sampling_variance(design, p_Q) + _sampling_variance(design, _raised(design, p_Q, share))
    return between, noise, 2.0 * design.seed_sd**2


def _sampling_variance(design: Design, p_Q: Floats) -> float:
    """Mean over problems of the variance of the estimated pass@k given the problem: exact, over all counts."""
    chance_Q_N = stats.binom.pmf(np.arange(design.num_samples + 1)[None, :], design.num_samples, p_Q[:, None])
    table_N = _table(design)
    return float(np.mean(chance_Q_N @ table_N**2 - (chance_Q_N @ table_N) ** 2))


def _raised(design: Design, p: Floats, share: float | Floats) -> Floats:
    """Success probabilities after a share of the headroom of each problem's pass@k is closed."""
    left = (1.0 - p) ** design.k * (1.0 - share)
    return np.asarray(1.0 - left ** (1.0 / design.k)).clip(1e-12, 1.0 - 1e-12)


def _share_variance(design: Design, share: float) -> float:
    """Variance of u between problems; at most that of problems which are either solved or untouched."""
    return min((design.spread * share) ** 2, 0.999 * share * (1.0 - share))


def _shares(design: Design, share: float, rng: np.random.Generator) -> Floats:
    """[P] share u of the headroom closed in each problem, from a Beta distribution with the assumed mean and spread."""
    variance = _share_variance(design, share)
    if variance <= 0.0:
        return np.full(design.num_problems, share)
    total = share * (1.0 - share) / variance - 1.0
    return np.asarray(rng.beta(share * total, (1.0 - share) * total, design.num_problems))


def _odds_sd(design: Design, p_Q: Floats) -> float:
    """How far a seed moves the log-odds so that mean pass@k moves by seed_sd, by the slope of one in the other."""
    slope = float(np.mean(design.k * p_Q * (1.0 - p_Q) ** design.k))
    return min(design.seed_sd / slope, 3.0) if design.num_seeds > 1 and slope > 0.0 else 0.0
