"""Floating-point operations of a decoder, counted from its shape: 2 per multiply-add, backward twice the forward.

The count follows the parameters that are multiplied (embeddings look up, the output head multiplies) plus the two
attention products, 4 * layers * heads * head_dim for every (query, visible key) pair.
"""

from __future__ import annotations

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
    """Cost of a Qwen2/Llama-shaped transformers config."""
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    queries = config.num_attention_heads * head_dim
    keys = config.num_key_value_heads * head_dim
    attention = config.hidden_size * (2 * queries + 2 * keys)
    layer = attention + 3 * config.hidden_size * config.intermediate_size
    head = config.hidden_size * config.vocab_size
    return ForwardCost(
        per_token=2 * (config.num_hidden_layers * layer + head), per_pair=4 * config.num_hidden_layers * queries
    )


def causal_pairs(lengths: list[int]) -> int:
    """(query, key) pairs of documents that attend to themselves only."""
    return sum(length * (length + 1) // 2 for length in lengths)
