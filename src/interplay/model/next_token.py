"""Which token comes next: one number between 0 and 1 per row and step, looked up in the cumulative distribution.

The numbers come from a counter: a row's key is a hash of (seed, prompt key, sample index), and its number at a step is
a mix of key and step. A row thus draws the same numbers whatever runs beside it. The lookup is in vocabulary order and
in float64, so the only way for a neighbour to change a sample is through the last bits of the logits, which differ
between matrix shapes by about 1e-6: about one token in a million falls on the other side of a boundary.
"""

# R rows, V vocabulary, F the largest weights of a row

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from interplay.config import Config
from interplay.world.randomness import derive

if TYPE_CHECKING:
    from torch import Tensor


Precision = Literal["fp32", "bf16"]


class SamplingConfig(Config):
    """How tokens are drawn. Temperature first, then top-k, then top-p; `greedy` ignores the latter two.

    `bos` puts the tokenizer's first token before each prompt, for foreign models trained so; models made here have none.
    `precision` "bf16" computes with weights cast to bf16; "fp32" with the weights as they are.
    """

    temperature: float = Field(default=1.0, ge=1e-3)  # below, logits over it overflow
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    top_k: NonNegativeInt = 0
    greedy: bool = False
    max_new_tokens: PositiveInt
    precision: Precision = "fp32"
    bos: bool = False

    @model_validator(mode="after")
    def _greedy_is_not_truncated(self) -> Self:
        if self.greedy and (self.top_p < 1.0 or self.top_k > 0):
            raise ValueError("greedy takes the most likely token: top_p and top_k do not apply")
        return self


class Choice(NamedTuple):
    """The chosen tokens and their log-probabilities under the whole distribution at the sampling temperature."""

    tokens_R: Tensor
    logprobs_R: Tensor


def row_key(seed: int, key: str | int, sample: int) -> int:
    """64 bits, as the signed integer torch can hold."""
    return derive("sample", seed, key, sample) - 2**63


def uniforms(keys_R: Tensor, steps_R: Tensor) -> Tensor:
    """A float64 in [0, 1) per row: 48 bits of a hash (SplitMix64's finaliser) of key and step."""
    mixed_R = _mix(keys_R ^ _mix((steps_R + 1) * -0x61C8864680B583EB))
    return ((mixed_R >> 16) & 0xFFFFFFFFFFFF).double() * 2.0**-48


def _mix(x: Tensor) -> Tensor:
    x = (x ^ ((x >> 30) & 0x3FFFFFFFF)) * -0x40A7B892E31B1A47
    x = (x ^ ((x >> 27) & 0x1FFFFFFFFF)) * -0x6B2FB644ECCEEE15
    return x ^ ((x >> 31) & 0x1FFFFFFFF)


def choose(logits_R_V: Tensor, uniforms_R: Tensor, config: SamplingConfig) -> Choice:
    """One token per row, from fp32 logits, which are overwritten."""
    import torch

    tokens_R = logits_R_V.argmax(-1) if config.greedy else None
    if config.temperature != 1.0:
        logits_R_V.div_(config.temperature)
    logits_R_V.sub_(logits_R_V.amax(-1, keepdim=True))
    if tokens_R is not None:
        chosen_R = logits_R_V.gather(1, tokens_R[:, None]).squeeze(1)
        return Choice(tokens_R, chosen_R - logits_R_V.exp().sum(-1, dtype=torch.float64).log().float())
    weights_R_V = logits_R_V.exp()
    cdf_R_V = weights_R_V.cumsum(-1, dtype=torch.float64)
    total_R = cdf_R_V[:, -1]
    if config.top_k > 0 or config.top_p < 1.0:
        cdf_R_V = truncated(weights_R_V, config).cumsum(-1, dtype=torch.float64)
    target_R_1 = (uniforms_R * cdf_R_V[:, -1])[:, None]  # below the last entry: uniforms are at most 1 - 2**-48
    tokens_R = (
        torch.searchsorted(cdf_R_V, target_R_1, right=True).squeeze(1).clamp_(max=logits_R_V.shape[1] - 1)
    )  # clamped: nan
    chosen_R = logits_R_V.gather(1, tokens_R[:, None]).squeeze(1)
    return Choice(tokens_R, (chosen_R - total_R.log()).float())


def truncated(weights_R_V: Tensor, config: SamplingConfig) -> Tensor:
    """Zero outside the top-k and, within it, outside the smallest set that holds top_p. Ties at the edge stay in."""
    import torch

    largest_R_F = _descending(weights_R_V)[:, : config.top_k or None]
    edge_R_1 = largest_R_F[:, -1:]
    if config.top_p < 1.0:
        sums_R_F = largest_R_F.cumsum(-1, dtype=torch.float64)
        needed_R_1 = torch.searchsorted(sums_R_F, config.top_p * sums_R_F[:, -1:])
        edge_R_1 = largest_R_F.gather(1, needed_R_1)
    return weights_R_V * (weights_R_V >= edge_R_1)


def _descending(weights_R_V: Tensor) -> Tensor:
    """Each row sorted. On a CPU by numpy, which is 30 times as fast as torch here: it sorts values without places."""
    import torch

    if weights_R_V.device.type != "cpu":
        return weights_R_V.sort(-1, descending=True).values
    return torch.from_numpy(np.sort(weights_R_V.numpy(), axis=-1)).flip(-1)
