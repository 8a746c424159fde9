"""The statistics of problems as lines to read: what `interplay data stats` prints."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from interplay.data.guessers import SIMPLE, guesses
from interplay.data.mixture import Mixture
from interplay.data.novelty import Served, copies, novelty, served_by
from interplay.data.row_fields import find, texts, whole
from interplay.data.row_files import fault_of, read_items
from interplay.data.stats import OpStats, Row, answer_of, graph_of, graphs, op_of, overlap, shortfalls, stats
from interplay.data.stream import Stream
from interplay.world.digest import Level
from interplay.world.graph import to_dict
from interplay.world.problem import to_row


class LeftOut:
    """Rows that are no problems: how many, the first reason, and how many rows there were."""

    def __init__(self) -> None:
        self.rows = self.bad = 0
        self.reason = ""

    def lines(self) -> list[str]:
        """The summary."""
        told = [f"{self.rows - self.bad:,} of {self.rows:,} rows are problems"]
        return [*told, f"left out, the first: {self.reason}"] if self.bad else told


def problem_rows(path: Path, left_out: LeftOut) -> Iterator[Row]:
    """The problems of a file with their fields at the top. Raises ValueError with the first reason where there are none."""
    for item in read_items(path):
        left_out.rows += 1
        try:
            if (fault := fault_of(item)) is not None:
                raise ValueError(fault)
            row = item.value
            problem, question, solution = texts(row)
            graph = graph_of(row)
            told = {"problem": problem, "question": question, "solution": solution, "op": op_of(row)}
            told |= {"answer": answer_of(row), "template": find(row, "template") or ""}
            if graph is not None:
                told |= {"graph": to_dict(graph), "mode": graph.mode}
        except ValueError as error:
            left_out.bad += 1
            left_out.reason = left_out.reason or f"{item.place}: {error}"
            continue
        yield told
    if left_out.bad == left_out.rows:
        raise ValueError(f"no problem to look at; {left_out.reason or f'{path} holds no rows'}")


def stats_lines(path: Path, left_out: LeftOut) -> Iterator[str]:
    """A table by op, then the confounds over all rows; `left_out` is filled on the way."""
    found = stats(problem_rows(path, left_out))
    yield (
        "  op      rows  distinct  structures    shapes  prompt chars  solution chars  distractors  steps  copies  "
        "most frequent answer"
    )
    for entry in found.by_op:
        yield (
            f"{entry.op:4d}  {entry.n:8,d}  {_count(entry, 'names'):>8}  {_count(entry, 'structure'):>10}  "
            f"{_count(entry, 'shape'):>8}  {entry.prompt_chars:12.1f}  {entry.solution_chars:14.1f}  "
            f"{_figure(entry.distractors, '.2f'):>11}  {_figure(entry.steps, '.2f'):>5}  {_figure(entry.copies, '.1%'):>6}  "
            f"{entry.top_answer[:40]} ({entry.top_share:.1%})"
        )
    yield f"rows: {found.n:,d}, of which without a graph: {found.unreadable:,d}"
    never = "not defined, one of them never varies"
    yield f"correlation of op with distractors: {_figure(found.op_distractors, '.4f', never)}"
    yield f"correlation of op with prompt length: {_figure(found.op_prompt_chars, '.4f', never)}"
    if len(found.by_op) > 1:
        yield f"mean prompt length grows with every op: {'yes' if found.length_grows else 'no'}"
    worst = max((entry for entry in found.by_op if entry.op >= 4), key=lambda entry: entry.top_share, default=None)
    if worst is not None:
        yield f"most frequent answer at op >= 4: at most {worst.top_share:.1%} (op {worst.op})"
    yield from guesser_lines(row for row in problem_rows(path, LeftOut()) if whole(row["answer"]) is not None)
    for short in shortfalls(problem_rows(path, LeftOut())):
        yield f"repeats: {' '.join(f'{name} {value}' for name, value in short._asdict().items())}"


def _count(entry: OpStats, level: Level) -> str:
    """Distinct problems; a dash where none of the rows could be read into a graph."""
    return f"{entry.distinct[level]:,d}" if entry.distinct[level] else "-"


def _figure(value: float, form: str, otherwise: str = "-") -> str:
    return otherwise if math.isnan(value) else format(value, form)


def guesser_lines(rows: Iterable[Row]) -> Iterator[str]:
    """What graph-blind guessers reach, by op and mode."""
    found = guesses(rows)
    if not found:
        return
    yield "right answers without the graph, by guesser (number: the answer is one of the printed numbers):"
    names = ("most frequent", *SIMPLE, "printed", "fitted")
    yield "  op  mode     " + "  ".join(f"{name:>13}" for name in names) + "         number  best"
    for entry in found:
        scores = "  ".join(f"{entry.scores[name]:13.1%}" for name in names)
        yield f"{entry.op:4d}  {entry.mode:<7}  {scores}  {entry.printed:13.1%}  {entry.best[0]} {entry.best[1]:.1%}"


def novelty_lines(rows: Iterable[Row], served: Served, told: str) -> Iterator[str]:
    """How many structures and shapes there are, names aside, and the share of rows whose one `served` does not hold."""
    yield f"different structures and shapes; not served by {told} (structure: names aside; shape: numbers aside, too):"
    yield "  op      rows  structures    shapes  structure     shape"
    for entry in novelty((graph for _, graph in graphs(rows)), served):
        yield (
            f"{entry.op:4d}  {entry.n:8,d}  {entry.distinct['structure']:10,d}  {entry.distinct['shape']:8,d}  "
            f"{entry.novel['structure']:9.1%}  {entry.novel['shape']:8.1%}"
        )


def regime_lines(regimes: Mapping[str, Mixture], training: Stream, n: int, documents: int) -> Iterator[str]:
    """For each regime of a scale, on `n` problems of the split `test`: what guessers reach, copies, and what is novel beside
    the first `documents` of a training stream."""
    served = served_by(problem.graph for problem in training.first(documents))
    for name, mixture in regimes.items():
        asked = list(Stream(world=training.world, mixture=mixture, split="test").first(n))
        copied, steps = (sum(column) for column in zip(*(copies(problem.graph) for problem in asked), strict=True))
        yield f"{name}: {n:,d} problems, {copied / steps:.1%} of {steps / n:.1f} steps are copies"
        rows = [to_row(problem) for problem in asked]
        yield from guesser_lines(rows)
        yield from novelty_lines(rows, served, f"the first {documents:,d} documents of pre-training")


def overlap_lines(path: Path, against: Path) -> Iterator[str]:
    """Distinct problems of the first file that the second has too, per op and level; the rows that it has nothing like."""
    yield f"overlap with {against}:"
    yield "  op  level      distinct    shared"
    for row in overlap(problem_rows(path, LeftOut()), problem_rows(against, LeftOut())):
        share = row.shared / row.distinct if row.distinct else 0.0
        yield f"{row.op:4d}  {row.level:<9}  {row.distinct:8,d}  {row.shared:8,d}  ({share:.1%})"
    yield from novelty_lines(
        problem_rows(path, LeftOut()),
        served_by(graph for _, graph in graphs(problem_rows(against, LeftOut()))),
        str(against),
    )
