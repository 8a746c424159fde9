"""The record behind the explorer, read and checked once: `samples.parquet` and `problems.parquet` of a study's folder.

A damaged file is one `ValueError` naming the file, the row and the field. A folder without either file has no explorer.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
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
    """Who wrote a solution, and as which of its samples."""

    arm: str
    seed: int
    sample: int


class ExploredSolution(Record):
    """A sampled solution with its verdicts; `faulty_from` is where its text is not a solution any more."""

    problem_id: str
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
    """Problems with their graphs, and samples, in the order of the record. Samples that agree share one solution."""

    problems: tuple[ExploredProblem, ...]
    graphs: tuple[Graph, ...]
    samples: tuple[ExploredSample, ...]
    solutions: tuple[ExploredSolution, ...]
    solution_of: tuple[int, ...]


def has_explored(directory: Path) -> bool:
    """Whether the folder holds the explorer's record, or half of it."""
    return any((directory / name).exists() for name in FILES)


def read_explored(directory: Path, arms: Collection[str]) -> Explored:
    """Read and check both files. Raises ValueError naming the file, the row and the field."""
    asked, sampled = (directory / name for name in FILES)
    table = read_problems(directory, tuple(ExploredProblem.model_fields))
    problems = _rows(asked, table.to_pylist(maps_as_pydicts="lossy"), ExploredProblem)
    known = {problem.problem_id for problem in problems}
    if len(known) < len(problems):
        raise ValueError(f"{asked}: a problem_id is there twice")
    table = read_samples(directory, (*ExploredSample.model_fields, *ExploredSolution.model_fields))
    samples = _rows(sampled, table.select(list(ExploredSample.model_fields)).to_pylist(), ExploredSample)
    for number, sample in enumerate(samples, 1):
        if sample.arm not in arms:
            raise ValueError(f"{sampled}: row {number}: study.json has no arm {sample.arm!r}")
    solutions, solution_of = _solutions(sampled, table)
    for number, solution in enumerate(solutions):
        if solution.problem_id not in known:
            row = solution_of.index(number) + 1
            raise ValueError(f"{sampled}: row {row}: no problem {solution.problem_id!r} in {FILES[0]}")
    graphs = tuple(_graph(asked, number, problem) for number, problem in enumerate(problems, 1))
    return Explored(problems, graphs, samples, solutions, solution_of)


def _solutions(path: Path, table: Any) -> tuple[tuple[ExploredSolution, ...], tuple[int, ...]]:
    """Each different solution once, and which one every row has: steps are most of the record and mostly the same."""
    flat = [name for name in ExploredSolution.model_fields if name != "steps"]
    place: dict[tuple[Any, ...], int] = {}
    firsts: list[int] = []
    solution_of = []
    for row, key in enumerate(zip(*(table[name].to_pylist() for name in flat), strict=True)):
        if key not in place:
            place[key] = len(firsts)
            firsts.append(row)
        solution_of.append(place[key])
    found = table.select([*flat, "steps"]).take(firsts).to_pylist()
    return _rows(path, found, ExploredSolution, firsts), tuple(solution_of)


def _rows(path: Path, rows: list[dict[str, Any]], row: type[Row], numbers: Sequence[int] = ()) -> tuple[Row, ...]:
    """Rows checked; `numbers` are their places in the file where these are others."""
    try:
        return TypeAdapter(tuple[row, ...]).validate_python(rows)  # type: ignore[valid-type]
    except ValidationError as error:
        first = error.errors()[0]
        place, *field = first["loc"][:3]
        number = numbers[place] if numbers and isinstance(place, int) else place
        where = ", ".join([f"row {number + 1}" if isinstance(number, int) else str(number), *map(str, field)])
        raise ValueError(f"{path}: {where}: {first['msg']}") from None


def _graph(path: Path, number: int, problem: ExploredProblem) -> Graph:
    try:
        graph = from_dict(json.loads(problem.graph))
        assert all(operand in graph.rules for rule in graph.rules.values() for operand in rule.operands)
        assert all(name in graph.rules for name in (*graph.order, graph.asked, graph.target))
        return graph
    except (ValueError, TypeError, AssertionError):
        raise ValueError(f"{path}: row {number}, graph: not a graph") from None
