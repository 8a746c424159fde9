"""Verdicts of many solutions as plain values. Imports `world` and the columns of a verdict alone, so that a worker process
that does nothing else starts at once and holds no model library."""

from __future__ import annotations

from typing import Any, NamedTuple

from interplay.schema.verdicts import columns_of
from interplay.world.graph import Graph
from interplay.world.verify import Reference, verify


class Draw(NamedTuple):
    """One sampled solution."""

    sample: int
    text: str
    num_tokens: int
    finished: bool


class Job(NamedTuple):
    """All the solutions to judge against one gold."""

    graph: Graph
    solution: str
    draws: list[Draw]


Columns = dict[str, Any]


def judge(jobs: list[Job]) -> list[list[Columns]]:
    """The columns of every draw's verdict, in the order of the jobs and their draws."""
    judged = []
    for job in jobs:
        reference = Reference.from_graph(job.graph, job.solution)
        judged.append([_columns(reference, draw) for draw in job.draws])
    return judged


def _columns(reference: Reference, draw: Draw) -> Columns:
    return columns_of(verify(reference, draw.text, truncated=not draw.finished))
