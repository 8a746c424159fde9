"""Shapes of the models, by name, and their parameter counts without building anything.

Every size is a Qwen2 decoder. `micro` learns in minutes on two CPU cores, `mini` in minutes on a GPU, `small` in about
an hour on one; `paper` is the shape the published checkpoints use and `paper-45m` the second one in its released code.
The vocabulary belongs to the tokenizer, so it is given when a model is built or counted, never here.
"""

from __future__ import annotations

from types import MappingProxyType

from pydantic import PositiveFloat, PositiveInt, model_validator

from interplay.config import Config


class ModelConfig(Config):
    """The shape of a Qwen2 decoder. Every field changes the model, so every field is identity."""

    layers: PositiveInt
    hidden: PositiveInt
    ffn: PositiveInt
    heads: PositiveInt
    kv_heads: PositiveInt
    tied: bool = True
    max_positions: PositiveInt = 2_048
    rope_theta: PositiveFloat = 1e6
    init_std: PositiveFloat = 0.02

    @model_validator(mode="after")
    def _heads_divide(self) -> ModelConfig:
        if self.hidden % (2 * self.heads):
            raise ValueError(
                f"hidden must be a multiple of 2 * heads (rotary pairs), got {self.hidden} and {self.heads}"
            )
        if self.heads % self.kv_heads:
            raise ValueError(f"heads must be a multiple of kv_heads, got {self.heads} and {self.kv_heads}")
        return self

    @property
    def head_dim(self) -> int:
        return self.hidden // self.heads


SIZES: MappingProxyType[str, ModelConfig] = MappingProxyType(
    {
        "micro": ModelConfig(layers=4, hidden=128, ffn=384, heads=4, kv_heads=4),
        "mini": ModelConfig(layers=6, hidden=256, ffn=1_024, heads=4, kv_heads=2),
        "small": ModelConfig(layers=8, hidden=512, ffn=2_048, heads=8, kv_heads=2),
        "paper": ModelConfig(layers=12, hidden=768, ffn=3_072, heads=12, kv_heads=2),
        "paper-45m": ModelConfig(layers=12, hidden=576, ffn=1_536, heads=8, kv_heads=4),
        "200m": ModelConfig(layers=16, hidden=1_024, ffn=3_328, heads=16, kv_heads=2),
        "400m": ModelConfig(layers=24, hidden=1_024, ffn=4_608, heads=16, kv_heads=2),
    }
)


def size(name: str) -> ModelConfig:
    """The shape of that name."""
    if name not in SIZES:
        raise ValueError(f"size must be one of {', '.join(SIZES)}, got {name!r}")
    return SIZES[name]


def parameters_per_layer(config: ModelConfig) -> int:
    """Attention with q/k/v biases, SwiGLU, two norms."""
    kv_width = config.kv_heads * config.head_dim
    attention = 2 * config.hidden**2 + 2 * config.hidden * kv_width + config.hidden + 2 * kv_width
    return attention + 3 * config.hidden * config.ffn + 2 * config.hidden


def parameter_count(config: ModelConfig, vocab_size: int) -> int:
    """All parameters; a tied output head counts once, as the embedding."""
    embeddings = vocab_size * config.hidden * (1 if config.tied else 2)
    return embeddings + config.layers * parameters_per_layer(config) + config.hidden
