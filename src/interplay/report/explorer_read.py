"""The record behind the explorer, read and checked once: `samples.parquet` and `problems.parquet` of a study's folder.

A damaged file is one `ValueError` naming the file, the row and the field. A folder without either file has no explorer.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from interplay.schema.parquet import read_table
from interplay.schema.row import Row
from interplay.schema.sampled import KeptProblem, KeptSample
from interplay.world.graph import Graph, from_dict

R = TypeVar("R", bound=Row)
FILES = ("problems.parquet", "samples.parquet")


class Writer(NamedTuple):
    """Who wrote a solution, and as which of its samples."""

    arm: str
    seed: int
    sample: int


@dataclass(frozen=True)
class Explored:
    """Problems with their graphs, and samples, in the order of the record. Samples that agree share one solution."""

    problems: tuple[KeptProblem, ...]
    graphs: tuple[Graph, ...]
    samples: tuple[Writer, ...]
    solutions: tuple[KeptSample, ...]
    solution_of: tuple[int, ...]


def has_explored(directory: Path) -> bool:
    """Whether the folder holds the explorer's record, or half of it."""
    return any((directory / name).exists() for name in FILES)


def read_explored(directory: Path, arms: Collection[str]) -> Explored:
    """Read and check both files. Raises ValueError naming the file, the row and the field."""
    asked, sampled = (directory / name for name in FILES)
    table = read_table(asked, KeptProblem)
    problems = _rows(asked, table.to_pylist(maps_as_pydicts="lossy"), KeptProblem)
    known = {problem.problem_id for problem in problems}
    if len(known) < len(problems):
        raise ValueError(f"{asked}: a problem_id is there twice")
    table = read_table(sampled, KeptSample)
    samples = tuple(map(Writer, *(table[name].to_pylist() for name in Writer._fields)))
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


def _solutions(path: Path, table: Any) -> tuple[tuple[KeptSample, ...], tuple[int, ...]]:
    """Each different solution once, and which one every row has: steps are most of the record and mostly the same."""
    flat = [name for name in KeptSample.columns() if name not in ("steps", *Writer._fields)]
    place: dict[tuple[Any, ...], int] = {}
    firsts: list[int] = []
    solution_of = []
    for row, key in enumerate(zip(*(table[name].to_pylist() for name in flat), strict=True)):
        if key not in place:
            place[key] = len(firsts)
            firsts.append(row)
        solution_of.append(place[key])
    return _rows(path, table.take(firsts).to_pylist(), KeptSample, firsts), tuple(solution_of)


def _rows(path: Path, rows: list[dict[str, Any]], row: type[R], numbers: Sequence[int] = ()) -> tuple[R, ...]:
    """Rows checked; `numbers` are their places in the file where these are others."""
    try:
        return TypeAdapter(tuple[row, ...]).validate_python(rows)  # type: ignore[valid-type]
    except ValidationError as error:
        first = error.errors()[0]
        place, *field = first["loc"][:3]
        number = numbers[place] if numbers and isinstance(place, int) else place
        where = ", ".join([f"row {number + 1}" if isinstance(number, int) else str(number), *map(str, field)])
        raise ValueError(f"{path}: {where}: {first['msg']}") from None


def _graph(path: Path, number: int, problem: KeptProblem) -> Graph:
    try:
        graph = from_dict(json.loads(problem.graph))
        assert all(operand in graph.rules for rule in graph.rules.values() for operand in rule.operands)
        assert all(name in graph.rules for name in (*graph.order, graph.asked, graph.target))
        return graph
    except (ValueError, TypeError, AssertionError):
        raise ValueError(f"{path}: row {number}, graph: not a graph") from None
