"""An arm's evaluation in the store, counted: per problem how many samples are right under each rule, and how they voted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from interplay.evals.evaluation import (
    Counts,
    counts_by_problem,
    counts_of_outcome,
    read_evaluation,
    read_samples,
)
from interplay.evals.pass_at_k import majority_at_k
from interplay.records.gold import read_gold
from interplay.schema.verdicts import RULES
from interplay.studies.study import Arm

OUTCOMES = ("hacked", "shortened", "unreadable")


class Evaluated:
    """One arm under one seed, as its evaluating stage left it."""

    def __init__(self, arm: Arm) -> None:
        self.arm = arm
        self.folder = arm.evaluation.folder
        evaluation = read_evaluation(self.folder)
        self.ids: list[str] = evaluation.problems["problem_id"].to_pylist()
        self.regimes: list[str] = evaluation.problems["regime"].to_pylist()
        self.ops: list[int] = evaluation.problems["op"].to_pylist()
        self.counts: dict[str, Counts] = {rule: counts_by_problem(evaluation, rule) for rule in RULES}
        self.counts |= {name: counts_of_outcome(evaluation, name) for name in OUTCOMES}

    def problem_rows(self) -> list[dict[str, Any]]:
        """Rows of `problems.parquet` of a seed."""
        return [
            {"problem_id": name, "regime": regime, "op": op}
            for name, regime, op in zip(self.ids, self.regimes, self.ops, strict=True)
        ]

    def count_rows(self, ks: Sequence[int]) -> Iterator[dict[str, object]]:
        """Rows of `counts.parquet` of a seed, in the order of the problems."""
        gold = read_gold(self.folder)
        for number, name in enumerate(self.ids):
            found = {rule: int(counts.c[number]) for rule, counts in self.counts.items()}
            votes = majority_at_k(*self._votes[name], max(ks))
            yield {
                "arm": self.arm.name,
                "samples": int(self.counts["strict"].n[number]),
                **found,
                "majority": votes,
            } | ({} if gold is None else {name: cells[number] for name, cells in gold.items()})

    def samples(self, *columns: str) -> list[tuple[Any, ...]]:
        """The regime of every sample, and what these columns say of it."""
        regime_of = dict(zip(self.ids, self.regimes, strict=True))
        table = read_samples(self.folder, ("problem_id", *columns)).to_pydict()
        return [(regime_of[problem], *cells) for problem, *cells in zip(*table.values(), strict=True)]

    @cached_property
    def _votes(self) -> dict[str, tuple[list[str | None], list[bool]]]:
        """Answers of each problem's samples, and which are right."""
        table = read_samples(self.folder, ("problem_id", "answer", "answer_correct")).to_pydict()
        votes: dict[str, tuple[list[str | None], list[bool]]] = {}
        for problem, answer, right in zip(*table.values(), strict=True):
            answers, verdicts = votes.setdefault(problem, ([], []))
            answers.append(answer)
            verdicts.append(right)
        return votes


def same_problems(one: Evaluated, other: Evaluated) -> None:
    """Raises ValueError where two arms of a study were asked different problems: nothing of them could be paired."""
    if one.problem_rows() != other.problem_rows():
        number = next(
            (i for i, (a, b) in enumerate(zip(one.ids, other.ids, strict=False)) if a != b),
            min(len(one.ids), len(other.ids)),
        )
        raise ValueError(
            f"the arms {one.arm.name!r} and {other.arm.name!r} were asked different problems, from number {number + 1} on"
        )
