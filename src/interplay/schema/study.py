"""The documents of a study beside its tables: `study.json`, what was trained on what, and `claims.json`, what follows."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import model_validator

from interplay.schema.row import (
    VERSION,
    Factor,
    Figure,
    High,
    Low,
    NumProblems,
    NumSamples,
    NumSeeds,
    Op,
    Regime,
    Row,
    Whole,
    column,
)
from interplay.schema.verdicts import Rule

Direction = Literal["up", "down", "flat"]
Description = Literal["higher", "lower", "level", "mixed"]
ClaimVerdict = Literal["supported", "contradicted", "cannot tell", "not tested", "higher", "lower", "level", "mixed"]


class Stage(Row):
    """One cached step of the pipeline."""

    kind: str = column("tokenizer, pretrain, midtrain, rl or evaluate")
    what: str = column("what it was trained on, in words")
    summary: dict[str, Any] = column("what it took: tokens, FLOPs, time")
    config: dict[str, Any] = column("its own settings")


class Arm(Row):
    """One treatment at one seed."""

    arm: str = column("name")
    label: str = column("name that readers see")
    seed: int = column("training seed")
    description: str = column("the treatment in words")
    factors: dict[str, Factor] = column("what was varied")
    start: str = column("arm that it was trained from, if any")
    stages: tuple[str, ...] = column("addresses of its stages, in order")


class Detectable(Row):
    """The smallest effect that the design can see."""

    effect: Figure = column("of the first claim, at its own k")
    text: str = column("what every claim can see, and the trainings it needs")


class Study(Row):
    """What was asked, how it was run and on what."""

    study: str = column("name")
    title: str = column("title")
    question: str = column("question")
    scale: str = column("scale")
    seeds: tuple[int, ...] = column("training seeds")
    version: str = column("version of the package")
    schema_version: int = column("version of the tables")
    command: str = column("command that runs it again")
    settings: dict[str, Any] = column("resolved settings")
    wall_s: Figure = column("seconds of all stages together")
    machine: dict[str, object] = column(
        "where it ran: processor, kernels, cores, threads of a stage, stages side by side (`jobs`)"
    )
    software: dict[str, str] = column("versions of what computes")
    x: str = column("factor on the horizontal axis of the dose figure, if any")
    by: str = column("second factor, a line per value, if any")
    regimes: dict[str, tuple[int, ...]] = column("ops of each regime")
    contexts: tuple[str, ...] = column("vocabularies that are asked in")
    arms: tuple[Arm, ...] = column("every arm at every seed")
    stages: dict[str, Stage] = column("every stage once, by address")
    detectable: Detectable | None = column("smallest detectable effect, where there are contrasts")

    @model_validator(mode="before")
    @classmethod
    def _of_this_version(cls, found: object) -> object:
        written = found.get("schema_version", "an older one") if isinstance(found, dict) else VERSION
        if written != VERSION:
            raise ValueError(
                f"the records were written under version {written} of the tables; this is version {VERSION}"
            )
        return found

    @model_validator(mode="after")
    def _arms_name_known_stages(self) -> Self:
        for arm in self.arms:
            for address in arm.stages:
                if address not in self.stages:
                    raise ValueError(f"the arm {arm.arm!r} names a stage {address!r} that is not described")
        return self


class Claim(Row):
    """A published claim and what this run says about it, by a rule that was fixed before the run."""

    claim: str = column("the sentence")
    key: str = column("groups the sentences of one claim, such as T3")
    source: Literal["paper", "ours"] = column("who claims it")
    direction: Direction = column("what it says of the effect")
    rule: str = column("how it is decided, in words")
    contrast: str = column("the effect that decides it, by name")
    treatment: str = column("arm")
    control: str = column("arm")
    regime: Regime
    op: Op
    k: Whole = column("samples that are looked at")
    scored: Rule
    gain: bool = column("whether it is what each arm gained over its start, treatment minus control")
    number: str = column("equal for two claims that are decided by the same evaluations")
    p_holm: Figure = column("p-value, corrected over the study's claims; empty for a claim that nothing changes")
    effect: Figure = column("difference in pass@k")
    lo: Low
    hi: High
    n_problems: NumProblems
    n_samples: NumSamples
    n_seeds: NumSeeds
    by_training: tuple[Figure, ...] = column("effect in each training, in the order of the seeds")
    smallest: Figure = column("smallest rise that these trainings see; empty where they see none")
    trainings_needed: Whole = column("trainings of each arm that the claim needs; empty where no number would do")
    verdict: ClaimVerdict = column("what follows; of fewer than three trainings a description of them")
    note: str = column("what the interval covers, or why nothing was tested")
