"""The policy loss: clipped, token level, one denominator for the whole update.

Shapes: B rollouts, T completion positions (aligned with the sampled tokens, end token included: when to stop is learned
too). GRPO, DAPO and Dr. GRPO are settings of this one function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import NonNegativeFloat, PositiveFloat

from interplay.config import Config

if TYPE_CHECKING:
    from torch import Tensor


class LossConfig(Config):
    """`denominator`: tokens of the update (DAPO), the mean within each sequence first (GRPO), or a constant (Dr. GRPO).

    `counts`: whether the denominator counts the rollouts of groups without signal, too ("all", as TRL does).
    """

    clip_low: PositiveFloat = 0.2
    clip_high: PositiveFloat = 0.2
    kl: NonNegativeFloat = 0.0
    entropy: NonNegativeFloat = 0.0
    ratio: Literal["token", "sequence"] = "token"
    denominator: Literal["tokens", "sequences", "constant"] = "tokens"
    counts: Literal["signal", "all"] = "signal"


class LossParts(NamedTuple):
    """This micro-batch's share of the update's loss, and sums over its tokens for the record."""

    loss: Tensor
    kl_sum: Tensor
    clipped_sum: Tensor
    ratio_deviation_max: Tensor  # of a token, whatever `ratio` is
    log_ratio_sum: Tensor
    entropy_sum: Tensor


def policy_loss(
    logprobs_B_T: Tensor,
    old_logprobs_B_T: Tensor,
    advantages_B_T: Tensor,
    mask_B_T: Tensor,
    config: LossConfig,
    total: float,
    *,
    reference_B_T: Tensor | None = None,
    entropy_B_T: Tensor | None = None,
) -> LossParts:
    """Clipped surrogate plus k3 KL to the reference minus an entropy bonus.

    `total` counts the whole update (its tokens, its sequences, or sequences times the longest length), so the shares of
    its micro-batches add up. Sequence ratios are GSPO's (Zheng et al. 2025); k3 is Schulman's estimator.
    """
    import torch

    from interplay.rl.agreement import distance

    log_ratio_B_T = (logprobs_B_T - old_logprobs_B_T) * mask_B_T
    deviation, log_ratio_sum = distance(log_ratio_B_T.detach())
    if config.ratio == "sequence":
        length_B = mask_B_T.sum(dim=1, keepdim=True).clamp(min=1)
        mean_B = log_ratio_B_T.sum(dim=1, keepdim=True) / length_B
        # the value is the sequence's, the gradient flows through each token's log-probability
        log_ratio_B_T = (mean_B.detach() + logprobs_B_T - logprobs_B_T.detach()) * mask_B_T
    ratio_B_T = log_ratio_B_T.exp()
    clipped_B_T = ratio_B_T.clamp(1 - config.clip_low, 1 + config.clip_high)
    surrogate_B_T = torch.minimum(ratio_B_T * advantages_B_T, clipped_B_T * advantages_B_T)
    loss_B_T = -surrogate_B_T
    kl_sum = torch.zeros((), device=mask_B_T.device)
    if reference_B_T is not None:
        gap_B_T = (reference_B_T - logprobs_B_T) * mask_B_T
        kl_B_T = gap_B_T.exp() - gap_B_T - 1
        kl_sum = (kl_B_T * mask_B_T).sum().detach()
        loss_B_T = loss_B_T + config.kl * kl_B_T
    if entropy_B_T is not None and config.entropy:
        loss_B_T = loss_B_T - config.entropy * entropy_B_T
    per_row_B = (loss_B_T * mask_B_T).sum(dim=1)
    if config.denominator == "sequences":
        per_row_B = per_row_B / mask_B_T.sum(dim=1).clamp(min=1)
    was_clipped_B_T = (ratio_B_T * advantages_B_T > clipped_B_T * advantages_B_T) & mask_B_T.bool()
    entropy_sum = torch.zeros_like(kl_sum) if entropy_B_T is None else (entropy_B_T * mask_B_T).sum().detach()
    return LossParts(per_row_B.sum() / total, kl_sum, was_clipped_B_T.sum(), deviation, log_ratio_sum, entropy_sum)
