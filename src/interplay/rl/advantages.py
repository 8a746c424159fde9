"""From rewards to advantages: how much better a rollout did than its group.

Shapes: P problems, G samples of one problem, T tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Scale = Literal["none", "group", "batch"]
EPSILON = 1e-4


def group_advantages(rewards_P_G: Tensor, scale: Scale = "group") -> Tensor:
    """Reward minus its group's mean, divided by a standard deviation (Bessel-corrected) or not.

    group: Shao et al. 2024 (GRPO); none: Liu et al. 2025 (Dr. GRPO); batch: one deviation over all rollouts.
    A group that agrees with itself teaches nothing and gets zeros.
    """
    centred_P_G = rewards_P_G - rewards_P_G.mean(dim=1, keepdim=True)
    if scale == "none" or rewards_P_G.shape[1] < 2:
        return centred_P_G
    if scale == "batch":
        return centred_P_G / (rewards_P_G.std() + EPSILON)
    return centred_P_G / (rewards_P_G.std(dim=1, keepdim=True) + EPSILON)


def agreeing_groups(rewards_P_G: Tensor) -> Tensor:
    """True for each group whose rewards are all equal, shape [P]: such a group has no gradient."""
    return (rewards_P_G == rewards_P_G[:, :1]).all(dim=1)


def token_advantages(rewards_G_T: Tensor, mask_G_T: Tensor) -> Tensor:
    """Per-token rewards of one group, minus the group's mean token reward, zero where masked."""
    mean = (rewards_G_T * mask_G_T).sum() / mask_G_T.sum().clamp(min=1)
    return (rewards_G_T - mean) * mask_G_T
