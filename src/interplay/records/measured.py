"""What was measured of an arm, problem by problem, and the arms of a study in the groups that records speak of.

It is read from the tables of a seed (`seeds.py`), so a seed that ran elsewhere is measured as one that ran here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from interplay.evals.evaluation import Counts
from interplay.evals.intervals import Estimate
from interplay.evals.pass_at_k import pass_at_k
from interplay.schema.kept import KeptArm
from interplay.schema.verdicts import COUNTED, RULES

INTERVAL = ("lo", "hi", "n_problems", "n_samples", "n_seeds")

Values = np.ndarray[Any, Any]  # one value per problem


class Measured:
    """One arm under one seed: regime and op of each problem, and per rule its samples and successes.

    nll, per_token and greedy (of the gold solution) are None where they were not measured.
    """

    def __init__(self, arm: KeptArm, seed: int, problems: pa.Table, counts: pa.Table) -> None:
        self.name, self.seed, self.stages, self.rl = arm.arm, seed, arm.stages, arm.rl
        self.regimes = np.array(problems["regime"].to_pylist())
        self.ops = np.array(problems["op"].to_pylist())
        self.ids = tuple(problems["problem_id"].to_pylist())
        drawn = counts["samples"].to_numpy().astype(np.int64)
        found = {name: counts[name].to_numpy().astype(np.int64) for name in (*RULES, *COUNTED) if name != "not_strict"}
        found["not_strict"] = found["answer"] - found["strict"]  # whatever is strict has the right answer
        self.counts = {name: Counts(self.ids, drawn, right) for name, right in found.items()}
        self.majority: Values = counts["majority"].to_numpy()
        self.nll: Values | None = None
        if not counts["nll"].null_count:
            self.nll = counts["nll"].to_numpy().astype(float)
            self.per_token: Values = self.nll / counts["tokens"].to_numpy()
            self.greedy: Values = counts["greedy"].to_numpy().astype(float)

    @property
    def address(self) -> str:
        """Of the evaluation."""
        return self.stages[-1]

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


Arms = Mapping[str, Sequence[Measured]]


class Group(NamedTuple):
    """One arm at one seed, or at all seeds where it has several."""

    arm: str
    seed: str
    measured: Sequence[Measured]

    @property
    def address(self) -> str:
        """The evaluation of a single seed; empty for several."""
        return "" if self.seed == "all" else self.measured[0].address


def groups_of(arms: Arms, each_seed: bool = True) -> list[Group]:
    """Each seed of each arm, then all of its seeds together; without `each_seed` only what figures show."""
    found: list[Group] = []
    for name, members in arms.items():
        if each_seed or len(members) == 1:
            found += [Group(name, str(m.seed), [m]) for m in members]
        if len(members) > 1:
            found.append(Group(name, "all", members))
    return found


def estimate_fields(estimate: Estimate, name: str = "value") -> dict[str, object]:
    """An estimate as the cells of a row; a number that is not defined is an empty cell."""
    ends = {name: estimate.value, "lo": estimate.lo, "hi": estimate.hi}
    cells: dict[str, object] = {end: round(value, 6) if np.isfinite(value) else "" for end, value in ends.items()}
    return cells | {
        "n_problems": estimate.n_problems, "n_samples": estimate.n_samples, "n_seeds": estimate.n_seeds,
    }  # fmt: skip
