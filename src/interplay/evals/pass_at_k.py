"""What n graded samples of a problem say about k tries at it: pass@k and its relatives, one value per problem.

Everything here is a pure function of counts (n samples, c of them right) or of the votes for each answer, computed
with whole numbers and rounded once, so it holds for any n. A value that the samples cannot give (n < k) is NaN: a 0.0
or a 1.0 would slip into a mean unseen. Means over problems and their intervals are in `intervals`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

# P problems, M samples over all problems
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def success_counts(correct_M: ArrayLike, problem_M: ArrayLike, num_problems: int) -> tuple[Ints, Ints]:
    """Samples and right samples of each problem: n [P] and c [P].

    correct_M holds a truth value per sample and problem_M the index of its problem, in 0..num_problems-1.
    Raises ValueError when the two differ in length, an index lies outside, or a truth value is none: NaN and the text
    "False" would count as right.
    """
    given, problem = np.asarray(correct_M), np.asarray(problem_M, dtype=np.int64)
    if given.size and (given.dtype.kind not in "bui" or not np.isin(given, (0, 1)).all()):
        raise ValueError(f"correct must hold true and false, got {given.dtype} such as {given.ravel()[0]!r}")
    correct = given.astype(bool)
    if correct.shape != problem.shape or correct.ndim != 1:
        raise ValueError(f"correct and problem must be vectors of one length, got {correct.shape} and {problem.shape}")
    if problem.size and not 0 <= problem.min() <= problem.max() < num_problems:
        raise ValueError(f"problem indices must be in 0..{num_problems - 1}, got {problem.min()}..{problem.max()}")
    n = np.bincount(problem, minlength=num_problems).astype(np.int64)
    return n, np.bincount(problem[correct], minlength=num_problems).astype(np.int64)


def default_ks(samples: int) -> tuple[int, ...]:
    """What is asked of so many samples when nobody says: 1, 8, 64 and 128 as far as they go, and all of them."""
    return tuple(sorted({k for k in (1, 8, 64, 128) if k <= samples} | {max(1, samples)}))


@overload
def pass_at_k(n: int, c: int, k: int) -> float: ...
@overload
def pass_at_k(n: ArrayLike, c: ArrayLike, k: int) -> float | Floats: ...
def pass_at_k(n: ArrayLike, c: ArrayLike, k: int) -> float | Floats:
    """Chance that k of the n samples, drawn without replacement, hold a right one: 1 - C(n-c, k) / C(n, k).

    The unbiased estimator of Chen et al. 2021, "Evaluating Large Language Models Trained on Code". n and c may be
    numbers (the result is a float) or arrays that broadcast (an array). NaN where n < k. Raises ValueError unless
    k >= 1 and 0 <= c <= n.
    """
    return _per_problem(n, c, k, lambda n_, c_: _at_least(n_, c_, k, 1))


def g_pass_at_k(n: ArrayLike, c: ArrayLike, k: int, tau: float) -> float | Floats:
    """G-Pass@k_tau: the chance that at least max(1, ceil(tau k)) of k drawn samples are right.

    Liu et al. 2025, "Are Your LLMs Capable of Stable Reasoning?". It is pass@k at tau = 0, and pass^k of Yao et al. 2024
    (tau-bench: all k are right) at tau = 1.
    Arguments as in `pass_at_k`; ValueError also unless 0 <= tau <= 1.
    """
    if not 0.0 <= tau <= 1.0:
        raise ValueError(f"tau must be in 0..1, got {tau}")
    needed = max(1, _ceil(tau * k))
    return _per_problem(n, c, k, lambda n_, c_: _at_least(n_, c_, k, needed))


def cover_at_tau(n: ArrayLike, c: ArrayLike, tau: float) -> float | Floats:
    """1.0 where at least a share tau of a problem's samples is right, else 0.0; its mean over problems is Cover@tau.

    Dragoi et al. 2025, "Beyond Pass@k: Breadth-Depth Metrics for Reasoning Boundaries". NaN where n = 0. The share c/n
    stands for the unknown probability, so with few samples a threshold inside the noise is a noisy one.
    Raises ValueError unless 0 < tau <= 1.
    """
    if not 0.0 < tau <= 1.0:
        raise ValueError(f"tau must be above 0 and at most 1, got {tau}")
    return _per_problem(n, c, 1, lambda n_, c_: float(c_ >= _ceil(tau * n_)))


def no_success(n: ArrayLike, c: ArrayLike) -> float | Floats:
    """1.0 where no sample is right, else 0.0 (NaN where n = 0); its mean is the share of prompts without success."""
    return _per_problem(n, c, 1, lambda n_, c_: float(c_ == 0))


def majority_at_k(answers: Sequence[str | None], correct: Sequence[bool], k: int) -> float:
    """Chance that the most frequent answer among k of one problem's samples is right, ties broken evenly.

    answers and correct have one entry per sample; a sample without an answer (None) takes a place among the k but does
    not vote; all right samples vote as one. Self-consistency as in Wang et al. 2023, averaged over every subset: given
    their sum, independent binomial counts are the counts of a draw without replacement, so the chance is a coefficient
    of a product of small polynomials, not a simulation. NaN when there are fewer than k samples.
    """
    if len(answers) != len(correct):
        raise ValueError(f"answers and correct must have one length, got {len(answers)} and {len(correct)}")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    right = sum(map(bool, correct))
    rivals = Counter(answer for answer, is_right in zip(answers, correct, strict=True) if not is_right)
    silent = rivals.pop(None, 0)
    return _plurality(right, tuple(sorted(rivals.values())), silent, k)


def guess_at_k(answers_P: Sequence[str], k: int) -> Floats:
    """pass@k [P] of a player who never reads the problem and draws k answers in proportion to how frequent each is.

    Frequencies are those of the other problems' answers, so that no problem gives away its own. NaN when there is nothing
    to learn from.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    others = len(answers_P) - 1
    if others <= 0:
        return np.full(len(answers_P), math.nan)
    guesses = {answer: 1.0 - (1.0 - (count - 1) / others) ** k for answer, count in Counter(answers_P).items()}
    return np.array([guesses[answer] for answer in answers_P], dtype=np.float64)


def _ceil(x: float) -> int:
    """The ceiling that does not read 0.1 * 30 = 3.0000000000000004 as 4."""
    return math.ceil(x - 1e-9)


def _per_problem(n: ArrayLike, c: ArrayLike, k: int, value: Callable[[int, int], float]) -> float | Floats:
    """value(n, c) for each problem, computed once per distinct pair; NaN where n < k."""
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    n_, c_ = np.broadcast_arrays(_whole(n, "n"), _whole(c, "c"))
    if np.any((c_ < 0) | (c_ > n_)):
        raise ValueError("right samples must be in 0..n for every problem")
    pairs, inverse = np.unique(np.stack([n_.ravel(), c_.ravel()], axis=1), axis=0, return_inverse=True)
    table = np.array([value(int(a), int(b)) if a >= k else math.nan for a, b in pairs], dtype=np.float64)
    return float(table[inverse.item()]) if n_.ndim == 0 else table[inverse.ravel()].reshape(n_.shape)


def _whole(values: ArrayLike, name: str) -> Ints:
    array = np.asarray(values)
    whole = array.astype(np.int64)
    if not np.array_equal(whole, array):
        raise ValueError(f"{name} must hold whole numbers")
    return whole


@lru_cache(maxsize=65_536)
def _at_least(n: int, c: int, k: int, needed: int) -> float:
    """P(at least `needed` right among k drawn from n without replacement): whole numbers, one rounding at the end."""
    if needed == 1:
        subsets = math.comb(n, k)
        return (subsets - math.comb(n - c, k)) / subsets
    first, last = max(needed, k - (n - c)), min(k, c)
    if first > last:
        return 0.0
    term = total = math.comb(c, first) * math.comb(n - c, k - first)
    for j in range(first, last):  # from j to j + 1 right ones; the division leaves no rest
        term = term * (c - j) * (k - j) // ((j + 1) * (n - c - k + j + 1))
        total += term
    return total / math.comb(n, k)


@lru_cache(maxsize=65_536)
def _plurality(right: int, rivals: tuple[int, ...], silent: int, k: int) -> float:
    """Chance that `right` equal votes win against groups of `rivals` votes when k of all samples are drawn."""
    from scipy.stats import binom

    n = right + sum(rivals) + silent
    if n < k:
        return math.nan
    share = k / n  # any value gives the same answer; this one keeps every term away from 0
    won = 0.0
    for votes in range(1, min(right, k) + 1):
        strong = [size for size in rivals if size >= votes]
        # [rivals that tie, samples drawn so far]: smaller groups and silent samples cannot matter and go first
        rest = k - votes
        free = n - right - sum(strong)
        state = np.zeros((len(strong) + 1, rest + 1))
        state[0] = binom.pmf(np.arange(rest + 1), free, share)
        for size in strong:
            below = binom.pmf(np.arange(votes), size, share)
            tie = float(binom.pmf(votes, size, share))
            grown = np.stack([np.convolve(row, below)[: rest + 1] for row in state])
            if rest >= votes:
                grown[1:, votes:] += tie * state[:-1, : rest + 1 - votes]
            state = grown
        won += float(binom.pmf(votes, right, share)) * float((state[:, rest] / np.arange(1, len(strong) + 2)).sum())
    return min(1.0, won / float(binom.pmf(k, n, share)))
