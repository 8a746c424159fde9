"""quickstart: does the whole chain work here? Base, mid-training and RL on the edge of competence, each with its effect.

base      pre-training on the id ops
base_rl   GRPO on the edge ops, from base
mid       mid-training on id and edge ops, from base
mid_rl    GRPO on the edge ops, from mid
"""

from __future__ import annotations

from interplay.data.mixture import Mixture, blend
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig
from interplay.evals.evaluate import EvaluateConfig, Regime
from interplay.model.sampler import SamplingConfig
from interplay.rl.grpo import RLConfig
from interplay.rl.loss import LossConfig
from interplay.rl.pools import UniformPool
from interplay.rl.rewards import RewardConfig
from interplay.studies.settings import Settings
from interplay.studies.stages import EvaluateStage, MidtrainStage, PretrainStage, RLStage, TokenizerStage
from interplay.studies.study import Arm, Claim, Contrast, Study, Workplace
from interplay.train.optimizer import OptimizerConfig
from interplay.train.supervised import TrainConfig


def mixtures(chosen: Settings) -> dict[str, Mixture]:
    """The op ranges over every context, by regime."""
    ranges = {"id": chosen.id_ops, "edge": chosen.edge_ops, "hard": chosen.hard_ops}
    return {name: Mixture.uniform(ops, chosen.contexts) for name, ops in ranges.items()}


def supervised(chosen: Settings, mixture: Mixture, tokens: int, seed: int, lr_factor: float = 1.0) -> TrainConfig:
    """A supervised stage on a mixture with a complete schedule of its own."""
    optimizer = chosen.optimizer
    return TrainConfig(
        stream=Stream(world=chosen.world, mixture=mixture, seed=seed),
        budget_tokens=tokens,
        batch_tokens=chosen.batch_tokens,
        packing=chosen.packing,
        optimizer=OptimizerConfig.model_validate(
            optimizer.model_dump() | {"lr": optimizer.lr * lr_factor, "matrix_lr": optimizer.matrix_lr * lr_factor}
        ),
        schedule=chosen.schedule,
        precision=chosen.precision,
    )


def reinforcement(chosen: Settings, mixture: Mixture, seed: int) -> RLConfig:
    """GRPO on a mixture, from problems that pre-training never sees."""
    return RLConfig(
        pool=UniformPool(stream=Stream(world=chosen.world, mixture=mixture, split="rl", seed=seed)),
        steps=chosen.rl_steps,
        prompts=chosen.rl_prompts,
        group=chosen.rl_group,
        updates=chosen.rl_updates,
        sampling=SamplingConfig(temperature=1.0, max_new_tokens=chosen.max_new_tokens),
        reward=RewardConfig(kind=chosen.rl_reward),
        optimizer=OptimizerConfig(kind="adamw", lr=chosen.rl_lr, weight_decay=0.0),
        loss=LossConfig(kl=chosen.rl_kl),
        seed=seed,
    )


def evaluation(chosen: Settings) -> EvaluateConfig:
    """The same unseen problems for every arm and seed."""
    return EvaluateConfig(
        world=chosen.world,
        regimes=tuple(Regime(name=name, mixture=mixture) for name, mixture in mixtures(chosen).items()),
        problems=chosen.problems,
        samples=chosen.samples,
        ks=chosen.ks,
        sampling=SamplingConfig(temperature=chosen.temperature, max_new_tokens=chosen.max_new_tokens),
    )


def tokenizer_config(chosen: Settings) -> TokenizerConfig:
    """One tokenizer for all arms and seeds, trained on every op that is ever asked."""
    mixes = mixtures(chosen)
    every = blend((mix, 1 / len(mixes)) for mix in mixes.values())
    stream = Stream(world=chosen.world, mixture=every)
    return TokenizerConfig(
        stream=stream, vocab_size=chosen.vocab_size, documents=chosen.tokenizer_documents, unit=chosen.unit
    )


def arms_of_seed(chosen: Settings, place: Workplace, seed: int) -> list[Arm]:
    """The four arms of one seed; the tokenizer is shared by all seeds."""
    mixes = mixtures(chosen)
    tokenizer = TokenizerStage(config=tokenizer_config(chosen), **place.stage("tokenizer"))
    base = PretrainStage(
        tokenizer=tokenizer, model=chosen.model, seed=seed,
        config=supervised(chosen, mixes["id"], chosen.pretrain_tokens, seed), **place.stage(f"pre-training {seed}"),
    )  # fmt: skip
    share = chosen.midtrain_edge_share
    middle = blend([(mixes["id"], 1 - share), (mixes["edge"], share)])
    mid = MidtrainStage(
        start=base,
        config=supervised(chosen, middle, chosen.midtrain_tokens, seed, chosen.midtrain_lr_factor),
        **place.stage(f"mid-training {seed}"),
    )
    on_edge = reinforcement(chosen, mixes["edge"], seed)
    base_rl = RLStage(start=base, config=on_edge, **place.stage(f"RL from base {seed}"))
    mid_rl = RLStage(start=mid, config=on_edge, **place.stage(f"RL from mid {seed}"))
    described: list[tuple[str, str, str, PretrainStage | MidtrainStage | RLStage]] = [
        ("base", "Base", "pre-training on id", base),
        ("base_rl", "Base + RL", "pre-training on id, then GRPO on edge", base_rl),
        ("mid", "Mid", "pre-training on id, mid-training on id and edge", mid),
        ("mid_rl", "Mid + RL", "pre-training, mid-training, then GRPO on edge", mid_rl),
    ]
    return [
        Arm(name, label, what, seed, checkpoint, EvaluateStage(
            checkpoint=checkpoint, config=evaluation(chosen), **place.stage(f"evaluation of {name} {seed}")
        ))
        for name, label, what, checkpoint in described
    ]  # fmt: skip


def quickstart(chosen: Settings, place: Workplace) -> Study:
    """The study of the main job."""
    arms = tuple(arm for seed in chosen.seeds for arm in arms_of_seed(chosen, place, seed))
    top = max(chosen.ks)
    pairs = [("base_rl", "base", "RL from base"), ("mid", "base", "mid-training"), ("mid_rl", "mid", "RL from mid"),
             ("mid_rl", "base_rl", "mid-training before RL")]  # fmt: skip
    contrasts = tuple(
        Contrast(f"{treatment}-{control}-{regime}-{k}", label, treatment, control, regime, k)
        for treatment, control, label in pairs
        for regime in ("id", "edge", "hard")
        for k in (1, top)
    )
    return Study(
        name="quickstart",
        title="From scratch to RL: what each stage adds",
        question="Does the whole chain work here, and does RL on the edge of competence raise verified accuracy there?",
        settings=chosen,
        arms=arms,
        contrasts=contrasts,
        claims=(
            Claim("RL on edge problems raises verified edge pass@1 above its start after mid-training",
                  "mid_rl-mid-edge-1"),
            Claim("RL on edge problems raises verified edge pass@1 above its start without mid-training",
                  "base_rl-base-edge-1"),
            Claim(f"RL from base adds capability on edge problems: verified pass@{top} rises",
                  f"base_rl-base-edge-{top}"),
        ),
    )  # fmt: skip
