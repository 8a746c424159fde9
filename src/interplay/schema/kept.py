"""Tables of one seed of a study, small enough to be committed: what everything that is said of several seeds is made from."""

from __future__ import annotations

from typing import Any

from interplay.schema.row import ArmName, Float32, Int16, Int32, Regime, Row, column


class KeptArm(Row):
    """One arm of the seed."""

    arm: ArmName
    stages: tuple[str, ...] = column("addresses of its stages, in order; the evaluation last")
    rl: dict[str, str] = column("its RL stages, each with why it is no treatment; empty where it is one")


class KeptSeed(Row):
    """Which seed of which study the folder holds."""

    schema_version: int = column("version of the tables")
    study: str = column("name")
    scale: str = column("scale")
    seed: int = column("training seed")
    arms: tuple[KeptArm, ...] = column("every arm")


class KeptSettings(Row):
    """What the seed was made with, seeds left out: equal bytes for every seed that may be put beside it."""

    schema_version: int = column("version of the tables")
    study: str = column("name")
    settings: dict[str, Any] = column("resolved settings")
    arms: dict[str, str] = column("the evaluation of each arm, by its digest")
    stages: dict[str, Any] = column("every stage by the digest of its identity, the stages it starts from by theirs")


class KeptAbout(Row):
    """Where and when the seed ran and what it took; the same seed may have another one."""

    version: str = column("version of the package")
    command: str = column("command that ran it")
    machine: dict[str, object] = column(
        "where it ran: processor, kernels, cores, threads of a stage, stages side by side (`jobs`)"
    )
    software: dict[str, str] = column("versions of what computes")
    stages: dict[str, Any] = column("what each stage was trained on and what it took, by address")


class Asked(Row):
    """One problem that every arm was asked; the same problems for every seed."""

    problem_id: str = column("unique in the table")
    regime: Regime
    op: Int16 = column("operation count")


class Counted(Row):
    """The samples of one problem under one arm: how many are right under each rule, and what the right answers are made of.

    Arm by arm, each with the problems in their order.
    """

    arm: ArmName
    samples: Int32 = column("samples that were drawn")
    strict: Int32 = column("strictly right")
    exact: Int32 = column("strictly right without extra steps")
    sound: Int32 = column("sound")
    paper_v1: Int32 = column("accepted by the rule of the published release")
    answer: Int32 = column("right answers")
    hacked: Int32 = column("right answer with a step that is false, unsupported or missing")
    shortened: Int32 = column("right answer with a sound derivation that leaves steps out")
    unreadable: Int32 = column("right answer in a text that is not in the format")
    majority: float = column("chance that the most frequent of the largest k answers is right")
    nll: Float32 | None = column("nats of the gold solution, where it was measured")
    tokens: Int32 | None = column("tokens of the gold solution, where it was measured")
    greedy: bool | None = column("the greedy solution is strictly right, where it was measured")
