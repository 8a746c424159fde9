"""Sampler and learner give a token one probability, else the gradient is of another policy than the one that spoke.

Before the first update of a step the two are compared: the largest distance of a token's ratio from 1, and the mean of
|log ratio| over the tokens. In fp32 both are rounding. In bf16 single tokens are off by ten times the mean, and a run has many
tokens, so the mean is what finds wrong probabilities: its bound is four times the largest that was measured (docs/rl.md).
"""

from __future__ import annotations

from torch import Tensor

LARGEST = {"fp32": 0.05, "bf16": 1.0}
MEAN = {"fp32": 0.05, "bf16": 0.05}


def distance(log_ratio_B_T: Tensor) -> tuple[Tensor, Tensor]:
    """The largest |ratio - 1| of two probabilities of the same tokens, and the sum of |log ratio|."""
    return (log_ratio_B_T.exp() - 1).abs().max(), log_ratio_B_T.abs().sum()


def must_agree(largest: float, mean: float, precision: str, model: str) -> None:
    """Raises ValueError where the two are not of one policy."""
    if not (largest <= LARGEST[precision] and mean <= MEAN[precision]):  # NaN is not
        raise ValueError(
            f"a sampled token's probability deviates by a factor of up to {largest:.3g} from 1 between sampler and learner "
            f"before the first update, its logarithm by {mean:.3g} in the mean; {LARGEST[precision]} and {MEAN[precision]} are "
            f"allowed in {precision}: {model} is not computed alike by both"
        )
