"""Floating-point operations of a decoder, counted from its shape: 2 per multiply-add, backward twice the forward.

The count follows the parameters that are multiplied (embeddings look up, the output head multiplies) plus the two
attention products, 4 * layers * heads * head_dim for every (query, visible key) pair.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple


class ForwardCost(NamedTuple):
    """FLOPs of a forward pass: `per_token`, and `per_pair` for each (query, key) pair attention looks at."""

    per_token: int
    per_pair: int

    def forward(self, tokens: float, pairs: float) -> float:
        """FLOPs of one forward pass over `tokens` positions with `pairs` attended pairs."""
        return self.per_token * tokens + self.per_pair * pairs

    def training(self, tokens: float, pairs: float) -> float:
        """FLOPs of forward and backward."""
        return 3 * self.forward(tokens, pairs)


def forward_cost(config: Any) -> ForwardCost:
    """Cost of a decoder of transformers, from its config alone."""
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    queries = config.num_attention_heads * head_dim
    multiplied = _multiplied(config.model_type, config.to_json_string(use_diff=False))
    return ForwardCost(per_token=2 * multiplied, per_pair=4 * config.num_hidden_layers * queries)


@cache
def _multiplied(model_type: str, fields: str) -> int:
    """Parameters that a position is multiplied with: the matrices of a model without memory, its lookup tables left out."""
    import torch
    from torch import nn
    from transformers import AutoConfig, AutoModelForCausalLM

    known = {k: v for k, v in json.loads(fields).items() if k != "model_type"}
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **known))
    return sum(
        module.weight.numel()
        for module in model.modules()
        if not isinstance(module, nn.Embedding) and getattr(getattr(module, "weight", None), "ndim", 0) == 2
    )


def causal_pairs(lengths: list[int]) -> int:
    """(query, key) pairs of documents that attend to themselves only."""
    return sum(length * (length + 1) // 2 for length in lengths)
