"""What the records of a study hold, field by field; a report is made from these alone.

A field this version does not know is ignored, so that records may grow. A number that is not there (an empty cell, NaN)
is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, FiniteFloat, model_validator


def _absent(value: Any) -> Any:
    """What a CSV file can say instead of a number; pass@k is NaN where there are fewer than k samples."""
    missing = (isinstance(value, str) and value.strip().lower() in ("", "nan", "none")) or value != value
    return None if missing else value


Figure = Annotated[FiniteFloat | None, BeforeValidator(_absent)]
Whole = Annotated[int | None, BeforeValidator(_absent)]
SeedOrAll = int | Literal["all"]


class Record(BaseModel):
    """Base of all records."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Stage(Record):
    """One cached step of an arm: what kind, where it lies, what it was trained on and what it took."""

    kind: str
    address: str
    what: str = ""
    summary: dict[str, Any] = {}


class Arm(Record):
    """One treatment at one seed."""

    arm: str
    label: str
    seed: int
    description: str = ""
    stages: tuple[Stage, ...] = ()


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
    wall_s: Figure = None
    detectable: Detectable | None = None


class Result(Record):
    """One figure of one arm with its interval."""

    arm: str
    seed: SeedOrAll
    regime: str
    op: SeedOrAll
    rule: str
    metric: str
    k: int
    value: Figure
    lo: Figure
    hi: Figure
    n_problems: Whole
    n_samples: Whole
    n_seeds: Whole
    address: str = ""


class Effect(Record):
    """Treatment minus control, with its paired interval."""

    name: str
    label: str
    treatment: str
    control: str
    regime: str
    rule: str
    k: int
    effect: Figure
    lo: Figure
    hi: Figure
    n_problems: Whole
    n_samples: Whole
    n_seeds: Whole


class ErrorCount(Record):
    """Samples of one arm, seed and regime whose first fault is `error`; `hacked` of them have the right answer."""

    arm: str
    seed: SeedOrAll
    regime: str
    error: str
    count: int
    share: Figure = None
    hacked: Whole = None


class CurvePoint(Record):
    """One metric at one step of one stage."""

    arm: str
    seed: SeedOrAll
    stage: str
    address: str
    step: int
    tokens: Figure = None
    metric: str
    value: Figure


class Claim(Record):
    """A published claim and what this run says about it, by a rule that was fixed before the run."""

    claim: str
    rule: str
    verdict: Literal["supported", "contradicted", "cannot tell"]
    effect: Figure = None
    lo: Figure = None
    hi: Figure = None
    n_problems: Whole = None
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

    @property
    def arms(self) -> dict[str, str]:
        """Label of every arm by its name, in the study's order."""
        return {arm.arm: arm.label for arm in self.study.arms}
