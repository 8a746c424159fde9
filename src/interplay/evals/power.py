"""The smallest effect a design can detect, and how many trainings a claim needs: said before a run, not after a disappointment.

A design (`simulate.Design`) is problems x samples x trainings, and a guess at the world. The formula follows `intervals` part
by part: what problems share over trainings, what each training and each draw of samples adds, the wide quantiles of few
trainings, and the exact intervals that take over where few problems carry the difference, as happens near 0 and 1.
Its test draws whole evaluations and asks the real interval.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from interplay.evals.intervals import (
    FEW_PROBLEMS,
    informative_problems,
    rare_difference,
    student_quantiles,
)
from interplay.evals.simulate import Design, Floats, at_k, draw, raised, root, share_variance
from interplay.evals.verdict import TRAININGS
from interplay.world.randomness import derive

# Q points of the distribution of problems, N + 1 possible counts of right samples, E equally likely estimates of the error
MANY_PROBLEMS = 2000  # a draw of so many problems shows how a difference is spread over them
MOST_TRAININGS = 64
DRAWS, ESTIMATES = 2000, 40


class Precision(NamedTuple):
    """Standard deviation of the estimated effect, and how far from zero it must lie to be told from it, [E] equally likely."""

    error: float
    needed_E: NDArray[np.float64]


def smallest_effect(design: Design) -> float:
    """The rise in pass@k that the paired interval tells from 0 with the design's power; inf if the headroom is less.

    NaN when k is more than the samples. With one training of each arm the effect is that of these two, and training_sd
    plays no part.
    """
    if design.k > design.num_samples:
        return math.nan
    most = 0.98 * (1.0 - design.mean)
    if detection_power(design, most) < design.power:
        return math.inf
    return root(lambda effect: detection_power(design, effect) - design.power, 0.0, most, within=2e-4)


def detection_power(design: Design, effect: float) -> float:
    """Chance that the interval of b - a lies above 0 when pass@k truly rises by `effect`, by formula."""
    from scipy import special

    error, needed_E = _precision(design, effect)
    return float(np.mean(special.ndtr((effect - needed_E) / max(error, 1e-12))))


def equivalence_power(design: Design, margin: float) -> float:
    """Chance that the interval lies within `margin` of zero when nothing changes, by formula."""
    from scipy import special

    error, needed_E = _precision(design, 0.0)
    inside_E = 2.0 * special.ndtr((margin - needed_E) / max(error, 1e-12)) - 1.0
    return float(np.mean(np.maximum(inside_E, 0.0)))


def trainings_needed(design: Design, effect: float, *, flat: bool = False) -> int | None:
    """Trainings of each arm, three or more, that see a rise of `effect` with the design's power; None beyond 64.

    flat: that find, where nothing changes, the interval within `effect` of zero. None, too, where the headroom is less.
    """
    if design.k > design.num_samples or (not flat and effect >= 0.98 * (1.0 - design.mean)):
        return None

    def enough(num_seeds: int) -> bool:
        asked = replace(design, num_seeds=num_seeds)
        return (equivalence_power if flat else detection_power)(asked, effect) >= design.power

    if not enough(MOST_TRAININGS):
        return None
    low, high = TRAININGS - 1, MOST_TRAININGS  # not enough (or not allowed), enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


class Seen(NamedTuple):
    """What a design sees: the smallest rise (inf or NaN where there is none), and the trainings that a claim needs."""

    smallest: float
    trainings: int | None


@lru_cache(maxsize=256)
def seen(design: Design, margin: float, flat: bool = False) -> Seen:
    """For a claim that something moves by `margin`, or moves by less where it is flat."""
    return Seen(smallest_effect(design), trainings_needed(design, margin, flat=flat))


def describe(design: Design, margin: float, flat: bool = False) -> str:
    """One claim's power in words: `sees a rise of 0.075; 0.05 needs 4 trainings`."""
    smallest, trainings = seen(design, margin, flat)
    if math.isnan(smallest):
        return "nothing: k exceeds the samples"
    if math.isinf(smallest) and not flat:
        return f"sees no rise: {1.0 - design.mean:.3f} is all there is to gain"
    needed = f"more than {MOST_TRAININGS} trainings" if trainings is None else f"{trainings} trainings"
    if flat:
        return f"within {margin:g} of zero needs {needed}"
    if margin >= 1.0 - design.mean:
        return f"sees a rise of {smallest:.3f}; there is no room for {margin:g}"
    return f"sees a rise of {smallest:.3f}; {margin:g} needs {needed}"


def _precision(design: Design, effect: float) -> Precision:
    """The estimate is normal. With S trainings its standard error is only estimated, on S - 1 degrees of freedom, so what is
    needed is spread over what that estimate may be (a chi-square), each with the quantile the interval would use."""
    from scipy import special

    room = 1.0 - design.mean  # nothing where every problem is solved in k tries, to the last digit: no effect either
    share = effect / room if room > 0.0 else 0.0
    between, noise = _variances(design, share)
    tail = (1.0 + design.level) / 2.0
    quantile, rare = float(special.ndtri(tail)), _rare_reach(design, share)
    if design.num_seeds == 1:
        error = math.sqrt((between + noise) / design.num_problems)
        return Precision(error, np.array([max(quantile * error, rare)]))
    freedom, num_cells = design.num_seeds - 1, design.num_seeds * design.num_problems
    shared = math.sqrt(between / design.num_problems)
    training_error = math.sqrt(design.training_sd**2 / design.num_seeds + noise / num_cells)
    least = max(quantile * math.sqrt(between / design.num_problems + noise / num_cells), rare)
    normal_R, student_R, chi_E = _quantiles(freedom)
    drawn_E_R = shared * normal_R + training_error * chi_E[:, None] * student_R
    wide_E = np.partition(drawn_E_R, int(tail * DRAWS), axis=1)[:, int(tail * DRAWS)]
    return Precision(math.hypot(shared, training_error), np.maximum(wide_E, least))


@lru_cache(maxsize=64)
def _quantiles(freedom: int) -> tuple[Floats, Floats, Floats]:
    """Equally likely values of a normal, in another order of Student's t, and of an estimated over the true error."""
    from scipy import special

    rng = np.random.default_rng(derive("power", "quantiles"))
    normal_R = np.asarray(special.ndtri((np.arange(DRAWS) + 0.5) / DRAWS))
    chi_E = np.sqrt(2.0 * special.gammaincinv(freedom / 2.0, (np.arange(ESTIMATES) + 0.5) / ESTIMATES) / freedom)
    return normal_R, rng.permutation(student_quantiles(freedom, DRAWS)), chi_E


def _variances(design: Design, share: float) -> tuple[float, float]:
    """Variance of the difference between problems, and of one problem in one training: samples drawn, what training adds."""
    p_Q = design.problems_Q
    raised_Q, first_Q = raised(p_Q, design.k, share), at_k(p_Q, design.k)
    square = share**2 + share_variance(design, share)  # E[u^2]
    effect = share * (1.0 - float(first_Q.mean()))
    between = max(square * float(np.mean((1.0 - first_Q) ** 2)) - effect**2, 0.0)
    return between, sum(_cell_variance(design, arm_Q) for arm_Q in (p_Q, raised_Q))


def _cell_variance(design: Design, p_Q: Floats) -> float:
    """Mean over problems of the variance of the estimated pass@k given the problem: exact in the counts of right samples."""
    right_N = np.arange(design.num_samples + 1)
    odds_Q_N = right_N * np.log(p_Q)[:, None] + (design.num_samples - right_N) * np.log1p(-p_Q)[:, None]
    chance_Q_N = np.exp(_log_ways(design.num_samples) + odds_Q_N)
    sampling = max(float(np.mean(chance_Q_N @ design.table_N**2 - (chance_Q_N @ design.table_N) ** 2)), 0.0)
    slope_Q = design.k * p_Q * (1.0 - p_Q) ** design.k
    return sampling + design.interaction**2 * float(np.mean(slope_Q**2))


@lru_cache(maxsize=16)
def _log_ways(num_samples: int) -> Floats:
    """[N + 1] logarithm of the number of ways to get each count of right samples."""
    from scipy import special

    right_N = np.arange(num_samples + 1)
    return np.asarray(-np.log(num_samples + 1) - special.betaln(num_samples - right_N + 1, right_N + 1))


def _rare_reach(design: Design, share: float) -> float:
    """How far below its middle the exact interval of a difference begins, where so few problems carry it that it is used."""
    still = replace(design, num_problems=MANY_PROBLEMS, training_sd=0.0)
    drawn = draw(still, share, np.random.default_rng(derive("power", "rare")))
    difference_P = (drawn.b_S_P - drawn.a_S_P).mean(axis=0)
    if informative_problems(np.abs(difference_P)) * design.num_problems / MANY_PROBLEMS >= FEW_PROBLEMS:
        return 0.0
    lo, _ = rare_difference(difference_P, design.level, trials=design.num_problems)
    return float(difference_P.mean()) - lo
