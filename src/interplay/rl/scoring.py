"""From groups of rollouts to advantages, one per sampled token; groups without signal are left out or counted by choice."""

from __future__ import annotations

from typing import NamedTuple

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
    """Advantages of every rollout; groups that agree with themselves are left out, as their gradient is zero.

    With a KL or entropy term they are kept, since those act on every token. With `loss.counts` "all" they still count in
    the denominator, which is TRL's definition.
    """
    rewards_P_G = torch.tensor([[r.reward for r in group] for group in groups])
    advantages_P_G = group_advantages(rewards_P_G, config.scale)
    keep_all = bool(config.loss.kl or config.loss.entropy)
    silent = agreeing_groups(rewards_P_G)
    rollouts: list[Rollout] = []
    advantages: list[Tensor] = []
    left_out: list[Rollout] = []
    for p, group in enumerate(groups):
        credits = _step_credit(group) if config.reward.kind == "steps" else None
        if not keep_all and (bool(silent[p]) if credits is None else not any(bool(c.any()) for c in credits)):
            left_out += group
            continue
        for g, rollout in enumerate(group):
            length = len(rollout.completion.tokens)
            advantage = credits[g] if credits else advantages_P_G[p, g].expand(length)
            if config.mask_truncated and not rollout.completion.finished:
                advantage = torch.zeros(length)
            rollouts.append(rollout)
            advantages.append(advantage)
    if config.loss.counts == "signal":
        return Scored(rollouts, advantages)
    return Scored(rollouts, advantages, len(left_out), sum(len(r.completion.tokens) for r in left_out))


def has_signal(group: list[Rollout], config: RLConfig) -> bool:
    """False where every advantage of the group is zero."""
    if config.reward.kind == "steps":
        return any(bool(credit.any()) for credit in _step_credit(group))
    return len({rollout.reward for rollout in group}) > 1


def _step_credit(group: list[Rollout]) -> list[Tensor]:
    lengths = [len(r.completion.tokens) for r in group]
    rewards, mask = torch.zeros(len(group), max(lengths)), torch.zeros(len(group), max(lengths))
    for g, rollout in enumerate(group):
        assert rollout.token_rewards is not None, "per-step credit needs token rewards"
        rewards[g, : lengths[g]], mask[g, : lengths[g]] = torch.tensor(rollout.token_rewards), 1.0
    advantages = token_advantages(rewards, mask)
    return [advantages[g, :length] for g, length in enumerate(lengths)]
