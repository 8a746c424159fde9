"""What an arm's evaluation found, problem by problem, and the arms of a study in the groups that records speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from interplay.evals.evaluation import (
    Counts,
    counts_by_problem,
    counts_of_outcome,
    read_evaluation,
    read_problems,
    read_samples,
)
from interplay.evals.intervals import Estimate
from interplay.evals.pass_at_k import majority_at_k, pass_at_k
from interplay.schema.verdicts import RULES
from interplay.studies.study import Arm, Study

INTERVAL = ("lo", "hi", "n_problems", "n_samples", "n_seeds")

Values = np.ndarray[Any, Any]  # one value per problem


class Measured:
    """One arm under one seed: regime and op of each problem, and per rule its samples and successes."""

    def __init__(self, arm: Arm) -> None:
        self.arm = arm
        evaluation = read_evaluation(arm.evaluation.folder)
        self.regimes = np.array(evaluation.problems["regime"].to_pylist())
        self.ops = np.array(evaluation.problems["op"].to_pylist())
        self.answers: list[str] = evaluation.problems["answer"].to_pylist()
        self.counts = {rule: counts_by_problem(evaluation, rule) for rule in RULES}
        answer, strict = self.counts["answer"], self.counts["strict"]
        # whatever is strict has the right answer
        self.counts["not_strict"] = Counts(answer.problem_ids, answer.n, answer.c - strict.c)
        self.counts |= {name: counts_of_outcome(evaluation, name) for name in ("hacked", "shortened", "unreadable")}

    def chosen(self, regime: str, op: int | None = None) -> Values:
        """Which problems are of a regime (and op)."""
        found: Values = self.regimes == regime
        return found if op is None else found & (self.ops == op)

    def pass_at(self, k: int, rule: str, regime: str, op: int | None = None) -> Values:
        """pass@k of each problem of a regime (and op)."""
        counts = self.counts[rule]
        values: Values = np.asarray(pass_at_k(counts.n, counts.c, k))[self.chosen(regime, op)]
        return values

    def counts_of(self, rule: str, regime: str) -> Counts:
        """Samples and successes of the problems of a regime."""
        chosen, counts = self.chosen(regime), self.counts[rule]
        ids = tuple(name for name, mine in zip(counts.problem_ids, chosen, strict=True) if mine)
        return Counts(ids, counts.n[chosen], counts.c[chosen])

    def majority_at(self, k: int, regime: str) -> Values:
        """The chance that the most frequent of k answers is right, of each problem of a regime."""
        pairs = (self._votes[name] for name in self.counts_of("answer", regime).problem_ids)
        return np.array([majority_at_k(answers, right, k) for answers, right in pairs])

    @cached_property
    def _votes(self) -> dict[str, tuple[list[str | None], list[bool]]]:
        """Answers of each problem's samples, and which are right."""
        table = read_samples(self.arm.evaluation.folder, ("problem_id", "answer", "answer_correct")).to_pydict()
        votes: dict[str, tuple[list[str | None], list[bool]]] = {}
        for problem, answer, right in zip(*table.values(), strict=True):
            answers, verdicts = votes.setdefault(problem, ([], []))
            answers.append(answer)
            verdicts.append(right)
        return votes

    def regime_of_problem(self) -> dict[str, str]:
        """The regime of each problem by its id."""
        ids = read_problems(self.arm.evaluation.folder, ("problem_id",))["problem_id"].to_pylist()
        return dict(zip(ids, self.regimes.tolist(), strict=True))


Arms = Mapping[str, Sequence[Measured]]


class Group(NamedTuple):
    """One arm at one seed, or at all seeds where it has several."""

    arm: str
    seed: str
    measured: Sequence[Measured]

    @property
    def address(self) -> str:
        """The evaluation of a single seed; empty for several."""
        return "" if self.seed == "all" else self.measured[0].arm.evaluation.address


def measure(study: Study) -> Arms:
    """Every arm's evaluations, by arm, in the order of the study."""
    arms: dict[str, list[Measured]] = {}
    for arm in study.arms:
        arms.setdefault(arm.name, []).append(Measured(arm))
    return arms


def groups_of(arms: Arms, each_seed: bool = True) -> list[Group]:
    """Each seed of each arm, then all of its seeds together; without `each_seed` only what figures show."""
    found: list[Group] = []
    for name, members in arms.items():
        if each_seed or len(members) == 1:
            found += [Group(name, str(m.arm.seed), [m]) for m in members]
        if len(members) > 1:
            found.append(Group(name, "all", members))
    return found


def estimate_fields(estimate: Estimate, name: str = "value") -> dict[str, Any]:
    """An estimate as the cells of a row; a number that is not defined is an empty cell."""
    ends = {name: estimate.value, "lo": estimate.lo, "hi": estimate.hi}
    cells: dict[str, Any] = {end: round(value, 6) if np.isfinite(value) else "" for end, value in ends.items()}
    return cells | {
        "n_problems": estimate.n_problems, "n_samples": estimate.n_samples, "n_seeds": estimate.n_seeds,
    }  # fmt: skip
