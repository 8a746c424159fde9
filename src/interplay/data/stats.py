"""What a file of problems is like, and how much of it another file repeats.

`stats` shows the confounds that would spoil a comparison across op: clutter or length that follows op in the wrong way,
and answers that can be guessed. `overlap` and `distinct` compare problems by their canonical digests, so a problem with
other letters, another order of sentences or other distractors is the same problem; at level "structure" one with other
names is, too; at level "text" only one of the same words is. A row without a graph is read by its text. All functions are
pure and read rows one at a time.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from interplay.data.gsm_infinite import graph_of_text
from interplay.data.novelty import copies
from interplay.data.row_fields import find, texts, whole
from interplay.data.row_fields import graph_of as own_graph
from interplay.world.digest import LEVELS, Level, digest
from interplay.world.graph import Graph

Row = Mapping[str, object]
SHOWN: tuple[Level, ...] = (*LEVELS, "shape")
TEXT = "text"
OVERLAP_LEVELS = (TEXT, *LEVELS)
MAX_ROW_OP = 10_000  # public rows go beyond what our generator makes


class OpStats(NamedTuple):
    """The rows of one op. `top_share` is what always guessing the most frequent answer would score; `copies` the share of
    needed steps that only repeat another quantity."""

    op: int
    n: int
    prompt_chars: float
    solution_chars: float
    distractors: float
    top_answer: str
    top_share: float
    distinct: Mapping[Level, int]
    steps: float
    copies: float


class Stats(NamedTuple):
    """A table by op and, over all rows, the correlation of op with the number of distractors and the prompt's length.

    The correlation is NaN where one of the two never varies. `length_grows` says whether the mean prompt length rises
    with every step of op. `unreadable` counts rows without a graph: they have a length and an answer, nothing else.
    """

    by_op: tuple[OpStats, ...]
    n: int
    op_distractors: float
    op_prompt_chars: float
    length_grows: bool
    unreadable: int


class Overlap(NamedTuple):
    """Distinct problems of one op in the first source, and how many of them the second source has, at one level."""

    op: int
    level: str
    distinct: int
    shared: int


class Shortfall(NamedTuple):
    """A cell with fewer distinct problems than rows: what is beyond `distinct` is repetition."""

    op: int
    context: str
    mode: str
    rows: int
    distinct: int


class Correlation:
    """Pearson's correlation of pairs that are seen once, by Welford's updates: exact enough at any number of rows."""

    def __init__(self) -> None:
        self.n = 0
        self.mean_x = self.mean_y = self.xx = self.yy = self.xy = 0.0

    def add(self, x: float, y: float) -> None:
        self.n += 1
        from_old_x = x - self.mean_x
        from_old_y = y - self.mean_y
        self.mean_x += from_old_x / self.n
        self.mean_y += from_old_y / self.n
        self.xx += from_old_x * (x - self.mean_x)
        self.yy += from_old_y * (y - self.mean_y)
        self.xy += from_old_x * (y - self.mean_y)

    @property
    def value(self) -> float:
        return self.xy / math.sqrt(self.xx * self.yy) if self.xx > 0 and self.yy > 0 else math.nan


class _Tally:
    """Running sums of one op."""

    def __init__(self) -> None:
        self.n = self.readable = 0
        self.prompt_chars = self.solution_chars = self.distractors = 0
        self.steps = self.copies = 0
        self.answers: Counter[str] = Counter()
        self.digests: dict[Level, set[str]] = {level: set() for level in SHOWN}

    def result(self, op: int) -> OpStats:
        answer, count = max(self.answers.items(), key=lambda item: (item[1], item[0]))
        return OpStats(
            op=op,
            n=self.n,
            prompt_chars=self.prompt_chars / self.n,
            solution_chars=self.solution_chars / self.n,
            distractors=self.distractors / self.readable if self.readable else math.nan,
            top_answer=answer,
            top_share=count / self.n,
            distinct={level: len(self.digests[level]) for level in SHOWN},
            steps=self.steps / self.readable if self.readable else math.nan,
            copies=self.copies / self.steps if self.steps else math.nan,
        )


def stats(rows: Iterable[Row]) -> Stats:
    """Statistics of rows, by op and over all. Raises ValueError for rows without the fields of a problem."""
    tallies: defaultdict[int, _Tally] = defaultdict(_Tally)
    clutter, length = Correlation(), Correlation()
    for row in rows:
        op, (problem, question, solution) = op_of(row), texts(row)
        prompt = f"{problem} {question}"
        tally = tallies[op]
        tally.n += 1
        tally.prompt_chars += len(prompt)
        tally.solution_chars += len(solution)
        tally.answers[answer_of(row)] += 1
        length.add(op, len(prompt))
        graph = graph_of(row)
        if graph is None:
            continue
        num_distractors = len(graph.distractors)
        tally.readable += 1
        tally.distractors += num_distractors
        copied, steps = copies(graph)
        tally.copies += copied
        tally.steps += steps
        clutter.add(op, num_distractors)
        for level in SHOWN:
            tally.digests[level].add(digest(graph, level))
    by_op = tuple(tallies[op].result(op) for op in sorted(tallies))
    n = sum(entry.n for entry in by_op)
    means = [entry.prompt_chars for entry in by_op]
    return Stats(
        by_op=by_op,
        n=n,
        op_distractors=clutter.value,
        op_prompt_chars=length.value,
        length_grows=all(a < b for a, b in itertools.pairwise(means)),
        unreadable=n - clutter.n,
    )


def overlap(rows: Iterable[Row], against: Iterable[Row]) -> tuple[Overlap, ...]:
    """For every op of `rows` and each level: its distinct problems, and how many of these `against` has at any op.

    A row that has no graph and whose text gives none is compared by its text alone.
    """
    others: dict[str, set[str]] = defaultdict(set)
    for _, level, found in _digests(against):
        others[level].add(found)
    mine: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
    for op, level, found in _digests(rows):
        mine[op, level].add(found)
    ordered = sorted(mine.items(), key=lambda item: (item[0][0], OVERLAP_LEVELS.index(item[0][1])))
    return tuple(Overlap(op, level, len(digests), len(digests & others[level])) for (op, level), digests in ordered)


def _digests(rows: Iterable[Row]) -> Iterator[tuple[int, str, str]]:
    for row in rows:
        op = op_of(row)
        yield op, TEXT, text_digest(row)
        if (graph := graph_of(row)) is not None:
            for level in LEVELS:
                yield op, level, digest(graph, level)


def distinct(rows: Iterable[Row]) -> dict[int, dict[Level, int]]:
    """The number of distinct problems of every op at both levels."""
    found: defaultdict[int, dict[Level, set[str]]] = defaultdict(lambda: {level: set() for level in LEVELS})
    for op, graph in graphs(rows):
        for level in LEVELS:
            found[op][level].add(digest(graph, level))
    return {op: {level: len(found[op][level]) for level in LEVELS} for op in sorted(found)}


def shortfalls(rows: Iterable[Row]) -> tuple[Shortfall, ...]:
    """The cells that repeat themselves, for a warning to whoever asked for so many rows."""
    counts: Counter[tuple[int, str, str]] = Counter()
    digests: defaultdict[tuple[int, str, str], set[str]] = defaultdict(set)
    for row in rows:
        graph = graph_of(row)
        if graph is not None:
            cell = (op_of(row), str(find(row, "template") or ""), graph.mode)
            counts[cell] += 1
            digests[cell].add(digest(graph, "names"))
    return tuple(
        Shortfall(*cell, rows=counts[cell], distinct=len(digests[cell]))
        for cell in sorted(counts)
        if len(digests[cell]) < counts[cell]
    )


def graphs(rows: Iterable[Row]) -> Iterator[tuple[int, Graph]]:
    """Op and graph of the rows that have a graph."""
    for row in rows:
        graph = graph_of(row)
        if graph is not None:
            yield op_of(row), graph


def graph_of(row: Row) -> Graph | None:
    """The row's graph, read from its text where it has none; None where the text is not of the grammar.

    Raises ValueError for a damaged graph.
    """
    if (graph := own_graph(row)) is not None:
        return graph
    try:
        problem, question, gold = texts(row)
        return graph_of_text(problem, question, gold, whole(find(row, "d")) or 2)
    except ValueError:
        return None


def op_of(row: Row) -> int:
    """The row's op. Raises ValueError naming the field that is missing or wrong."""
    texts(row)
    op = whole(find(row, "op"))
    if op is None or not 1 <= op <= MAX_ROW_OP:
        raise ValueError(f"a row's op must be an integer in 1..{MAX_ROW_OP}, got {str(find(row, 'op'))[:40]!r}")
    return op


def answer_of(row: Row) -> str:
    """The row's answer, or where there is no such field what its gold solution ends in."""
    if (answer := find(row, "answer")) is not None:
        return str(answer)
    return texts(row)[2].rpartition("Answer: ")[2].strip().rstrip(".")


def text_digest(row: Row) -> str:
    """Equal for rows whose problem and question have the same words, whatever blanks are between them."""
    problem, question, _ = texts(row)
    words = " ".join(f"{problem} {question}".split())
    return hashlib.blake2b(words.encode(), digest_size=16).hexdigest()
