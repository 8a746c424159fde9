"""From groups of rollouts to advantages, one per sampled token; groups without signal are left out or counted by choice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from interplay.rl.advantages import agreeing_groups, group_advantages, token_advantages
from interplay.rl.config import RLConfig
from interplay.rl.rollout import Rollout


class Scored(NamedTuple):
    """Rollouts that carry a gradient, with one advantage per sampled token; and how much was left out but counts."""

    rollouts: list[Rollout]
    advantages: list[Tensor]
    silent_rollouts: int = 0
    silent_tokens: int = 0

    def part(self, rows: slice, share: float) -> Scored:
        """Some of the rollouts, with their share of what was left out."""
        silent = round(self.silent_rollouts * share), round(self.silent_tokens * share)
        return Scored(self.rollouts[rows], self.advantages[rows], *silent)


def score(groups: list[list[Rollout]], config: RLConfig) -> Scored:
    """Advantages of every rollout; those that cannot have a gradient are left out.

    These are groups that agree with themselves; without a baseline, every rollout that earned nothing; and what
    `mask_truncated` masks. A KL or entropy term acts on every token, so with one only the masked are left out. With
    `loss.counts` "all" what is left out still counts in the denominator, which is TRL's definition; the tokens of what
    is masked never do.
    """
    rewards_P_G = torch.tensor([[r.reward for r in group] for group in groups])
    values_P_G = group_advantages(rewards_P_G, config.scale) if config.baseline == "group" else rewards_P_G
    agrees_P = agreeing_groups(rewards_P_G).tolist()
    keep_all = bool(config.loss.kl or config.loss.entropy)
    kept = Scored([], [])
    left_out = left_out_tokens = 0
    for p, group in enumerate(groups):
        advantages = [values_P_G[p, g].expand(len(r.completion.tokens)) for g, r in enumerate(group)]
        if config.reward.kind == "steps":
            advantages = _step_credit(group)
            agrees_P[p] = not any(bool(advantage.any()) for advantage in advantages)
        for rollout, advantage in zip(group, advantages, strict=True):
            masked = config.mask_truncated and not rollout.completion.finished
            silent = agrees_P[p] if config.baseline == "group" else rollout.reward == 0
            if masked or (silent and not keep_all):
                left_out += 1
                left_out_tokens += 0 if masked else len(rollout.completion.tokens)
            else:
                kept.rollouts.append(rollout)
                kept.advantages.append(advantage)
    if config.loss.counts == "signal":
        return kept
    return Scored(*kept[:2], left_out, left_out_tokens)


def has_signal(group: list[Rollout], config: RLConfig) -> bool:
    """False where every advantage of the group is zero."""
    if config.reward.kind == "steps":
        return any(bool(credit.any()) for credit in _step_credit(group))
    rewards = {rollout.reward for rollout in group}
    return rewards != {0.0} if config.baseline == "none" else len(rewards) > 1


def all_silent(rows: Sequence[Mapping[str, Any]], config: RLConfig) -> bool:
    """Whether in no step any group had a signal, by a stage's metrics: by its shares of silent groups, since a KL term or the
    rounding of a device moves the norm of the gradient off zero. Per-step credit is not in these shares; the norm decides."""
    if config.reward.kind == "steps":
        return bool(rows) and all(row.get("rl/grad_norm") == 0 for row in rows)
    silent = ("rl/silent_wrong",) if config.baseline == "none" else ("rl/silent_wrong", "rl/silent_right")
    return bool(rows) and all(math.isclose(sum(row.get(name, 0.0) for name in silent), 1.0) for row in rows)


def _step_credit(group: list[Rollout]) -> list[Tensor]:
    lengths = [len(r.completion.tokens) for r in group]
    rewards, mask = torch.zeros(len(group), max(lengths)), torch.zeros(len(group), max(lengths))
    for g, rollout in enumerate(group):
        assert rollout.token_rewards is not None, "per-step credit needs token rewards"
        rewards[g, : lengths[g]], mask[g, : lengths[g]] = torch.tensor(rollout.token_rewards), 1.0
    advantages = token_advantages(rewards, mask)
    return [advantages[g, :length] for g, length in enumerate(lengths)]
