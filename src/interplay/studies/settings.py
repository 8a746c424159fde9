"""What a study leaves to the scale: regimes, sizes, budgets. One flat model, so `--set KEY=VALUE` reaches every field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, ValidationError

from interplay.config import Config
from interplay.data.mixture import World
from interplay.data.packing import PackingConfig
from interplay.model.sizes import ModelConfig
from interplay.rl.rewards import RewardKind
from interplay.train.optimizer import OptimizerConfig
from interplay.train.schedule import Schedule
from interplay.world.graph import Mode

Ops = tuple[PositiveInt, ...]


class Settings(Config):
    """Everything a study at one scale is made with; every field is identity.

    world .. hard_ops      the problems: text, contexts, modes, and the op ranges of the three regimes
    id_weights             shares of the id ops in pre-training; uniform when empty
    pretrain_edge_share    share of edge ops in pre-training; curve_* the held-out curves on its token grid
    midtrain_schedule      of mid-training, where it is not `schedule`
    rl_*                   GRPO; rl_id_ops, rl_mixed_ops, rl_hard_ops are the ranges of RL where they are not the regimes'
    adaptive_threshold, filter_candidates   the selections that `extrapolation` compares with a uniform pool
    problems .. gold       evaluation: problems per regime, samples of each, whether gold likelihood is measured
    mid_budgets, mid_rl_shares, sample_tokens   `midtraining`: training tokens, shares of RL, what an RL sample is charged
    exposures, exposed_context, exposed_ops     `contextual`: shares of context B in pre-training, ops of A
    headroom_ops, headroom_shares               `headroom`: what pre-training shows more or less of; by default the edge
    """

    scale: str
    seeds: tuple[int, ...] = (0,)
    world: World
    contexts: tuple[str, ...]
    modes: tuple[Mode, ...] = ("forward",)
    id_ops: Ops
    edge_ops: Ops
    hard_ops: Ops
    model: ModelConfig
    vocab_size: PositiveInt
    tokenizer_documents: PositiveInt
    unit: Literal["word", "place", "quantity"] = "word"
    packing: PackingConfig
    batch_tokens: PositiveInt
    optimizer: OptimizerConfig
    schedule: Schedule
    precision: str = "fp32"
    pretrain_tokens: PositiveInt
    pretrain_edge_share: float = Field(default=0.0, ge=0, le=1)
    id_weights: tuple[float, ...] = ()
    curve_points: NonNegativeInt = 8
    curve_problems: PositiveInt = 32
    midtrain_tokens: PositiveInt
    midtrain_edge_share: float = Field(default=0.5, ge=0, le=1)
    midtrain_lr_factor: PositiveFloat = 0.5
    midtrain_schedule: Schedule | None = None
    rl_steps: PositiveInt
    rl_prompts: PositiveInt
    rl_group: PositiveInt
    rl_updates: PositiveInt = 1
    rl_lr: PositiveFloat
    rl_kl: float = Field(default=0.0, ge=0)
    rl_reward: RewardKind = "strict"
    rl_id_ops: Ops = ()
    rl_mixed_ops: Ops = ()
    rl_hard_ops: Ops = ()
    adaptive_threshold: float = Field(default=0.5, gt=0, le=1)
    filter_candidates: PositiveInt = 2000
    temperature: PositiveFloat = 0.7
    problems: PositiveInt = 200
    samples: PositiveInt = 16
    ks: tuple[PositiveInt, ...] = (1, 2, 4, 8, 16)
    max_new_tokens: PositiveInt = 128
    gold: bool = True
    mid_budgets: tuple[PositiveInt, ...]
    mid_rl_shares: tuple[float, ...] = (0.0, 0.2, 0.5, 0.8, 1.0)
    sample_tokens: PositiveInt
    exposures: tuple[float, ...] = (0.0, 0.001, 0.01, 0.1)
    exposed_context: str = "school"
    exposed_ops: Ops = ()
    headroom_ops: Ops = ()
    headroom_shares: tuple[float, ...] = (0.001, 0.05, 0.2, 0.33, 0.5)

    @property
    def ops(self) -> Ops:
        """Every op of the three regimes."""
        return tuple(sorted({*self.id_ops, *self.edge_ops, *self.hard_ops}))


def changed(settings: Settings, overrides: Mapping[str, str]) -> Settings:
    """Settings with `KEY=VALUE` changes; a nested field is `key.field`.

    Raises ValueError naming an unknown key or a value out of range.
    """
    fields = settings.model_dump()
    for key, text in overrides.items():
        _assign(fields, key, text)
    try:
        return Settings.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "settings"
        raise ValueError(f"--set {where}: {first['msg']}, got {first['input']!r}") from error


def _assign(fields: dict[str, Any], key: str, text: str) -> None:
    inner, *outer = reversed(key.split("."))
    for name in reversed(outer):
        fields = fields[name] if isinstance(fields.get(name), dict) else {}
    if inner not in fields or isinstance(fields[inner], dict):
        raise ValueError(f"--set {key}: no such setting; there are {', '.join(sorted(fields)) or 'none below it'}")
    was = fields[inner]
    fields[inner] = text.rstrip(",").split(",") if isinstance(was, tuple) else text
