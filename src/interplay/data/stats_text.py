"""The statistics of problems as lines to read: what `interplay data stats` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from interplay.data.files import read_rows
from interplay.data.guessers import SIMPLE, guesses
from interplay.data.mixture import Mixture
from interplay.data.novelty import Served, copies, novelty, served_by
from interplay.data.stats import Row, answer_of, graphs, overlap, shortfalls, stats
from interplay.data.stream import Stream
from interplay.world.problem import to_row


def stats_lines(path: Path) -> Iterator[str]:
    """A table by op, then the confounds over all rows."""
    found = stats(read_rows(path))
    yield (
        "  op      rows  distinct  structures    shapes  prompt chars  solution chars  distractors  steps  copies  "
        "most frequent answer"
    )
    for entry in found.by_op:
        yield (
            f"{entry.op:4d}  {entry.n:8,d}  {entry.distinct['names']:8,d}  {entry.distinct['structure']:10,d}  "
            f"{entry.distinct['shape']:8,d}  {entry.prompt_chars:12.1f}  {entry.solution_chars:14.1f}  "
            f"{entry.distractors:11.2f}  {entry.steps:5.2f}  {entry.copies:6.1%}  {entry.top_answer} ({entry.top_share:.1%})"
        )
    yield f"rows: {found.n:,d}, of which without a graph: {found.unreadable:,d}"
    yield f"correlation of op with distractors: {found.op_distractors:.4f}"
    yield f"correlation of op with prompt length: {found.op_prompt_chars:.4f}"
    yield f"mean prompt length grows with every op: {'yes' if found.length_grows else 'no'}"
    worst = max((entry for entry in found.by_op if entry.op >= 4), key=lambda entry: entry.top_share, default=None)
    if worst is not None:
        yield f"most frequent answer at op >= 4: at most {worst.top_share:.1%} (op {worst.op})"
    yield from guesser_lines({**row, "answer": answer_of(row)} for row in read_rows(path))
    for short in shortfalls(read_rows(path)):
        yield f"repeats: {' '.join(f'{name} {value}' for name, value in short._asdict().items())}"


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
    """The share of rows whose structure or shape, names aside, `served` does not hold."""
    yield f"not served by {told} (structure: names aside; shape: numbers aside, too):"
    yield "  op      rows  structure     shape"
    for entry in novelty((graph for _, graph in graphs(rows)), served):
        yield f"{entry.op:4d}  {entry.n:8,d}  {entry.novel['structure']:9.1%}  {entry.novel['shape']:8.1%}"


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
        yield from novelty_lines(rows, served, f"{documents:,d} documents of pre-training")


def overlap_lines(path: Path, against: Path) -> Iterator[str]:
    """Distinct problems of the first file that the second has too, per op and level; the rows that it has nothing like."""
    yield f"overlap with {against}:"
    yield "  op  level      distinct    shared"
    for row in overlap(read_rows(path), read_rows(against)):
        share = row.shared / row.distinct if row.distinct else 0.0
        yield f"{row.op:4d}  {row.level:<9}  {row.distinct:8,d}  {row.shared:8,d}  ({share:.1%})"
    yield from novelty_lines(read_rows(path), served_by(graph for _, graph in graphs(read_rows(against))), str(against))
