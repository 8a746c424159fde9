"""The record behind the explorer, read and checked once: `samples.parquet` and `problems.parquet` of a study's folder.

A damaged file is one `ValueError` naming the file, the row and the field. A folder without either file has no explorer.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import TypeAdapter, ValidationError, model_validator

from interplay.evals.records import read_problems, read_samples
from interplay.report.records import Record
from interplay.world.graph import Graph, from_dict

Row = TypeVar("Row", bound=Record)
FILES = ("problems.parquet", "samples.parquet")


class Place(Record):
    """A step of a gold solution, characters start to end of its text."""

    name: str
    start: int
    end: int


class ClaimedStep(Place):
    """A step of a sampled solution: its fault, the parents it names, the value it ends in."""

    needed: bool
    error: str | None
    parents: tuple[str, ...]
    value: str


class ExploredProblem(Record):
    """One problem; `values` are those of its quantities, as text."""

    problem_id: str
    regime: str
    context: str
    op: int
    mode: str
    problem: str
    question: str
    solution: str
    answer: str
    graph: str
    values: dict[str, str]
    steps: tuple[Place, ...]

    @model_validator(mode="after")
    def _steps_lie_in_the_solution(self) -> Self:
        refuse_steps_outside(self.steps, self.solution)
        return self


class ExploredSample(Record):
    """One sampled solution with its verdicts; `faulty_from` is where its text is not a solution any more."""

    arm: str
    seed: int
    problem_id: str
    sample: int
    text: str
    finished: bool
    answer: str | None
    strict: bool
    exact: bool
    paper_v1: bool
    answer_correct: bool
    process_accuracy: float
    error: str | None
    hacked: bool
    faulty_from: int | None
    steps: tuple[ClaimedStep, ...]

    @model_validator(mode="after")
    def _steps_lie_in_the_text(self) -> Self:
        refuse_steps_outside(self.steps, self.text)
        return self


def refuse_steps_outside(steps: tuple[Place, ...], text: str) -> None:
    """Raise ValueError where steps overlap or leave the text."""
    position = 0
    for step in steps:
        if not position <= step.start <= step.end <= len(text):
            raise ValueError(f"the step {step.name!r} ({step.start} to {step.end}) does not lie in the text")
        position = step.end


@dataclass(frozen=True)
class Explored:
    """Problems with their graphs, and samples, in the order of the record."""

    problems: tuple[ExploredProblem, ...]
    graphs: tuple[Graph, ...]
    samples: tuple[ExploredSample, ...]


def has_explored(directory: Path) -> bool:
    """Whether the folder holds the explorer's record, or half of it."""
    return any((directory / name).exists() for name in FILES)


def read_explored(directory: Path, arms: Collection[str]) -> Explored:
    """Read and check both files. Raises ValueError naming the file, the row and the field."""
    problems = _rows(
        directory / FILES[0], read_problems(directory, tuple(ExploredProblem.model_fields)), ExploredProblem
    )
    samples = _rows(directory / FILES[1], read_samples(directory, tuple(ExploredSample.model_fields)), ExploredSample)
    known = {problem.problem_id for problem in problems}
    for number, sample in enumerate(samples, 1):
        if sample.arm not in arms:
            raise ValueError(f"{directory / FILES[1]}: row {number}: study.json has no arm {sample.arm!r}")
        if sample.problem_id not in known:
            raise ValueError(f"{directory / FILES[1]}: row {number}: no problem {sample.problem_id!r} in {FILES[0]}")
    if len(known) < len(problems):
        raise ValueError(f"{directory / FILES[0]}: a problem_id is there twice")
    graphs = tuple(_graph(directory / FILES[0], number, problem) for number, problem in enumerate(problems, 1))
    return Explored(problems, graphs, samples)


def _rows(path: Path, table: Any, row: type[Row]) -> tuple[Row, ...]:
    try:
        return TypeAdapter(tuple[row, ...]).validate_python(table.to_pylist(maps_as_pydicts="lossy"))  # type: ignore[valid-type]
    except ValidationError as error:
        first = error.errors()[0]
        where = [f"row {part + 1}" if isinstance(part, int) else str(part) for part in first["loc"][:3]]
        raise ValueError(f"{path}: {', '.join(where) or 'content'}: {first['msg']}") from None


def _graph(path: Path, number: int, problem: ExploredProblem) -> Graph:
    try:
        graph = from_dict(json.loads(problem.graph))
        assert all(operand in graph.rules for rule in graph.rules.values() for operand in rule.operands)
        assert all(name in graph.rules for name in (*graph.order, graph.asked, graph.target))
        return graph
    except (ValueError, TypeError, AssertionError):
        raise ValueError(f"{path}: row {number}, graph: not a graph") from None
