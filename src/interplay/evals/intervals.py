"""Intervals for a mean over problems and for the paired difference of two, honest near 0 and 1 and with few seeds.

Problems are the population: an interval says where the mean would lie on further problems of the same kind, so it
holds what the choice of problems and the sampling of solutions add. Samples of one problem are never resampled by
themselves: they are already in that problem's value.

One seed: bias-corrected and accelerated (BCa) bootstrap over problems (Efron 1987, "Better Bootstrap Confidence
Intervals"). It speaks of this one training run; how other seeds would fare, one seed cannot say. The interval of a
difference holds Student's too: where nothing changed, BCa takes the skewness of chance for a real one and finds an
effect in up to 10 % of comparisons, while Student's alone is lopsided when an effect falls on few problems.

Several seeds on the same problems: a hierarchical bootstrap is much too narrow with three seeds (coverage near 0.8),
so the seed level enters as a t. The spread of the seed means (S - 1 degrees of freedom) is added to the problem
bootstrap, which is scaled to the spread between problems that seeds share (Fisher's two-way mean squares); what comes
out is never narrower than the bootstrap over problems alone. Two seeds give wide intervals: that is what they know.

Few informative problems: a bootstrap of 200 zeros is [0, 0]. When fewer than about ten problems carry the successes
(or the failures), the interval is widened to hold the Clopper-Pearson one with problems as trials, which bounds the
mean of any values in 0..1. Differences get the same through the MOVER rule (Zou and Donner 2008).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from interplay.world.randomness import derive

# P problems, S seeds, R bootstrap resamples
Floats = NDArray[np.float64]
Names = tuple[str | int | float, ...]
Ends = tuple[float, float]

RESAMPLES = 2000  # of a bootstrap
FEW_PROBLEMS = 10.0  # below this many informative problems the bootstrap alone is not believed


class Estimate(NamedTuple):
    """A value with its interval and what it rests on. n_samples counts all samples, where the caller said so."""

    value: float
    lo: float
    hi: float
    n_problems: int
    n_samples: int
    n_seeds: int


class MeanSquares(NamedTuple):
    """Two-way analysis of variance of values_S_P with one value per cell; each is in units of one cell's variance."""

    seeds: float
    problems: float
    rest: float


def mean_interval(
    values_per_problem: ArrayLike | Sequence[Floats],
    *,
    names: Names,
    level: float = 0.95,
    n_samples: int = 0,
    bounded: bool = True,
) -> Estimate:
    """Mean over problems with its interval.

    values_per_problem: [P], or [S, P] (or a list of S arrays [P]) with the same problems in the same order for every
    seed; the outer axis is always the seed. names is the random stream, so equal calls give equal intervals, and equal
    names resample the same problems. bounded: values lie in 0..1 (pass@k does); False for a loss, which then gets
    neither clipping nor the widening near 0 and 1. A NaN anywhere makes the estimate NaN. Raises ValueError for other
    shapes, for seeds of unequal length and for bounded values outside 0..1.
    """
    values_S_P = _seeds_by_problems(values_per_problem, bounded)
    if values_S_P.shape[1] == 0 or np.isnan(values_S_P).any():
        return _undefined(values_S_P, n_samples)
    lo, hi = _bootstrap_ends(values_S_P, names, level)
    if bounded:
        mean_P = values_S_P.mean(axis=0)
        if lo == hi or min(informative_problems(mean_P), informative_problems(1.0 - mean_P)) < FEW_PROBLEMS:
            rare_lo, rare_hi = _clopper_pearson(float(mean_P.sum()), mean_P.size, level)
            lo, hi = min(lo, rare_lo), max(hi, rare_hi)
        lo, hi = max(lo, 0.0), min(hi, 1.0)
    return Estimate(float(values_S_P.mean()), lo, hi, values_S_P.shape[1], n_samples, values_S_P.shape[0])


def paired_interval(
    a: ArrayLike | Sequence[Floats],
    b: ArrayLike | Sequence[Floats],
    *,
    names: Names,
    level: float = 0.95,
    bounded: bool = True,
) -> Estimate:
    """Mean of b - a over the same problems in the same order, with its interval.

    a and b: both [P], or both [S, P], outer axis the seed (seed s of a is paired with seed s of b: share whatever the
    two arms share). The other arguments, NaN and errors are those of `mean_interval`.
    """
    a_S_P, b_S_P = _seeds_by_problems(a, bounded), _seeds_by_problems(b, bounded)
    if a_S_P.shape != b_S_P.shape:
        raise ValueError(f"paired values need the same seeds and problems, got {a_S_P.shape} and {b_S_P.shape}")
    return difference_interval(b_S_P - a_S_P, names=names, level=level, most=1.0 if bounded else None)


def difference_interval(
    differences: ArrayLike | Sequence[Floats],
    *,
    names: Names,
    level: float = 0.95,
    n_samples: int = 0,
    most: float | None = 1.0,
) -> Estimate:
    """Mean of differences [P] or [S, P] with its interval, for what was subtracted already, as a gain minus a gain is.

    most: no difference can be further from zero (1 for two pass@k, 2 for a difference of two gains); None where there is
    no bound. The other arguments and NaN are those of `paired_interval`. Raises ValueError for other shapes.
    """
    difference_S_P = _seeds_by_problems(differences, bounded=False)
    if difference_S_P.shape[1] == 0 or np.isnan(difference_S_P).any():
        return _undefined(difference_S_P, n_samples)
    lo, hi = _bootstrap_ends(difference_S_P, names, level, with_student=True)
    if most is not None:
        mean_P = difference_S_P.mean(axis=0) / most
        if lo == hi or informative_problems(np.abs(mean_P)) < FEW_PROBLEMS:
            rare_lo, rare_hi = rare_difference(mean_P, level)
            lo, hi = min(lo, most * rare_lo), max(hi, most * rare_hi)
        lo, hi = max(lo, -most), min(hi, most)
    return Estimate(float(difference_S_P.mean()), lo, hi, difference_S_P.shape[1], n_samples, len(difference_S_P))


def mean_squares(values_S_P: Floats) -> MeanSquares:
    """Spread between seeds, between problems, and what neither explains. Needs two seeds and two problems."""
    num_seeds, num_problems = values_S_P.shape
    assert num_seeds > 1, "spread between seeds needs two seeds"
    mean_S, mean_P, mean = values_S_P.mean(axis=1), values_S_P.mean(axis=0), values_S_P.mean()
    seeds = num_problems * float(mean_S.var(ddof=1))
    if num_problems == 1:
        return MeanSquares(seeds, 0.0, 0.0)
    rest_S_P = values_S_P - mean_S[:, None] - mean_P[None, :] + mean
    rest = float((rest_S_P**2).sum()) / ((num_seeds - 1) * (num_problems - 1))
    return MeanSquares(seeds, num_seeds * float(mean_P.var(ddof=1)), rest)


def informative_problems(weights_P: Floats) -> float:
    """How many problems carry the sum, (sum w)^2 / sum w^2: 10 for ten equal ones, near 1 when one outweighs all."""
    square = float((weights_P**2).sum())
    return 0.0 if square == 0.0 else float(weights_P.sum()) ** 2 / square


def student_quantiles(freedom: int, count: int) -> Floats:
    """`count` equally likely values of Student's t: a sample without the noise of drawing it."""
    from scipy import special

    return np.asarray(special.stdtrit(freedom, (np.arange(count) + 0.5) / count), dtype=np.float64)


def _seeds_by_problems(values: ArrayLike | Sequence[Floats], bounded: bool) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except ValueError as error:
        raise ValueError(
            "every seed needs the same problems in the same order: values must be [P] or [S, P]"
        ) from error
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[0] == 0):
        raise ValueError(f"values must be [P] or [S, P], got shape {array.shape}")
    if bounded and array.size and (np.nanmin(array, initial=0.0) < 0.0 or np.nanmax(array, initial=1.0) > 1.0):
        raise ValueError("values outside 0..1: pass bounded=False when that is meant")
    return array[None, :] if array.ndim == 1 else array


def _undefined(values_S_P: Floats, n_samples: int) -> Estimate:
    defined = int((~np.isnan(values_S_P)).all(axis=0).sum())
    return Estimate(math.nan, math.nan, math.nan, defined, n_samples, values_S_P.shape[0])


def _bootstrap_ends(values_S_P: Floats, names: Names, level: float, *, with_student: bool = False) -> Ends:
    from scipy import special

    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be between 0 and 1, got {level}")
    num_seeds, num_problems = values_S_P.shape
    mean_P, mean = values_S_P.mean(axis=0), float(values_S_P.mean())
    means_R = _weights(names, num_problems) @ mean_P
    lo, hi = _bca(mean_P, means_R, level)
    if with_student and num_problems > 1:
        error = float(mean_P.std(ddof=1)) / math.sqrt(num_problems)
        reach = error * float(special.stdtrit(num_problems - 1, (1.0 + level) / 2.0))
        lo, hi = min(lo, mean - reach), max(hi, mean + reach)
    if num_seeds == 1:
        return lo, hi
    spread = mean_squares(values_S_P)
    shared = math.sqrt(max(spread.problems - spread.rest, 0.0) / spread.problems) if spread.problems > 0.0 else 0.0
    shifts_R = student_quantiles(num_seeds - 1, RESAMPLES) * math.sqrt(spread.seeds / values_S_P.size)
    order_R = np.random.default_rng(derive("bootstrap", "seeds", *names)).permutation(RESAMPLES)
    draws_R = mean + shared * (means_R - mean) + shifts_R[order_R]
    wide_lo, wide_hi = np.quantile(draws_R, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return min(lo, float(wide_lo)), max(hi, float(wide_hi))


@lru_cache(maxsize=2)
def _weights(names: Names, num_problems: int) -> Floats:
    """[R, P] share of each problem in each resample; kept, because a comparison asks for the same ones many times."""
    rng = np.random.default_rng(derive("bootstrap", "problems", *names))
    picks_R_P = rng.integers(num_problems, size=(RESAMPLES, num_problems))
    cells = (picks_R_P + num_problems * np.arange(RESAMPLES)[:, None]).ravel()
    counts = np.bincount(cells, minlength=RESAMPLES * num_problems)
    weights_R_P: Floats = counts.reshape(RESAMPLES, num_problems) / num_problems
    weights_R_P.flags.writeable = False
    return weights_R_P


def _bca(values_P: Floats, means_R: Floats, level: float) -> Ends:
    """The BCa ends: percentiles moved by the bootstrap's bias and by the skewness of the values."""
    from scipy import special

    mean = float(values_P.mean())
    centred_P = values_P - mean
    scale = math.sqrt(float((centred_P**2).sum()))
    if scale < 1e-12:
        return mean, mean
    below = (np.sum(means_R < mean) + 0.5 * np.sum(means_R == mean)) / means_R.size
    bias = float(special.ndtri(min(max(below, 1.0 / means_R.size), 1.0 - 1.0 / means_R.size)))
    acceleration = float((centred_P**3).sum()) / (6.0 * scale**3)
    ends = []
    for quantile in special.ndtri([(1.0 - level) / 2.0, (1.0 + level) / 2.0]):
        shifted = bias + float(quantile)
        ends.append(float(special.ndtr(bias + shifted / max(1.0 - acceleration * shifted, 0.1))))
    lo, hi = np.quantile(means_R, ends)
    return float(lo), float(hi)


def _clopper_pearson(successes: float, trials: int, level: float) -> Ends:
    """Clopper and Pearson 1934, with a sum of values in 0..1 in place of a count (beta quantiles take any number)."""
    from scipy import special

    tail = (1.0 - level) / 2.0
    successes = min(max(successes, 0.0), float(trials))
    failures = trials - successes
    lo = 0.0 if successes <= 0.0 else float(special.betaincinv(successes, failures + 1.0, tail))
    hi = 1.0 if failures <= 0.0 else float(special.betaincinv(successes + 1.0, failures, 1.0 - tail))
    return lo, hi


def rare_difference(difference_P: Floats, level: float, trials: int = 0) -> Ends:
    """MOVER: the gains and the losses each get a Clopper-Pearson interval, and their distances add in squares.

    trials: of how many problems, where it is not those given.
    """
    trials = trials or difference_P.size
    gain, loss = float(np.maximum(difference_P, 0.0).mean()), float(np.maximum(-difference_P, 0.0).mean())
    gain_lo, gain_hi = _clopper_pearson(gain * trials, trials, level)
    loss_lo, loss_hi = _clopper_pearson(loss * trials, trials, level)
    mean = gain - loss
    return mean - math.hypot(gain - gain_lo, loss_hi - loss), mean + math.hypot(gain_hi - gain, loss - loss_lo)
