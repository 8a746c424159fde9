"""Reading an evaluation directory back: `problems.parquet` and `samples.parquet`.

Whoever compares or plots needs the records, not the code that wrote them. The readers check what later arithmetic
relies on, every sample belonging to a known problem and none counted twice, and name the file in every complaint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from interplay.evals.pass_at_k import success_counts
from interplay.folders import expect
from interplay.schema import sampled
from interplay.schema.parquet import read_table
from interplay.schema.verdicts import RULES

SAME_TEXT = ("problem", "question", "answer")  # columns in which two evaluations of one problem must agree


@dataclass(frozen=True)
class Evaluation:
    """Problems (one row each) and samples (one row each) of one evaluation; source says where they came from."""

    problems: pa.Table
    samples: pa.Table
    source: str


@dataclass(frozen=True)
class Counts:
    """Per problem, under one rule: n samples and c right ones, in the order of `problem_ids`."""

    problem_ids: tuple[str, ...]
    n: NDArray[np.int64]
    c: NDArray[np.int64]


def read_problems(folder: str | Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The table of problems; all columns, or those asked for. ValueError with the path when it is not such a table."""
    return read_table(Path(folder) / "problems.parquet", sampled.Problem, columns)


def read_samples(folder: str | Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The table of samples; all columns, or those asked for (`text` is most of its size). ValueError as above."""
    return read_table(Path(folder) / "samples.parquet", sampled.Sample, columns)


def read_evaluation(folder: str | Path, rules: Sequence[str] = tuple(RULES)) -> Evaluation:
    """Problems (without graphs and solutions) and the verdicts of a directory, checked."""
    expect(folder, "evaluation")
    problems = read_problems(folder, ("problem_id", "regime", "op", *SAME_TEXT))
    samples = read_samples(folder, ("problem_id", "sample", "outcome", *(RULES.get(rule, rule) for rule in rules)))
    return _checked(Evaluation(problems, samples, str(folder)))


def from_table(table: pa.Table) -> Evaluation:
    """An evaluation from one table of samples: `problem_id`, the rules' columns, and `sample`, `regime` if there are.

    Raises ValueError when a column is missing or a problem is in two regimes.
    """
    if "problem_id" not in table.column_names:
        raise ValueError(f"the table has no column problem_id, only {', '.join(table.column_names)}")
    about = [name for name in ("regime", "op", *SAME_TEXT) if name in table.column_names]
    problems = table.select(["problem_id", *about]).group_by(["problem_id", *about], use_threads=False).aggregate([])
    return _checked(Evaluation(problems, table, "the table"))


def counts_by_problem(evaluation: Evaluation, rule: str) -> Counts:
    """Samples and right samples of every problem, in the order of the table of problems.

    Raises ValueError where there is no such rule, or where its column holds anything but true and false.
    """
    column = RULES.get(rule, rule)
    if column not in evaluation.samples.column_names:
        raise ValueError(f"{evaluation.source} has no verdicts under {rule!r}; rules are {', '.join(RULES)}")
    verdicts = evaluation.samples[column]
    if verdicts.null_count:
        raise ValueError(f"{evaluation.source} has {verdicts.null_count} samples without a verdict under {rule!r}")
    if verdicts.type != pa.bool_():
        raise ValueError(f"{evaluation.source}: column {column} must hold true and false, it is {verdicts.type}")
    ids = evaluation.problems["problem_id"].to_pylist()
    n, c = success_counts(verdicts.to_numpy(), _problem_of_sample(evaluation), len(ids))
    return Counts(tuple(ids), n, c)


def counts_of_outcome(evaluation: Evaluation, outcome: str) -> Counts:
    """Samples of every problem, and those with this outcome, in the order of the table of problems."""
    flags = pc.equal(evaluation.samples["outcome"], outcome)
    ids = evaluation.problems["problem_id"].to_pylist()
    n, c = success_counts(flags.to_numpy(), _problem_of_sample(evaluation), len(ids))
    return Counts(tuple(ids), n, c)


def _problem_of_sample(evaluation: Evaluation) -> NDArray[np.int64]:
    ids = evaluation.problems["problem_id"].combine_chunks()
    found = pc.index_in(evaluation.samples["problem_id"], value_set=ids)
    if found.null_count:
        strangers = pc.unique(evaluation.samples["problem_id"].filter(pc.is_null(found))).to_pylist()
        raise ValueError(
            f"{evaluation.source} has samples of {len(strangers)} unknown problems, {strangers[0]!r} first"
        )
    return np.asarray(found.to_numpy(), dtype=np.int64)


def _checked(evaluation: Evaluation) -> Evaluation:
    ids = evaluation.problems["problem_id"]
    if ids.null_count or len(pc.unique(ids)) != len(ids):
        raise ValueError(f"{evaluation.source}: problem_id must be there and be unique, one row for each problem")
    problem_M = _problem_of_sample(evaluation)
    if "sample" in evaluation.samples.column_names:
        pairs = np.stack([problem_M, evaluation.samples["sample"].to_numpy()], axis=1)
        repeated = len(pairs) - len(np.unique(pairs, axis=0))
        if repeated:
            raise ValueError(f"{evaluation.source}: {repeated} samples are there twice (same problem_id and sample)")
    return evaluation
