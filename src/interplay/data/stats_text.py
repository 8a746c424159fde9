"""The statistics of a file as lines to read: what `interplay data stats` prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from interplay.data.files import read_rows
from interplay.data.stats import overlap, shortfalls, stats


def stats_lines(path: Path) -> Iterator[str]:
    """A table by op, then the confounds over all rows."""
    found = stats(read_rows(path))
    yield "  op      rows  distinct  structures  prompt chars  solution chars  distractors  most frequent answer"
    for entry in found.by_op:
        yield (
            f"{entry.op:4d}  {entry.n:8,d}  {entry.distinct['names']:8,d}  {entry.distinct['structure']:10,d}  "
            f"{entry.prompt_chars:12.1f}  {entry.solution_chars:14.1f}  {entry.distractors:11.2f}  "
            f"{entry.top_answer} ({entry.top_share:.1%})"
        )
    yield f"rows: {found.n:,d}, of which without a graph: {found.unreadable:,d}"
    yield f"correlation of op with distractors: {found.op_distractors:.4f}"
    yield f"correlation of op with prompt length: {found.op_prompt_chars:.4f}"
    yield f"mean prompt length grows with every op: {'yes' if found.length_grows else 'no'}"
    worst = max((entry for entry in found.by_op if entry.op >= 4), key=lambda entry: entry.top_share, default=None)
    if worst is not None:
        yield f"most frequent answer at op >= 4: at most {worst.top_share:.1%} (op {worst.op})"
    for short in shortfalls(read_rows(path)):
        yield f"repeats: {' '.join(f'{name} {value}' for name, value in short._asdict().items())}"


def overlap_lines(path: Path, against: Path) -> Iterator[str]:
    """Distinct problems of the first file that the second has too, per op and level."""
    yield f"overlap with {against}:"
    yield "  op  level      distinct    shared"
    for row in overlap(read_rows(path), read_rows(against)):
        share = row.shared / row.distinct if row.distinct else 0.0
        yield f"{row.op:4d}  {row.level:<9}  {row.distinct:8,d}  {row.shared:8,d}  ({share:.1%})"
