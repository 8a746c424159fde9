"""The four scales: what every study is made with, from minutes on two CPU cores to the paper's own size.

`micro` and `mini` are for learning within minutes and hours on a CPU: terse text, few names, small numbers. `small` fits one
GPU. `paper` is the published experiment; docs/studies.md says where paper and release disagree and which is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from interplay.data.mixes import weights_by_op
from interplay.data.mixture import World
from interplay.data.packing import PackingConfig
from interplay.data.tokenizer import TokenizerSettings
from interplay.data.vocabulary import Words
from interplay.model.next_token import SamplingConfig
from interplay.model.sizes import size
from interplay.rl.config import RLSettings
from interplay.rl.presets import preset
from interplay.studies.changes import changed
from interplay.studies.settings import (
    Midtraining,
    OfContextual,
    OfExtrapolation,
    OfHeadroom,
    OfMidtraining,
    OfTransfer,
    Pretraining,
    Settings,
    Tuned,
)
from interplay.train.config import TrainSettings
from interplay.train.optimizer import OptimizerConfig
from interplay.train.schedule import Schedule
from interplay.world.graph import Mode


def _rl(
    name: str, steps: int, max_new_tokens: int, updates: int = 1, precision: Literal["fp32", "bf16"] = "fp32"
) -> RLSettings:
    found = RLSettings.model_validate(preset(name, max_new_tokens) | {"steps": steps, "updates": updates})
    return found.model_copy(update={"sampling": found.sampling.model_copy(update={"precision": precision})})


# numbers to 9 among two to four superfluous facts, no copies: docs/regimes.md says what guessing reaches and why these
CROWD = World(
    style="terse",
    numbers=(1, 9),
    max_value=30,
    multipliers=(2, 3),
    distractors=(2, 4),
    fan_in=2,
    totals=0.0,
    copies=0.0,
    differences=0.5,
    order="ready",
    locations=4,
    entities=4,
    names=4,
)

# most frequencies of the usual base, a million, tell positions apart that a text of 150 tokens does not have
NEAR = size("micro").model_copy(update={"rope_theta": 300.0})

MICRO = Settings(
    scale="micro",
    world=CROWD,
    contexts=("zoo",),
    id_ops=(1, 2, 3, 4),
    edge_ops=(5, 6, 7),
    hard_ops=(8, 9),
    model=NEAR,
    tokenizer=TokenizerSettings(vocab_size=512, documents=1500, unit="definition"),
    train=TrainSettings(
        batch_tokens=7680,
        packing=PackingConfig(width=160, rows=48, loss_on="solution"),
        optimizer=OptimizerConfig(kind="muon", lr=2.7e-3, matrix_lr=0.0133, weight_decay=0.01),
        schedule=Schedule(kind="wsd", warmup=0.3, decay=0.4, floor=0.0),
    ),
    pretrain=Pretraining(tokens=4_800_000, edge_share=0.06, hard_share=0.012, fall=1 / 2),
    midtrain=Midtraining(tokens=700_000),
    rl=_rl("micro", steps=100, max_new_tokens=160),
    tuned=Tuned(rl="rl_0.0001_100", self_train="self_train_0.0001_100", gold="gold_0.00135_100"),
    sample_tokens=71,
    samples=32,
    ks=(1, 2, 4, 8, 16, 32),
    sampling=SamplingConfig(temperature=0.7, max_new_tokens=160),
    # `interplay records charge` on RL on the edge from base, quickstart, seed 0, 2026-11-27: .461 of 63 charged, and 71.2
    # positions a sample; so .41 of 71
    # self-training took .70 of the FLOPs of as many steps of RL (`tuning`, seeds 100 and 101), an id sample 1.6 times an edge
    # sample; a step on filtered problems 1.44 times one on the edge (seed 100)
    extrapolation=OfExtrapolation(
        filter_candidates=1000,
        measured_share=0.41,
        self_train_group=23,
        self_train_replay_group=15,
        filtered_share=1.44,
    ),
    # RL alone takes 25, 50 and 99 steps of them
    midtraining=OfMidtraining(budgets=(1_125_000, 2_250_000, 4_500_000)),
    headroom=OfHeadroom(shares=(0.0, 0.001, 0.03, 0.2, 0.5)),
    # the paper's .001 and .01 are 80 and 800 texts of B here, which teach nothing of it; chosen on `val`, seed 100
    transfer=OfTransfer(shared=0.03, atoms=0.1),
)

# one op deeper than `micro`, with twice the tokens
MINI = Settings(
    scale="mini",
    world=CROWD,
    contexts=("zoo",),
    id_ops=(1, 2, 3, 4, 5),
    edge_ops=(6, 7),
    hard_ops=(8, 9),
    model=NEAR,
    tokenizer=MICRO.tokenizer,
    train=MICRO.train.model_copy(
        update={
            "batch_tokens": 3040,
            "packing": PackingConfig(width=160, rows=19, loss_on="solution"),
            "optimizer": OptimizerConfig(kind="muon", lr=4e-3, matrix_lr=0.02, weight_decay=0.01),
        }
    ),
    pretrain=Pretraining(tokens=6_000_000, edge_share=0.074, hard_share=0.0055, fall=1 / 3, curve_points=12),
    midtrain=Midtraining(tokens=1_500_000),
    rl=_rl("mini", steps=200, max_new_tokens=160),
    sample_tokens=76,
    samples=128,
    ks=(1, 2, 4, 8, 16, 32, 64, 128),
    sampling=MICRO.sampling,
    # `interplay records charge` on RL on the edge, three trainings: 75.9 positions a sample, .40 of what they are charged
    extrapolation=OfExtrapolation(measured_share=0.4),
    # RL alone takes 51, 103 and 206 steps of them
    midtraining=OfMidtraining(budgets=(2_500_000, 5_000_000, 10_000_000)),
    transfer=MICRO.transfer,
)

SMALL = Settings(
    scale="small",
    world=World(style="terse", numbers=(1, 9), max_value=100, distractors=(0, 2)),
    contexts=("zoo", "school", "movie"),
    modes=("forward", "reverse"),
    id_ops=tuple(range(2, 8)),
    edge_ops=(8, 9, 10),
    hard_ops=(11, 12, 13, 14),
    model=size("small"),
    tokenizer=TokenizerSettings(vocab_size=2200, documents=20_000),
    train=TrainSettings(
        batch_tokens=1 << 16,
        packing=PackingConfig(width=512, rows=64, loss_on="solution"),
        optimizer=OptimizerConfig(kind="muon", lr=2e-3, matrix_lr=0.02, weight_decay=0.01),
        schedule=Schedule(kind="wsd", warmup=0.02, decay=0.3, floor=0.0),
        precision="bf16",
    ),
    pretrain=Pretraining(tokens=300_000_000, edge_share=0.01, curve_points=20),
    midtrain=Midtraining(tokens=60_000_000),
    rl=_rl("small", steps=200, max_new_tokens=384, precision="bf16"),
    sample_tokens=384,
    problems=400,
    samples=128,
    ks=(1, 2, 4, 8, 16, 32, 64, 128),
    sampling=SamplingConfig(temperature=0.7, max_new_tokens=384, precision="bf16"),
    midtraining=OfMidtraining(budgets=(30_000_000, 60_000_000, 120_000_000)),
)

PAPER = Settings(
    scale="paper",
    world=World(),
    contexts=("zoo", "school", "movie"),
    modes=("forward", "reverse"),
    id_ops=tuple(range(2, 11)),
    edge_ops=(11, 12, 13, 14),
    hard_ops=tuple(range(15, 21)),
    model=size("paper"),
    tokenizer=TokenizerSettings(vocab_size=2200, documents=200_000),
    train=TrainSettings(
        batch_tokens=1 << 19,
        packing=PackingConfig(width=2048, rows=64, attention="row"),
        optimizer=OptimizerConfig(lr=2e-4, weight_decay=0.1),
        schedule=Schedule(kind="cosine", warmup=0.05, floor=0.15),
        precision="bf16",
    ),
    pretrain=Pretraining(tokens=10_000_000_000, id_weights=weights_by_op("20/30/50"), curve_points=20),
    midtrain=Midtraining(
        tokens=1_048_576_000, edge_share=0.8, schedule=Schedule(kind="cosine", warmup=0.15, floor=0.3)
    ),
    rl=_rl("paper", steps=200, max_new_tokens=1024, updates=4, precision="bf16"),
    sample_tokens=2048,
    problems=1000,
    samples=128,
    ks=(1, 2, 4, 8, 16, 32, 64, 128),
    sampling=SamplingConfig(temperature=0.7, max_new_tokens=1024, precision="bf16"),
    extrapolation=OfExtrapolation(id_ops=(7, 8, 9, 10), mixed_ops=(9, 10, 11, 12), hard_ops=(17, 18, 19, 20)),
    # the seven rows of the paper's table of budgets: 2, 4, 8, 16, 24 and 32 thousand steps of 524,288 tokens, and 20B
    midtraining=OfMidtraining(budgets=(*(steps * 524_288_000 for steps in (2, 4, 8, 16, 24, 32)), 20_000_000_000)),
    contextual=OfContextual(ops=tuple(range(2, 21))),
    # the paper's mixes share the rest evenly between op 2-4 and 5-7, the flagship does not
    headroom=OfHeadroom(
        ops=(8, 9, 10),
        shares=(0.001, 0.05, 0.2, 1 / 3, 0.5),
        mixes=("49.95/49.95/0.1", "47.5/47.5/5", "40/40/20", "uniform-2-10", "25/25/50"),
    ),
)

SCALES: Mapping[str, Settings] = {scale.scale: scale for scale in (MICRO, MINI, SMALL, PAPER)}


def settings(scale: str, changes: Mapping[str, str]) -> Settings:
    """The settings of a scale with `KEY=VALUE` changes. Raises ValueError naming what is unknown or out of range."""
    if scale not in SCALES:
        raise ValueError(f"unknown scale {scale!r}; the scales are {', '.join(SCALES)}")
    if "scale" in changes:
        raise ValueError(f"--set scale={changes['scale']}: the scale is a run's own option, --scale {scale}")
    return changed(SCALES[scale], changes)


def regime_of(
    scale: str, regime: str
) -> tuple[tuple[str | Words, ...], tuple[Mode, ...], tuple[int, ...], dict[str, Any]]:
    """(contexts, modes, ops, axes) of a scale's regime, `id`, `edge` or `hard`. Raises ValueError for another one."""
    found = settings(scale, {})
    ranges = {"id": found.id_ops, "edge": found.edge_ops, "hard": found.hard_ops}
    if regime not in ranges:
        raise ValueError(f"regime must be one of {', '.join(ranges)}, got {regime!r}")
    return found.contexts, found.modes, ranges[regime], found.world.model_dump(exclude_none=True)
