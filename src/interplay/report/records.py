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
Factor = FiniteFloat | str


class Record(BaseModel):
    """Base of all records."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Stage(Record):
    """One cached step: what kind, what it was trained on under which settings, and what it took."""

    kind: str
    what: str = ""
    summary: dict[str, Any] = {}
    config: dict[str, Any] = {}


class Arm(Record):
    """One treatment at one seed: what was varied, the arm it was trained from, the addresses of its stages."""

    arm: str
    label: str
    seed: int
    description: str = ""
    factors: dict[str, Factor] = {}
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
    software: dict[str, str] = {}
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
    op: SeedOrAll = "all"
    rule: str
    control_rule: str = ""
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
    """The metrics of one stage around one step."""

    arm: str
    seed: SeedOrAll
    stage: str
    step: int
    tokens: Figure = None
    values: dict[str, FiniteFloat]

    @model_validator(mode="before")
    @classmethod
    def _metrics_are_columns(cls, row: Any) -> Any:
        """`area/name` is a metric; one that a stage does not have is an empty cell."""
        if not isinstance(row, dict) or "values" in row:
            return row
        found = {name: value for name, value in row.items() if "/" in name and _absent(value) is not None}
        return {name: value for name, value in row.items() if "/" not in name} | {"values": found}


class Silent(Record):
    """Share of RL's groups without signal, for one op, over a part of the run."""

    arm: str
    seed: SeedOrAll
    op: SeedOrAll
    part: str
    steps: int
    silent_wrong: Figure
    silent_right: Figure
    hacked: Figure = None


class CellPoint(Record):
    """Loss on the held-out solutions of one cell at one point of the token grid."""

    arm: str
    seed: SeedOrAll
    stage: str
    tokens: FiniteFloat
    cell: str
    op: int
    loss: Figure
    solution_nll: Figure
    problems: Whole = None


class GoldRow(Record):
    """NLL of the gold solutions of one arm, and its change against the arm it was trained from."""

    arm: str
    seed: SeedOrAll
    regime: str
    op: SeedOrAll
    nll: Figure
    lo: Figure
    hi: Figure
    per_token: Figure = None
    greedy: Figure = None
    start: str = ""
    change: Figure = None
    change_lo: Figure = None
    change_hi: Figure = None
    n_problems: Whole = None
    n_seeds: Whole = None


class Reliability(Record):
    """What pass@k hides, for one arm and regime; no arm is plain guessing."""

    arm: str
    seed: SeedOrAll
    regime: str
    metric: str
    rule: str
    k: Whole
    tau: Figure
    value: Figure
    lo: Figure
    hi: Figure
    n_problems: Whole
    n_samples: Whole
    n_seeds: Whole


class Claim(Record):
    """A published claim and what this run says about it, by a rule that was fixed before the run."""

    claim: str
    rule: str
    verdict: Literal["supported", "contradicted", "cannot tell"]
    key: str = ""
    source: Literal["paper", "ours"] = "ours"
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
