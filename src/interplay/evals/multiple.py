"""How surprising a paired difference is, and what is left of the surprise when many were looked at.

The p-value of one comparison flips the sign of each problem's difference: if the two arms are the same, either sign was
equally likely, whatever the values look like. Holm's correction then keeps the chance of even one false claim in a
family below the level, without assuming that the claims are independent (they never are: same problems, several k).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from interplay.evals.intervals import Names, informative_problems, mean_squares, student_quantiles
from interplay.world.randomness import derive

Floats = NDArray[np.float64]

FLIPS = 10_000
ENOUGH_PROBLEMS = 50.0  # from here on the sum of sign flips is normal for every purpose, and p can go below 1 / FLIPS


def paired_p_value(a: ArrayLike, b: ArrayLike, *, names: Names) -> float:
    """Two-sided p-value of "b equals a" for [P] or [S, P] values of the same problems in the same order.

    One seed: sign flips over problems (Fisher 1935). Several: the larger of that and the tail of what the intervals
    use, a t for the spread of the seeds plus a normal for the problems they share. NaN when a value is NaN or there is
    no problem. Raises ValueError for shapes that differ.
    """
    return difference_p_value(np.asarray(b, dtype=np.float64) - _same_shape(a, b), names=names)


def difference_p_value(differences: ArrayLike, *, names: Names) -> float:
    """The same of differences [P] or [S, P]: the p-value of "their mean is zero"."""
    difference_S_P = np.atleast_2d(np.asarray(differences, dtype=np.float64))
    if difference_S_P.size == 0 or np.isnan(difference_S_P).any():
        return math.nan
    over_problems = _flip_p_value(difference_S_P.mean(axis=0), names)
    return over_problems if len(difference_S_P) == 1 else max(over_problems, _seed_p_value(difference_S_P))


def holm(p_values: ArrayLike) -> Floats:
    """Adjusted p-values in the same order: a claim holds at level alpha in its family when its own is at most alpha.

    Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure". An undefined p-value (NaN) stays NaN and is
    not counted. Raises ValueError for a value outside 0..1 or anything but a vector.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1:
        raise ValueError(f"p-values must be a vector, got shape {p.shape}")
    adjusted = np.full(p.shape, math.nan)
    defined = np.flatnonzero(~np.isnan(p))
    if np.any((p[defined] < 0.0) | (p[defined] > 1.0)):
        raise ValueError("p-values must be in 0..1")
    order = defined[np.argsort(p[defined], kind="stable")]
    scaled = p[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0) if order.size else scaled
    return adjusted


def holm_within(rows: Sequence[dict[str, Any]], family: Iterable[str]) -> list[dict[str, Any]]:
    """The rows with `p_holm` added; rows that agree in the columns of `family` are one family."""
    columns = tuple(family)
    members: dict[tuple[object, ...], list[int]] = {}
    for index, row in enumerate(rows):
        members.setdefault(tuple(row[column] for column in columns), []).append(index)
    adjusted = [math.nan] * len(rows)
    for indices in members.values():
        for index, value in zip(indices, holm([rows[index]["p"] for index in indices]), strict=True):
            adjusted[index] = float(value)
    return [{**row, "p_holm": value} for row, value in zip(rows, adjusted, strict=True)]


def _same_shape(a: ArrayLike, b: ArrayLike) -> Floats:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or first.ndim not in (1, 2):
        raise ValueError(f"paired values need the same seeds and problems, got {first.shape} and {second.shape}")
    return first


def _flip_p_value(difference_P: Floats, names: Names) -> float:
    from scipy import stats

    moved = difference_P[difference_P != 0.0]
    if moved.size == 0:
        return 1.0
    observed = abs(float(moved.sum()))
    if informative_problems(np.abs(moved)) >= ENOUGH_PROBLEMS:
        return float(2.0 * stats.norm.sf(observed / math.sqrt(float((moved**2).sum()))))
    rng = np.random.default_rng(derive("flips", *names))
    hits, left = 0, FLIPS
    while left > 0:  # in blocks, so that memory does not grow with the number of problems
        block = min(left, 1000)
        signs = rng.integers(0, 2, size=(block, moved.size)) * 2.0 - 1.0
        hits += int(np.sum(np.abs(signs @ moved) >= observed * (1.0 - 1e-12)))
        left -= block
    return (hits + 1) / (FLIPS + 1)


def _seed_p_value(difference_S_P: Floats) -> float:
    from scipy import stats

    spread, freedom = mean_squares(difference_S_P), len(difference_S_P) - 1
    observed = abs(float(difference_S_P.mean()))
    shared_se = math.sqrt(max(spread.problems - spread.rest, 0.0) / difference_S_P.size)
    seed_se = math.sqrt(spread.seeds / difference_S_P.size)
    if observed == 0.0 or (shared_se == 0.0 and seed_se == 0.0):
        return 1.0 if observed == 0.0 else 0.0
    if shared_se == 0.0:
        return float(2.0 * stats.t.sf(observed / seed_se, freedom))
    shifts = seed_se * student_quantiles(freedom, 2000)
    return float(2.0 * np.mean(stats.norm.sf((observed - shifts) / shared_se)))
