"""The GRPO loop: roll out, score, compare within groups, update; every step on record, every step repeatable.

Samples are a function of (weights, problem, sample index, seed), problems of the step, so a run that is cut anywhere and
started again ends in the same bytes.
"""

from __future__ import annotations

import copy
import shutil
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from pydantic import NonNegativeInt, PositiveInt
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from interplay.config import Config
from interplay.model.sampler import SamplingConfig
from interplay.progress import progress, say
from interplay.rl.advantages import Scale, agreeing_groups, group_advantages, token_advantages
from interplay.rl.loss import LossConfig, LossParts, policy_loss
from interplay.rl.pools import UniformPool
from interplay.rl.record import RolloutLog, step_metrics
from interplay.rl.rewards import RewardConfig
from interplay.rl.rollout import Batch, Rollout, logprobs_of, make_batch, roll_out
from interplay.train.checkpoint import newest, prune, seal, step_of
from interplay.train.metrics import MetricsLog, read_metrics
from interplay.train.optimizer import OptimizerConfig, build_optimizer
from interplay.train.publish import finish, publish, read_summary
from interplay.train.runtime import Runtime
from interplay.train.schedule import Schedule
from interplay.world.randomness import derive


class RLConfig(Config):
    """One RL stage. Every field can change the result."""

    pool: UniformPool
    steps: PositiveInt
    prompts: PositiveInt = 1024
    group: PositiveInt = 6
    updates: PositiveInt = 1
    sampling: SamplingConfig
    reward: RewardConfig = RewardConfig()
    scale: Scale = "group"
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig(lr=1e-6, weight_decay=0.0)
    schedule: Schedule = Schedule(kind="constant", warmup=0.0)
    mask_truncated: bool = False
    seed: NonNegativeInt = 0


class Scored(NamedTuple):
    """Rollouts that carry a gradient, with one advantage per sampled token."""

    rollouts: list[Rollout]
    advantages: list[Tensor]


def score(groups: list[list[Rollout]], config: RLConfig) -> Scored:
    """Advantages of every rollout; groups that agree with themselves are left out, as their gradient is zero.

    With a KL or entropy term they are kept, since those act on every token.
    """
    rewards_P_G = torch.tensor([[r.reward for r in group] for group in groups])
    advantages_P_G = group_advantages(rewards_P_G, config.scale)
    keep_all = bool(config.loss.kl or config.loss.entropy)
    silent = agreeing_groups(rewards_P_G)
    scored = Scored([], [])
    for p, group in enumerate(groups):
        per_token = config.reward.kind == "steps"
        credits = _step_credit(group) if per_token else None
        if not keep_all and (bool(silent[p]) if credits is None else not any(bool(c.any()) for c in credits)):
            continue
        for g, rollout in enumerate(group):
            length = len(rollout.completion.tokens)
            advantage = credits[g] if credits else advantages_P_G[p, g].expand(length)
            if config.mask_truncated and not rollout.completion.finished:
                advantage = torch.zeros(length)
            scored.rollouts.append(rollout)
            scored.advantages.append(advantage)
    return scored


def _step_credit(group: list[Rollout]) -> list[Tensor]:
    lengths = [len(r.completion.tokens) for r in group]
    rewards, mask = torch.zeros(len(group), max(lengths)), torch.zeros(len(group), max(lengths))
    for g, rollout in enumerate(group):
        assert rollout.token_rewards is not None, "per-step credit needs token rewards"
        rewards[g, : lengths[g]], mask[g, : lengths[g]] = torch.tensor(rollout.token_rewards), 1.0
    advantages = token_advantages(rewards, mask)
    return [advantages[g, :length] for g, length in enumerate(lengths)]


class Learner:
    """The policy, its optimiser and its frozen reference; `update` makes the gradient steps of one batch of rollouts."""

    def __init__(self, model: Any, tokenizer: PreTrainedTokenizerFast, config: RLConfig, runtime: Runtime) -> None:
        self.device = runtime.torch_device()
        self.accelerator = Accelerator(cpu=runtime.on_cpu)
        self.config, self.runtime, self.pad = config, runtime, tokenizer.pad_token_id
        self.reference = copy.deepcopy(model).to(self.device).eval() if config.loss.kl else None
        self.model = model.to(self.device).train()
        self.optimizer = build_optimizer(self.model, config.optimizer)
        self.peak_lrs = [group["lr"] for group in self.optimizer.param_groups]

    def update(self, scored: Scored, step: int) -> dict[str, float]:
        """Run `updates` optimiser steps over equal parts of the rollouts; returns metrics."""
        for group, peak in zip(self.optimizer.param_groups, self.peak_lrs, strict=True):
            group["lr"] = peak * self.config.schedule.factor(step, self.config.steps)
        totals = {"rl/kl": 0.0, "rl/clip_fraction": 0.0, "rl/grad_norm": 0.0}
        tokens = sum(len(a) for a in scored.advantages)
        if not scored.rollouts:
            return totals | {"rl/first_ratio_deviation": 0.0}
        size = -(-len(scored.rollouts) // self.config.updates)
        first_deviation = 0.0
        for update, start in enumerate(range(0, len(scored.rollouts), size)):
            parts, norm = self._gradient_step(
                Scored(scored.rollouts[start : start + size], scored.advantages[start : start + size])
            )
            totals["rl/grad_norm"] = max(totals["rl/grad_norm"], norm)
            for part in parts:
                totals["rl/kl"] += float(part.kl_sum) / tokens
                totals["rl/clip_fraction"] += float(part.clipped_sum) / tokens
                if update == 0:
                    first_deviation = max(first_deviation, float(part.ratio_deviation_max))
        return totals | {"rl/first_ratio_deviation": first_deviation}

    def _gradient_step(self, scored: Scored) -> tuple[list[LossParts], float]:
        config = self.config
        total = self._denominator(scored)
        self.optimizer.zero_grad()
        parts = []
        for batch in self._micro_batches(scored):
            logprobs, entropies = logprobs_of(self.model, batch, config.sampling.temperature)
            reference = None
            if self.reference is not None:
                with torch.no_grad():
                    reference, _ = logprobs_of(self.reference, batch, config.sampling.temperature)
            part = policy_loss(
                logprobs, batch.old_logprobs_B_T, batch.advantages_B_T, batch.mask_B_T, config.loss, total,
                reference_B_T=reference, entropy_B_T=entropies,
            )  # fmt: skip
            self.accelerator.backward(part.loss)
            parts.append(part._replace(loss=part.loss.detach()))
        clip = config.optimizer.clip_norm or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip)
        self.optimizer.step()
        return parts, float(norm)

    def _denominator(self, scored: Scored) -> float:
        match self.config.loss.denominator:
            case "tokens":
                return float(sum(len(a) for a in scored.advantages))
            case "sequences":
                return float(len(scored.rollouts))
            case "constant":
                return float(len(scored.rollouts) * self.config.sampling.max_new_tokens)

    def _micro_batches(self, scored: Scored) -> list[Batch]:
        """Rollouts of similar length together, at most `micro_tokens` positions each."""
        lengths = [len(r.prompt) + len(r.completion.tokens) for r in scored.rollouts]
        order = sorted(range(len(lengths)), key=lambda i: (lengths[i], i))
        batches, start = [], 0
        while start < len(order):
            end = start + 1
            while end < len(order) and lengths[order[end]] * (end + 1 - start) <= self.runtime.micro_tokens:
                end += 1
            rows = order[start:end]
            picked = [scored.rollouts[i] for i in rows], [scored.advantages[i] for i in rows]
            batches.append(make_batch(*picked, self.pad, self.device))
            start = end
        return batches

    def save(self, folder: Path) -> None:
        """Weights and optimiser state, in a folder that appears whole or not at all."""
        staging = folder.parent / f".staging-{folder.name}"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        save_file({name: p.contiguous() for name, p in self.model.named_parameters()}, staging / "policy.safetensors")
        torch.save(self.optimizer.state_dict(), staging / "optimizer.pt")
        seal(staging, folder)

    def load(self, folder: Path) -> None:
        """Read back what `save` wrote."""
        weights = load_file(folder / "policy.safetensors", device=str(self.device))
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(weights[name])
        self.optimizer.load_state_dict(torch.load(folder / "optimizer.pt", weights_only=True))


def reinforce(
    config: RLConfig, model: Any, tokenizer: PreTrainedTokenizerFast, folder: Path, runtime: Runtime, title: str = "rl"
) -> dict[str, Any]:
    """Train `model` in place with GRPO, resuming what `folder` holds; returns the stage's summary.

    Writes `metrics.jsonl`, `rollouts.parquet`, `checkpoints/step-N` and `summary.json` under `folder`.
    """
    if (done := read_summary(folder)) is not None:
        return done
    folder.mkdir(parents=True, exist_ok=True)
    learner = Learner(model, tokenizer, config, runtime)
    found, complaints = newest(folder / "resume")
    for complaint in complaints:
        say(complaint)
    start_step = step_of(found) if found else 0
    if found:
        learner.load(found)
    metrics, rollouts = MetricsLog(folder / "metrics.jsonl", start_step), RolloutLog(folder, start_step)
    started = saved = time.monotonic()
    with progress(title, config.steps) as update:
        for step in range(start_step, config.steps):
            row, groups = _step(learner, tokenizer, config, runtime, step)
            metrics.write(row)
            rollouts.add(step + 1, groups)
            update(step + 1, reward=row["rl/reward"], strict=row["rl/strict"])
            if time.monotonic() - saved > runtime.save_seconds and step + 1 < config.steps:
                rollouts.flush(step + 1)
                learner.save(folder / "resume" / f"step-{step + 1:07d}")
                prune(folder / "resume", {step + 1})
                saved = time.monotonic()
    metrics.close()
    rollouts.finish(config.steps)
    name = f"checkpoints/step-{config.steps:07d}"
    publish(learner.model, tokenizer, folder / name)
    tokens = sum(row["rl/tokens"] for row in read_metrics(folder / "metrics.jsonl"))
    wall_s = time.monotonic() - started
    summary = {"checkpoint": name, "steps": config.steps, "tokens": int(tokens), "wall_s": wall_s}
    summary["resumed_at_step"] = start_step
    return finish(folder, summary, scratch=("resume", "rollouts"))


def _step(
    learner: Learner, tokenizer: PreTrainedTokenizerFast, config: RLConfig, runtime: Runtime, step: int
) -> tuple[dict[str, Any], list[list[Rollout]]]:
    clock = time.monotonic()
    groups = roll_out(
        learner.model,
        tokenizer,
        config.pool.problems(step, config.prompts),
        group=config.group,
        sampling=config.sampling,
        rewards=config.reward,
        seed=derive("rl", config.seed, step),
        rows=runtime.sample_rows,
    )
    sampled_s = time.monotonic() - clock
    updated = learner.update(score(groups, config), step)
    total_s = time.monotonic() - clock
    row = {"step": step + 1, **step_metrics(groups), **updated}
    return row | {"time/rollout_s": round(sampled_s, 3), "time/update_s": round(total_s - sampled_s, 3)}, groups
