"""What the explorer must find, computed the slow way from the record: samples in order, filters, counts, names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import synthetic_samples as synthetic

from interplay.report.explorer_read import Explored

GROUPS: dict[str, Callable[[Any, Any], str]] = {
    "arm": lambda sample, problem: sample.arm,
    "seed": lambda sample, problem: str(sample.seed),
    "regime": lambda sample, problem: problem.regime,
    "op": lambda sample, problem: str(problem.op),
    "context": lambda sample, problem: problem.context,
    "mode": lambda sample, problem: problem.mode,
    "outcome": lambda sample, problem: sample.outcome,
    "error": lambda sample, problem: sample.error or "none",
}
Chosen = dict[str, set[str]]


class Oracle:
    """What must be found, computed the slow way."""

    def __init__(self, explored: Explored) -> None:
        place = {problem.problem_id: i for i, problem in enumerate(explored.problems)}
        arm = {name: i for i, name in enumerate(synthetic.LABELS)}
        joined = [
            SimpleNamespace(**{**dict(explored.solutions[solution]), **sample._asdict()})
            for sample, solution in zip(explored.samples, explored.solution_of, strict=True)
        ]
        self.samples = sorted(joined, key=lambda s: (place[s.problem_id], arm[s.arm], s.seed, s.sample))
        self.problems = {problem.problem_id: problem for problem in explored.problems}
        self.graphs = {p.problem_id: graph for p, graph in zip(explored.problems, explored.graphs, strict=True)}
        self.values = [
            {group: value(sample, self.problems[sample.problem_id]) for group, value in GROUPS.items()}
            for sample in self.samples
        ]

    def found(self, chosen: Chosen) -> list[int]:
        """Numbers of the samples that pass."""
        return [
            i for i, values in enumerate(self.values) if all(values[group] in names for group, names in chosen.items())
        ]

    def counts(self, chosen: Chosen, group: str) -> Counter[str]:
        """How many each choice of a group would leave, the other groups being as they are."""
        others = {name: names for name, names in chosen.items() if name != group}
        return Counter(self.values[i][group] for i in self.found(others))

    def name(self, number: int) -> str:
        """A sample's name in an address."""
        sample = self.samples[number]
        return f"{sample.arm}/{sample.seed}/{sample.problem_id}/{sample.sample}"
