"""The four scales: what every study is made with, from minutes on two CPU cores to the paper's own size.

`micro` and `mini` are for learning within minutes and hours on a CPU: terse text, few names, small numbers. `small` fits one
GPU. `paper` is the published experiment; docs/studies.md says where paper and release disagree and which is taken.
"""

from __future__ import annotations

from collections.abc import Mapping

from interplay.data.mixture import World
from interplay.data.packing import PackingConfig
from interplay.model.sizes import size
from interplay.studies.settings import Settings, changed
from interplay.train.optimizer import OptimizerConfig
from interplay.train.schedule import Schedule

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
    pretrain_tokens=1_600_000,
    pretrain_edge_share=0.03,
    midtrain_tokens=700_000,
    rl_steps=50,
    rl_prompts=24,
    rl_group=16,
    rl_lr=5e-4,
    filter_candidates=1000,
    samples=32,
    ks=(1, 2, 4, 8, 16, 32),
    mid_budgets=(700_000, 1_400_000),
    sample_tokens=48,
    headroom_shares=(0.0, 0.001, 0.03, 0.2, 0.5),
)

MINI = Settings(
    scale="mini",
    world=World(
        style="terse",
        numbers=(1, 9),
        max_value=40,
        distractors=(0, 1),
        order="depth_first",
        locations=4,
        entities=6,
        names=16,
    ),
    contexts=("zoo", "school", "movie"),
    id_ops=(2, 3, 4, 5),
    edge_ops=(6, 7),
    hard_ops=(8, 9, 10),
    model=size("mini"),
    vocab_size=2048,
    tokenizer_documents=4000,
    unit="quantity",
    packing=PackingConfig(width=256, rows=16, loss_on="solution"),
    batch_tokens=4096,
    optimizer=OptimizerConfig(kind="muon", lr=3e-3, matrix_lr=0.02, weight_decay=0.01),
    schedule=Schedule(kind="wsd", warmup=0.03, decay=0.3, floor=0.0),
    pretrain_tokens=7_000_000,
    pretrain_edge_share=0.03,
    curve_points=28,
    curve_problems=16,
    midtrain_tokens=3_000_000,
    rl_steps=200,
    rl_prompts=32,
    rl_group=16,
    rl_lr=1e-4,
    samples=64,
    ks=(1, 2, 4, 8, 16, 32, 64),
    max_new_tokens=224,
    mid_budgets=(3_000_000, 6_000_000),
    sample_tokens=192,
)

PAPER = Settings(
    scale="paper",
    world=World(),
    contexts=("zoo", "school", "movie"),
    modes=("forward", "reverse"),
    id_ops=tuple(range(2, 11)),
    edge_ops=(11, 12, 13, 14),
    hard_ops=tuple(range(15, 21)),
    id_weights=(0.2 / 3,) * 3 + (0.1,) * 3 + (0.5 / 3,) * 3,
    model=size("paper"),
    vocab_size=2200,
    tokenizer_documents=200_000,
    packing=PackingConfig(width=2048, rows=64, attention="row"),
    batch_tokens=1 << 19,
    optimizer=OptimizerConfig(lr=2e-4, weight_decay=0.1),
    schedule=Schedule(kind="cosine", warmup=0.05, floor=0.15),
    precision="bf16",
    pretrain_tokens=10_000_000_000,
    curve_points=20,
    midtrain_tokens=1_048_576_000,
    midtrain_edge_share=0.8,
    midtrain_schedule=Schedule(kind="cosine", warmup=0.15, floor=0.3),
    rl_steps=200,
    rl_prompts=1024,
    rl_group=6,
    rl_updates=4,
    rl_lr=1e-6,
    rl_kl=1e-3,
    problems=1000,
    samples=128,
    ks=(1, 2, 4, 8, 16, 32, 64, 128),
    max_new_tokens=1024,
    mid_budgets=(1_048_576_000, 4_194_304_000),
    sample_tokens=2048,
    rl_id_ops=(7, 8, 9, 10),
    rl_mixed_ops=(9, 10, 11, 12),
    rl_hard_ops=(17, 18, 19, 20),
    exposed_ops=tuple(range(2, 21)),
    headroom_ops=(8, 9, 10),
)

SMALL = PAPER.model_copy(
    update={
        "scale": "small",
        "world": World(style="terse", numbers=(1, 9), max_value=100, distractors=(0, 2)),
        "id_ops": tuple(range(2, 8)),
        "id_weights": (),
        "edge_ops": (8, 9, 10),
        "hard_ops": (11, 12, 13, 14),
        "model": size("small"),
        "tokenizer_documents": 20_000,
        "packing": PackingConfig(width=512, rows=64, loss_on="solution"),
        "batch_tokens": 1 << 16,
        "optimizer": OptimizerConfig(kind="muon", lr=2e-3, matrix_lr=0.02, weight_decay=0.01),
        "schedule": Schedule(kind="wsd", warmup=0.02, decay=0.3, floor=0.0),
        "pretrain_tokens": 300_000_000,
        "pretrain_edge_share": 0.01,
        "midtrain_tokens": 60_000_000,
        "midtrain_edge_share": 0.5,
        "midtrain_schedule": None,
        "rl_prompts": 128,
        "rl_group": 16,
        "rl_updates": 1,
        "rl_lr": 5e-5,
        "rl_kl": 0.0,
        "problems": 400,
        "max_new_tokens": 384,
        "mid_budgets": (60_000_000, 120_000_000),
        "sample_tokens": 384,
        "rl_id_ops": (),
        "rl_mixed_ops": (),
        "rl_hard_ops": (),
        "exposed_ops": (),
        "headroom_ops": (),
    }
)

SCALES: Mapping[str, Settings] = {scale.scale: scale for scale in (MICRO, MINI, SMALL, PAPER)}


def settings(scale: str, overrides: Mapping[str, str]) -> Settings:
    """The settings of a scale with `KEY=VALUE` changes. Raises ValueError naming what is unknown or out of range."""
    if scale not in SCALES:
        raise ValueError(f"unknown scale {scale!r}; the scales are {', '.join(SCALES)}")
    return changed(SCALES[scale], overrides)
