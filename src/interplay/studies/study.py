"""What a study is: a question, arms that end in a checkpoint, contrasts between arms, a claim with its rule.

A study is a Python function from settings to a `Study`. Nothing runs while it is made, so a plan costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from interplay.studies.settings import Settings
from interplay.studies.stages import EvaluateStage, MidtrainStage, PretrainStage, RLStage


class Arm(NamedTuple):
    """One treatment under one seed."""

    name: str
    label: str
    description: str
    seed: int
    checkpoint: PretrainStage | MidtrainStage | RLStage
    evaluation: EvaluateStage


class Contrast(NamedTuple):
    """Treatment minus control, on the same problems."""

    name: str
    label: str
    treatment: str
    control: str
    regime: str
    k: int
    rule: str = "strict"


Verdict = Literal["supported", "contradicted", "cannot tell"]


class Claim(NamedTuple):
    """A sentence and the contrast that decides it, fixed before the run.

    supported when the contrast's interval lies above zero, contradicted when it lies below, else cannot tell; with
    several claims in a study the p-value must also stay below 0.05 after Holm's correction.
    """

    text: str
    contrast: str

    @property
    def rule(self) -> str:
        """The decision in words."""
        return (
            "supported if the paired 95 % interval of the effect lies above zero and p < 0.05 after Holm's correction "
            "over the study's claims, contradicted if it lies below with the same p, otherwise this run cannot tell"
        )


class Study(NamedTuple):
    """Everything there is to know before the first stage runs."""

    name: str
    title: str
    question: str
    settings: Settings
    arms: tuple[Arm, ...]
    contrasts: tuple[Contrast, ...]
    claims: tuple[Claim, ...]

    @property
    def regimes(self) -> dict[str, list[int]]:
        """Op ranges by name."""
        chosen = self.settings
        return {"id": list(chosen.id_ops), "edge": list(chosen.edge_ops), "hard": list(chosen.hard_ops)}


StudyMaker = Callable[[Settings, "Workplace"], Study]


class Workplace(NamedTuple):
    """Where stages keep their results and how they run; never part of an address."""

    store: str
    runtime: dict[str, object]

    def stage(self, label: str) -> dict[str, Any]:
        """The fields every stage takes that do not enter its address."""
        return {"infra": {"folder": self.store}, "runtime": self.runtime, "label": label}
