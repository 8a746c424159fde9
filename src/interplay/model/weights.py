"""The weights of a Qwen2 or Llama model, laid out for decoding, and the test of which models qualify.

The sampler does not call the modules of transformers. It reads their parameters once per call (they change between RL
steps) into this plain record: q, k and v as one matrix, gate and up as one, and on a CPU in fp32 every matrix in
oneDNN's packed format, which there is 2.2 times as fast as the default product. The rotary pairs of q and k are
interleaved on the way, so that a rotation is one complex product.
"""

# D hidden, H query heads, K key/value heads, E head dim, F feed-forward, V vocabulary, M positions, C = E / 2 pairs

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FAMILY = ("Qwen2ForCausalLM", "LlamaForCausalLM")
STATIC_ROPE = ("default", "linear", "llama3", "yarn")


class Linear:
    """x @ weight.T + bias, packed where that is faster."""

    def __init__(self, weight: Tensor, bias: Tensor | None, packed: bool = True) -> None:
        self.weight, self.bias = weight, bias
        self._packed: Callable[..., Tensor] | None = None
        if packed and weight.device.type == "cpu" and weight.dtype == torch.float32 and packing_available():
            self.weight = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), 512)
            self._packed = torch.ops.mkldnn._linear_pointwise.default

    def __call__(self, x: Tensor) -> Tensor:
        if self._packed is not None:
            return self._packed(x, self.weight, self.bias, "none", [], "")
        return F.linear(x, self.weight, self.bias)


@dataclass(frozen=True)
class Layer:
    """One decoder layer."""

    input_norm_D: Tensor
    qkv: Linear
    out: Linear
    ffn_norm_D: Tensor
    gate_up: Linear
    down: Linear


@dataclass(frozen=True)
class Weights:
    """A whole model. `turn_M_C` is the rotation of each position as complex numbers."""

    embed_V_D: Tensor
    layers: tuple[Layer, ...]
    norm_D: Tensor
    head: Linear
    turn_M_C: Tensor
    eps: float
    heads: int
    kv_heads: int
    head_dim: int

    @property
    def dtype(self) -> torch.dtype:
        return self.embed_V_D.dtype

    @property
    def device(self) -> torch.device:
        return self.embed_V_D.device


def packing_available() -> bool:
    """Whether this build of torch has oneDNN's packed linear layers."""
    ops = torch.ops.mkldnn
    return bool(torch.backends.mkldnn.is_available()) and all(
        hasattr(ops, name) for name in ("_reorder_linear_weight", "_linear_pointwise")
    )


def in_family(model: PreTrainedModel) -> bool:
    """Whether the fast path knows this model: plain Qwen2 or Llama, full attention, a rotation fixed per position."""
    if type(model).__name__ not in FAMILY or model.config.hidden_act != "silu":
        return False
    config = model.config
    rope = getattr(config, "rope_parameters", None) or {}
    plain = all(type(module) is nn.Linear for module in _linears(model))
    full = all(kind == "full_attention" for kind in getattr(config, "layer_types", None) or [])
    return plain and full and rope.get("rope_type", "default") in STATIC_ROPE


def tensors_of(weights: Weights) -> list[Tensor]:
    """Every tensor, in a fixed order."""
    linears = [(layer.qkv, layer.out, layer.gate_up, layer.down) for layer in weights.layers]
    found = [weights.embed_V_D, weights.norm_D, weights.turn_M_C]
    found += [norm for layer in weights.layers for norm in (layer.input_norm_D, layer.ffn_norm_D)]
    parts = [(linear.weight, linear.bias) for linear in (*(each for four in linears for each in four), weights.head)]
    return found + [tensor for pair in parts for tensor in pair if tensor is not None]


def read_weights(model: PreTrainedModel, dtype: torch.dtype | None = None, packed: bool = True) -> Weights:
    """The weights as they are now, in `dtype`, packed where that is faster. Some are shared with the model, not copied."""
    config, body = model.config, model.model
    dtype = dtype or body.embed_tokens.weight.dtype
    heads, kv_heads = int(config.num_attention_heads), int(config.num_key_value_heads)
    head_dim = int(getattr(config, "head_dim", None) or config.hidden_size // heads)
    return Weights(
        embed_V_D=body.embed_tokens.weight.detach().to(dtype),
        layers=tuple(_read_layer(layer, head_dim, dtype, packed) for layer in body.layers),
        norm_D=body.norm.weight.detach().to(dtype),
        head=_join([model.lm_head], dtype, packed),
        turn_M_C=_turns(body, int(config.max_position_embeddings)),
        eps=float(config.rms_norm_eps),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
    )


def _linears(model: PreTrainedModel) -> list[nn.Module]:
    found = [model.lm_head]
    for layer in model.model.layers:
        attention, ffn = layer.self_attn, layer.mlp
        found += [attention.q_proj, attention.k_proj, attention.v_proj, attention.o_proj]
        found += [ffn.gate_proj, ffn.up_proj, ffn.down_proj]
    return found


def _read_layer(layer: Any, head_dim: int, dtype: torch.dtype, packed: bool) -> Layer:
    attention, ffn = layer.self_attn, layer.mlp
    return Layer(
        input_norm_D=layer.input_layernorm.weight.detach().to(dtype),
        qkv=_join(
            [attention.q_proj, attention.k_proj, attention.v_proj],
            dtype,
            packed,
            interleave=(True, True, False),
            head_dim=head_dim,
        ),
        out=_join([attention.o_proj], dtype, packed),
        ffn_norm_D=layer.post_attention_layernorm.weight.detach().to(dtype),
        gate_up=_join([ffn.gate_proj, ffn.up_proj], dtype, packed),
        down=_join([ffn.down_proj], dtype, packed),
    )


def _join(
    parts: list[Any], dtype: torch.dtype, packed: bool, interleave: tuple[bool, ...] = (), head_dim: int = 2
) -> Linear:
    """Several linear layers of one input as one; those marked get the two halves of each head interleaved."""
    weights, biases = [], []
    for part, turned in zip(parts, interleave or (False,) * len(parts), strict=True):
        weight = part.weight.detach()
        bias = weight.new_zeros(weight.shape[0]) if part.bias is None else part.bias.detach()
        if turned:
            weight, bias = (
                t.unflatten(0, (-1, 2, head_dim // 2)).transpose(1, 2).flatten(0, 2) for t in (weight, bias)
            )
        weights.append(weight)
        biases.append(bias)
    biased = any(part.bias is not None for part in parts)
    joined = weights[0] if len(weights) == 1 else torch.cat(weights)
    return Linear(joined.to(dtype), torch.cat(biases).to(dtype) if biased else None, packed)


def _turns(body: Any, num_positions: int) -> Tensor:
    device = body.embed_tokens.weight.device
    positions_1_M = torch.arange(num_positions, device=device)[None]
    cos, sin = body.rotary_emb(torch.zeros(1, device=device), positions_1_M)
    half = cos.shape[-1] // 2
    return torch.complex(cos[0, :, :half].contiguous(), sin[0, :, :half].contiguous())
