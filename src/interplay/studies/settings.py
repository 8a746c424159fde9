"""What a study leaves to the scale: regimes, sizes, budgets. One flat model, so `--set KEY=VALUE` reaches every field.

The scales `micro` and `mini` are for learning within minutes and hours on two CPU cores: terse text, few names, small
numbers. `small` and `paper` use the full text and the paper's regimes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, ValidationError

from interplay.config import Config
from interplay.data.mixture import World
from interplay.data.packing import PackingConfig
from interplay.model.sizes import ModelConfig, size
from interplay.rl.rewards import RewardKind
from interplay.train.optimizer import OptimizerConfig
from interplay.train.schedule import Schedule

Ops = tuple[PositiveInt, ...]


class Settings(Config):
    """Everything a study at one scale is made with; every field is identity."""

    scale: str
    seeds: tuple[int, ...] = (0,)
    world: World
    contexts: tuple[str, ...]
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
    midtrain_tokens: PositiveInt
    midtrain_edge_share: float = Field(default=0.5, ge=0, le=1)
    midtrain_lr_factor: PositiveFloat = 0.5
    rl_steps: PositiveInt
    rl_prompts: PositiveInt
    rl_group: PositiveInt
    rl_updates: PositiveInt = 1
    rl_lr: PositiveFloat
    rl_kl: float = Field(default=0.0, ge=0)
    rl_reward: RewardKind = "strict"
    temperature: PositiveFloat = 0.7
    problems: PositiveInt = 200
    samples: PositiveInt = 16
    ks: tuple[PositiveInt, ...] = (1, 2, 4, 8, 16)
    max_new_tokens: PositiveInt = 128


MICRO = Settings(
    scale="micro",
    world=World(
        style="terse",
        numbers=(1, 5),
        max_value=20,
        distractors=(0, 0),
        order="depth_first",
        locations=3,
        entities=4,
        names=8,
    ),
    contexts=("zoo", "school"),
    id_ops=(2, 3),
    edge_ops=(4,),
    hard_ops=(5, 6),
    model=size("micro"),
    vocab_size=1024,
    tokenizer_documents=2000,
    unit="quantity",
    packing=PackingConfig(width=128, rows=16, loss_on="solution"),
    batch_tokens=2048,
    optimizer=OptimizerConfig(kind="muon", lr=4e-3, matrix_lr=0.02, weight_decay=0.01),
    schedule=Schedule(kind="wsd", warmup=0.05, decay=0.3, floor=0.0),
    pretrain_tokens=1_300_000,
    midtrain_tokens=700_000,
    rl_steps=100,
    rl_prompts=24,
    rl_group=16,
    rl_lr=2e-4,
)

SCALES: Mapping[str, Settings] = {"micro": MICRO}


def settings(scale: str, overrides: Mapping[str, str]) -> Settings:
    """The settings of a scale with `KEY=VALUE` changes; a nested field is `key.field`.

    Raises ValueError naming an unknown scale, an unknown key, or a value out of range.
    """
    if scale not in SCALES:
        raise ValueError(f"unknown scale {scale!r}; the scales are {', '.join(SCALES)}")
    fields = SCALES[scale].model_dump()
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
