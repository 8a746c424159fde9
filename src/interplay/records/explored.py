"""The samples that people look at: `samples.parquet` and `problems.parquet` in a study's folder.

They hold the same problems and the same sample numbers under every arm and seed, so that a solution can be laid beside
those of the other arms. Which ones is a function of the evaluations alone: cells take turns at giving their next
problem until the bound is met, then every chosen problem gives its first samples, as many as fit. Steps are
judged anew here, since evaluations keep verdicts, not steps.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from interplay.evals.evaluation import read_problems, read_samples
from interplay.files import write_table
from interplay.records.explored_steps import claims, node_values
from interplay.schema import sampled
from interplay.schema.parquet import table_of
from interplay.studies.study import Arm
from interplay.world.graph import from_dict
from interplay.world.reference import derivable_values
from interplay.world.verify import Reference, verify

LIMIT = 20_000
Row = dict[str, Any]


def write_explored(arms: Sequence[Arm], folder: Path, limit: int = LIMIT) -> None:
    """Write at most `limit` samples of all arms and seeds, and their problems. The same evaluations give the same bytes."""
    problems, asked = _problems(arms)
    chosen, num_samples = choose(problems, asked, limit)
    references = {
        row["problem_id"]: Reference.from_graph(from_dict(json.loads(row["graph"])), row["solution"]) for row in chosen
    }
    samples = [
        row
        for arm in arms
        for row in _samples(arm, references, num_samples)
    ]  # fmt: skip
    kept = [_problem_row(row, references[row["problem_id"]]) for row in chosen]
    write_table(folder / "problems.parquet", table_of(kept, sampled.KeptProblem))
    write_table(folder / "samples.parquet", table_of(samples, sampled.KeptSample))


def choose(problems: Sequence[Row], asked: Mapping[str, int], limit: int) -> tuple[list[Row], int]:
    """Problems in the order of the evaluations, and how many samples of each; `asked` counts a problem's evaluations.

    Raises ValueError where not even one problem fits.
    """
    cells: dict[tuple[object, ...], list[Row]] = {}
    for row in problems:
        cells.setdefault(tuple(row[name] for name in ("regime", "context", "op", "mode")), []).append(row)
    chosen: set[str] = set()
    total = 0
    for turn in zip_longest(*cells.values()):
        for row in filter(None, turn):
            if total + asked[row["problem_id"]] <= limit:
                chosen.add(row["problem_id"])
                total += asked[row["problem_id"]]
    if not chosen:
        raise ValueError(f"a limit of {limit} samples has no room for one problem under every arm and seed")
    return [row for row in problems if row["problem_id"] in chosen], limit // total


def _problems(arms: Iterable[Arm]) -> tuple[list[Row], dict[str, int]]:
    """Every problem once, in the order in which the arms' evaluations have them, and in how many of these it is."""
    problems: dict[str, Row] = {}
    asked: dict[str, int] = {}
    for arm in arms:
        for row in read_problems(arm.evaluation.folder).to_pylist():
            problems.setdefault(row["problem_id"], row)
            asked[row["problem_id"]] = asked.get(row["problem_id"], 0) + 1
    return list(problems.values()), asked


def _problem_row(row: Row, reference: Reference) -> Row:
    gold = verify(reference, row["solution"])
    return row | {
        "values": node_values(derivable_values(reference.graph.rules)),
        "steps": [{"name": step.name, "start": step.start, "end": step.end} for step in gold.steps],
    }


def _samples(arm: Arm, references: Mapping[str, Reference], num_samples: int) -> Iterator[Row]:
    """The first samples of each chosen problem, problem by problem; equal texts of a problem are judged once."""
    table = read_samples(arm.evaluation.folder)
    wanted = pc.is_in(table["problem_id"], value_set=pa.array(list(references), pa.string()))
    table = table.filter(pc.and_(wanted, pc.less(table["sample"], num_samples)))
    place = {problem: number for number, problem in enumerate(references)}
    rows = sorted(table.to_pylist(), key=lambda row: (place[row["problem_id"]], row["sample"]))
    known: dict[tuple[str, str, bool], Row] = {}
    for row in rows:
        key = (row["problem_id"], row["text"], row["finished"])
        if key not in known:
            known[key] = _steps(references[row["problem_id"]], row["text"], truncated=not row["finished"])
        yield {"arm": arm.name, "seed": arm.seed, **row} | known[key]


def _steps(reference: Reference, text: str, *, truncated: bool) -> Row:
    found = claims(reference, text, verify(reference, text, truncated=truncated))
    return {"steps": [step._asdict() for step in found.steps], "faulty_from": found.faulty_from}
