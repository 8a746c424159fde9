"""What one RL stage is: its problems, its budget, its reward and its loss. Every field can change the result."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import NonNegativeInt, PositiveInt, model_validator

from interplay.config import Config
from interplay.data.stream import Stream
from interplay.extras import need
from interplay.model.next_token import SamplingConfig
from interplay.rl.advantages import Scale
from interplay.rl.loss import LossConfig
from interplay.rl.pools import Selection, UniformPool, check_ops
from interplay.rl.rewards import RewardConfig
from interplay.train.optimizer import OptimizerConfig
from interplay.train.schedule import Schedule


class HeldOut(Config):
    """Evaluation while training: the first `problems` of a stream that no pool draws from, after every `every` steps."""

    stream: Stream
    every: PositiveInt
    problems: PositiveInt = 64
    samples: PositiveInt = 1


class RLSettings(Config):
    """How RL is done, whatever the problems.

    prompts, group    problems of a step, and samples of each
    max_draws         up to this many times `prompts` problems are drawn until `prompts` groups have a signal
    updates           optimiser steps on one step's rollouts
    baseline, scale   how rewards become advantages. Without a baseline the advantage is the reward itself, so only what
                      is rewarded is learned from: self-training on right samples (RAFT, Dong et al. 2023)
    sampling          how rollouts are drawn; its `precision` is that of the updates too
    loss              how advantages become a gradient
    mask_truncated    a sample that was cut off is left out of the update, instead of being charged as a wrong one
    sampler           our own, or vLLM on the same device, which draws other samples from the same policy
    """

    steps: PositiveInt
    prompts: PositiveInt = 1024
    group: PositiveInt = 6
    updates: PositiveInt = 1
    sampling: SamplingConfig
    reward: RewardConfig = RewardConfig()
    baseline: Literal["group", "none"] = "group"
    scale: Scale = "group"
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig(lr=1e-6, weight_decay=0.0)
    schedule: Schedule = Schedule(kind="constant", warmup=0.0)
    mask_truncated: bool = False
    max_draws: PositiveInt = 1
    sampler: Literal["own", "vllm"] = "own"

    @model_validator(mode="after")
    def _reward_fits(self) -> Self:
        if self.baseline == "none" and (self.scale != "none" or self.reward.kind == "steps"):
            raise ValueError(
                "without a baseline an advantage is the rollout's reward: scale must be 'none' and reward not 'steps', "
                f"got {self.scale!r} and {self.reward.kind!r}"
            )
        return self

    def check_sampler(self) -> None:
        """Raises ValueError where the library of the sampler that is asked for is missing or broken."""
        if self.sampler == "vllm":
            need("vllm", "vllm")


class RLConfig(RLSettings):
    """One RL stage.

    pool, selection   where problems come from, and which of them are asked when (all of them by default)
    held_out          evaluation while training; the best checkpoint by its strict accuracy is kept beside the last
    checkpoint_every  a grid of steps whose checkpoints are kept
    """

    pool: UniformPool
    selection: Selection | None = None
    held_out: HeldOut | None = None
    checkpoint_every: PositiveInt | None = None
    seed: NonNegativeInt = 0

    @model_validator(mode="after")
    def _problems_fit(self) -> Self:
        check_ops(self.pool, self.selection)
        if self.baseline == "group" and self.group == 1:
            raise ValueError(
                "group is 1: a sample compared with itself teaches nothing; give 2 or more, or baseline none"
            )
        if self.sampling.greedy and self.baseline == "group":
            raise ValueError(
                "sampling is greedy: all samples of a group are the same and teach nothing; draw them instead"
            )
        if self.held_out is not None and self.held_out.stream.split == self.pool.stream.split:
            raise ValueError(f"the held-out problems are from the pool's own split {self.pool.stream.split!r}")
        return self
