"""What the records of a study hold besides tables: the study itself, its claims, sampled solutions; and all of it together.

A report is made from these alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from interplay.report.fields import Factor, Figure, SeedOrAll, Whole
from interplay.report.fields import Record as Record
from interplay.report.measured import Effect, ErrorCount, GoldRow, Reliability, Result
from interplay.report.training import CellPoint, CurvePoint, Silent


class Stage(Record):
    """One cached step: what kind, what it was trained on under which settings, and what it took."""

    kind: str
    what: str = ""
    summary: dict[str, Any] = Field(default_factory=dict)
    config: dict[str, Any] = Field(default_factory=dict)


class Arm(Record):
    """One treatment at one seed: what was varied, the arm it was trained from, the addresses of its stages."""

    arm: str
    label: str
    seed: int
    description: str = ""
    factors: dict[str, Factor] = Field(default_factory=dict)
    start: str = ""
    stages: tuple[str, ...] = ()


class Detectable(Record):
    """The smallest effect this design can see."""

    effect: Figure = None
    text: str = ""


class Study(Record):
    """What was asked, how it was run and on what."""

    study: str
    title: str
    question: str
    scale: str
    seeds: tuple[int, ...]
    version: str
    command: str
    settings: dict[str, Any]
    machine: dict[str, Any]
    regimes: dict[str, tuple[int, ...]]
    contexts: tuple[str, ...]
    arms: tuple[Arm, ...]
    stages: dict[str, Stage]
    software: dict[str, str] = Field(default_factory=dict)
    x: str = ""
    by: str = ""
    wall_s: Figure = None
    detectable: Detectable | None = None

    @model_validator(mode="after")
    def _arms_name_known_stages(self) -> Self:
        for arm in self.arms:
            for address in arm.stages:
                if address not in self.stages:
                    raise ValueError(f"the arm {arm.arm!r} names a stage {address!r} that is not described")
        return self


class Claim(Record):
    """A published claim and what this run says about it, by a rule that was fixed before the run."""

    claim: str
    rule: str
    verdict: Literal["supported", "contradicted", "cannot tell"]
    key: str = ""
    source: Literal["paper", "ours"] = "ours"
    direction: Literal["up", "down", "flat"] = "up"
    contrast: str = ""
    regime: str = ""
    op: SeedOrAll = "all"
    k: Whole = None
    scored: str = "strict"
    p_holm: Figure = None
    effect: Figure = None
    lo: Figure = None
    hi: Figure = None
    n_problems: Whole = None
    n_samples: Whole = None
    n_seeds: Whole = None
    note: str = ""


class Step(Record):
    """One step of a solution, characters `start` to `end` of its text."""

    name: str
    start: int
    end: int
    error: str | None = None


class Example(Record):
    """One sampled solution and its verdict."""

    arm: str
    seed: int
    regime: str
    op: int
    context: str
    problem: str
    question: str
    text: str
    gold: str
    answer: str | None
    strict: bool
    error: str | None = None
    steps: tuple[Step, ...] = ()
    graph: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _steps_lie_in_the_text(self) -> Self:
        position = 0
        for step in self.steps:
            if not position <= step.start <= step.end <= len(self.text):
                raise ValueError(f"the step {step.name!r} ({step.start} to {step.end}) does not lie in the text")
            position = step.end
        return self


@dataclass(frozen=True)
class Records:
    """Everything the page is made from."""

    study: Study
    results: tuple[Result, ...]
    effects: tuple[Effect, ...]
    errors: tuple[ErrorCount, ...]
    curves: tuple[CurvePoint, ...]
    claims: tuple[Claim, ...]
    examples: tuple[Example, ...]
    reliability: tuple[Reliability, ...] = ()
    silent: tuple[Silent, ...] = ()
    cells: tuple[CellPoint, ...] = ()
    nll: tuple[GoldRow, ...] = ()

    @property
    def arms(self) -> dict[str, str]:
        """Label of every arm by its name, in the study's order."""
        return {arm.arm: arm.label for arm in self.study.arms}

    @property
    def factors(self) -> dict[str, dict[str, Factor]]:
        """What was varied, by arm."""
        return {arm.arm: arm.factors for arm in self.study.arms}

    @property
    def starts(self) -> dict[str, str]:
        """The arm that each arm was trained from, where the study has it."""
        arms = self.arms
        return {arm.arm: arm.start for arm in self.study.arms if arm.start in arms}

    @property
    def ks(self) -> list[int]:
        """Every k that pass@k was measured at."""
        return sorted({row.k for row in self.results})
