"""What the answer of a problem can be had for without its graph: graph-blind guessers, and how often each is right per op.

An answer that such a guesser finds says nothing about reasoning. A guesser sees the numbers that the problem prints, in
their order, and which operations its sentences name, but not which quantity is which. The simple ones name one number
(the sum of what is printed, the last one, ...). The fitted one learns from one half of the rows which of many such
expressions fits problems that look alike (as many numbers, differences and products) and is scored on the other half.
All functions are pure and read rows as `to_row` writes them, so a file, an evaluation and a report are measured alike.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

Row = Mapping[str, object]
Numbers = Sequence[int]

_NUMBER = re.compile(r"(?<![\w.])\d+(?![\w])")
_GREATER = re.compile(r"greater than 0")  # how the sentences say that a quantity exists
_MINUS = re.compile(r" - |difference between")
_TIMES = re.compile(r" \* | times ")
LARGEST_PRODUCT = 10**9


def _product(numbers: Numbers) -> int:
    return min(math.prod(numbers), LARGEST_PRODUCT)


SIMPLE: Mapping[str, Callable[[Numbers], int]] = {
    "sum": sum,
    "product": _product,
    "first": lambda numbers: numbers[0],
    "last": lambda numbers: numbers[-1],
    "largest": max,
    "smallest": min,
}

# More expressions for the fitted guesser to choose from; b is the numbers, largest first.
_MORE: Mapping[str, Callable[[Numbers], int]] = {
    "largest less the rest": lambda n: 2 * max(n) - sum(n),
    "largest less smallest": lambda n: max(n) - min(n),
    "two largest": lambda n: sum(sorted(n)[-2:]),
    "difference of the two largest": lambda n: sorted(n)[-1] - sorted(n)[-2] if len(n) > 1 else 0,
    "two smallest": lambda n: sum(sorted(n)[:2]),
    "product of the two smallest": lambda n: _product(sorted(n)[:2]),
    "largest times smallest": lambda n: max(n) * min(n),
    "sum less smallest": lambda n: sum(n) - min(n),
    "sum less largest": lambda n: sum(n) - max(n),
    "sum less first": lambda n: sum(n) - n[0],
    "sum less last": lambda n: sum(n) - n[-1],
    "sum less twice the smallest": lambda n: sum(n) - 2 * min(n),
    "smallest times the sum of the rest": lambda n: min(n) * (sum(n) - min(n)),
    "twice the largest": lambda n: 2 * max(n),
    "first and last": lambda n: n[0] + n[-1],
    "first less last": lambda n: abs(n[0] - n[-1]),
    "first two": lambda n: sum(n[:2]),
    "last two": lambda n: sum(n[-2:]),
    "last two, less": lambda n: abs(n[-1] - n[-2]) if len(n) > 1 else 0,
    "last two, times": lambda n: _product(n[-2:]),
    "first two, less": lambda n: abs(n[0] - n[1]) if len(n) > 1 else 0,
    "first two, times": lambda n: _product(n[:2]),
}
_EXPRESSIONS = {**SIMPLE, **_MORE}
MIN_ALIKE = 20  # rows that look alike, below which the fitted guesser takes what is best over all


class Guesses(NamedTuple):
    """How often each guesser is right on the rows of one op and mode.

    scores   "most frequent" (the answer given most often), each of `SIMPLE`, "printed" (any of the printed numbers, drawn
             at random) and "fitted"
    printed  share of problems whose answer is a printed number: what a guesser would reach that knew which one
    """

    op: int
    mode: str
    n: int
    scores: Mapping[str, float]
    printed: float

    @property
    def best(self) -> tuple[str, float]:
        """The guesser that is right most often, and its score."""
        return max(self.scores.items(), key=lambda item: item[1])


class Seen(NamedTuple):
    """What a guesser may look at in one problem, and the answer."""

    numbers: tuple[int, ...]
    alike: tuple[int, int, int]
    answer: int


def seen(problem: str, answer: int) -> Seen:
    """A problem as a guesser sees it; problems are alike that print as many numbers, differences and products."""
    numbers = tuple(map(int, _NUMBER.findall(_GREATER.sub("", problem)))) or (0,)
    return Seen(numbers, (len(numbers), len(_MINUS.findall(problem)), len(_TIMES.findall(problem))), answer)


def guesses(rows: Iterable[Row]) -> tuple[Guesses, ...]:
    """The guessers' scores for each op and mode. Rows need `op`, `problem` and `answer`; those whose answer is no whole
    number are left out."""
    cells: defaultdict[tuple[int, str], list[Seen]] = defaultdict(list)
    for row in rows:
        answer, mode = str(row["answer"]), "reverse" if "reverse" in str(row.get("mode", "")) else "forward"
        if answer.lstrip("-").isdecimal():
            cells[int(str(row["op"])), mode].append(seen(str(row["problem"]), int(answer)))
    return tuple(guesses_of(*cell, cells[cell]) for cell in sorted(cells))


def guesses_of(op: int, mode: str, problems: Sequence[Seen]) -> Guesses:
    """The scores over problems of one op and mode."""
    n = len(problems)
    right = {name: sum(guess(p.numbers) == p.answer for p in problems) / n for name, guess in SIMPLE.items()}
    top = Counter(p.answer for p in problems).most_common(1)[0][1] / n
    drawn = sum(p.numbers.count(p.answer) / len(p.numbers) for p in problems) / n
    scores = {"most frequent": top, **right, "printed": drawn, "fitted": fitted(problems)}
    return Guesses(op, mode, n, scores, sum(p.answer in p.numbers for p in problems) / n)


def fitted(problems: Sequence[Seen]) -> float:
    """Score of the fitted guesser, learned from every other problem and tried on the rest; NaN for fewer than two."""
    learned, tried = problems[::2], problems[1::2]
    if not tried:
        return math.nan
    alike: defaultdict[tuple[int, int, int], list[Seen]] = defaultdict(list)
    for problem in learned:
        alike[problem.alike].append(problem)
    anywhere = _best_expression(learned)
    chosen = {key: _best_expression(some) for key, some in alike.items() if len(some) >= MIN_ALIKE}
    return sum(chosen.get(p.alike, anywhere)(p.numbers) == p.answer for p in tried) / len(tried)


def _best_expression(problems: Sequence[Seen]) -> Callable[[Numbers], int]:
    """What would have been right most often: an expression, or always the same answer."""
    answer, times = Counter(p.answer for p in problems).most_common(1)[0]
    best, most = (lambda numbers: answer), times
    for expression in _EXPRESSIONS.values():
        right = sum(expression(p.numbers) == p.answer for p in problems)
        if right > most:
            best, most = expression, right
    return best
