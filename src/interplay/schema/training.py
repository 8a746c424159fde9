"""Tables of what happens while a stage trains: metrics of every step, thinned curves, groups without signal, losses per cell.

A metric is `area/name`. One that a stage writes and a study should show over training is a line in `CURVES`.
"""

from __future__ import annotations

from pydantic import FiniteFloat, model_validator

from interplay.schema.row import ArmName, Figure, Op, Row, Seed, absent, column

CURVES = {  # metrics that a study keeps as curves
    "train/loss": "training loss, nats per token",
    "rl/reward": "mean reward",
    "rl/strict": "share of rollouts that are strictly right",
    "rl/outcome": "share of rollouts with the right answer",
    "rl/process": "mean process accuracy of rollouts",
    "rl/sound": "share of rollouts that are sound",
    "rl/hacked": "share of rollouts with a right answer and a false, unsupported or missing step",
    "rl/not_strict": "share of rollouts with a right answer that are not strictly right",
    "rl/silent_wrong": "share of groups without signal whose reward is 0",
    "rl/silent_right": "share of groups without signal whose reward is above 0",
    "rl/length": "mean tokens of a rollout",
    "rl/entropy": "mean entropy of the policy on sampled tokens, nats",
}
METRICS = {  # all that a line of metrics.jsonl may hold beside `step` and `tokens`; RL has rl/* per op as well, rl/op4/*
    **CURVES,
    "train/grad_norm": "norm of the gradient before clipping",
    "train/lr": "learning rate",
    "rl/pass_at_group": "share of groups with a strictly right rollout",
    "rl/tokens": "tokens sampled in the step",
    "rl/sampled_entropy": "minus the mean log-probability of sampled tokens, nats",
    "rl/truncated": "share of rollouts that were cut at the limit",
}


class CurvePoint(Row):
    """The metrics of one stage around one step; each metric is a column, empty where the stage does not have it."""

    arm: ArmName
    seed: Seed
    stage: str = column("pretrain, midtrain or rl")
    step: int = column("last step of those that the point is the mean of")
    tokens: Figure = column("tokens trained on until then; empty for RL")
    values: dict[str, FiniteFloat] = column("the metrics, each a column of its own")

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The metrics stand as columns in the place of `values`."""
        return (*(name for name in cls.model_fields if name != "values"), *CURVES)

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """The metrics stand as columns in the place of `values`."""
        own = {name: meaning for name, meaning in super().meanings().items() if name != "values"}
        return own | CURVES

    @model_validator(mode="before")
    @classmethod
    def _metrics_are_columns(cls, row: object) -> object:
        if not isinstance(row, dict) or "values" in row:
            return row
        found = {name: row[name] for name in CURVES if absent(row.get(name)) is not None}
        return {name: value for name, value in row.items() if name not in CURVES} | {"values": found}


class Silent(Row):
    """Share of RL's groups without signal, for one op, over a part of the run."""

    arm: ArmName
    seed: Seed
    op: Op
    part: str = column("`all`, or the last quarter of the steps")
    steps: int = column("steps that the part has")
    silent_wrong: Figure = column("share of groups whose rollouts all earn 0")
    silent_right: Figure = column("share of groups whose rollouts all earn the same, above 0")
    hacked: Figure = column("share of rollouts with a right answer and a false, unsupported or missing step")
    not_strict: Figure = column("share of rollouts with a right answer that are not strictly right")


class CellPoint(Row):
    """Loss on the held-out solutions of one cell at one point of the token grid."""

    arm: ArmName
    seed: Seed
    stage: str = column("pretrain or midtrain")
    tokens: FiniteFloat = column("tokens trained on until then")
    cell: str = column("op, context and mode")
    op: int = column("operation count")
    loss: Figure = column("nats per token of the gold solutions")
    solution_nll: Figure = column("nats per gold solution")
    problems: int = column("held-out problems")
