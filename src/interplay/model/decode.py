"""The two forward passes of the sampler: over whole prompts, and over one token of every row in flight.

All rows share the linear layers, whatever cohort they belong to; attention runs cohort by cohort. On the CPU the number
of rows is rounded up, because oneDNN compiles a kernel for every new shape (about 2 ms each).
"""

# N rows in flight, R rows of one cohort, P prompts, L prompt positions, D hidden, H query heads, K kv heads, E head dim,
# C = E / 2 rotary pairs, V vocabulary

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from interplay.model.attention import Spot, attend, turn
from interplay.model.cache import Prefix
from interplay.model.cohort import Cohort
from interplay.model.phase_times import Clock
from interplay.model.weights import Layer, Weights


def rounded(rows: int) -> int:
    """The number of rows to compute when `rows` are needed."""
    step = 32 if rows <= 256 else 64 if rows <= 1_024 else 256
    return -(-rows // step) * step


def prefill(weights: Weights, prompts: Sequence[Sequence[int]]) -> Prefix:
    """Keys, values and next-token logits of the prompts, which are padded at the end: no prompt sees its padding."""
    count, longest = len(prompts), max(map(len, prompts))
    tokens_P_L = torch.zeros(count, longest, dtype=torch.long)
    for i, prompt in enumerate(prompts):
        tokens_P_L[i, : len(prompt)] = torch.tensor(prompt)
    lengths_P = torch.tensor([len(prompt) for prompt in prompts], device=weights.device)
    num_rows = count * longest
    x_N_D = _embed(weights, tokens_P_L.view(-1).to(weights.device))
    turn_N_C = weights.turn_M_C[:longest].repeat(count, 1)
    keys, values = [], []
    for layer in weights.layers:
        qkv_N_ = layer.qkv(F.rms_norm(x_N_D, (x_N_D.shape[1],), layer.input_norm_D, weights.eps))
        q_H_N_E, k_K_N_E, v_K_N_E = split(weights, qkv_N_[:num_rows], turn_N_C)
        q_P_H_L_E, k_P_K_L_E, v_P_K_L_E = (
            t.reshape(len(t), count, longest, -1).transpose(0, 1) for t in (q_H_N_E, k_K_N_E, v_K_N_E)
        )
        attended_P_H_L_E = causal_attention(q_P_H_L_E, k_P_K_L_E, v_P_K_L_E)
        attended_N_ = x_N_D.new_zeros(len(x_N_D), weights.heads * weights.head_dim)
        attended_N_[:num_rows] = attended_P_H_L_E.transpose(1, 2).reshape(num_rows, -1)
        x_N_D = feed_forward(weights, layer, layer.out(attended_N_).add_(x_N_D))
        keys.append(k_P_K_L_E.transpose(0, 1).contiguous())
        values.append(v_P_K_L_E.transpose(0, 1).contiguous())
    last_P = torch.arange(count, device=weights.device) * longest + lengths_P - 1
    return Prefix(tuple(keys), tuple(values), lengths_P, logits_of(weights, x_N_D[last_P]))


def causal_attention(q_P_H_L_E: Tensor, k_P_K_L_E: Tensor, v_P_K_L_E: Tensor) -> Tensor:
    """Grouped heads on a GPU in fp32 are written out: the kernels that know of groups are for 16 bits, and without one
    the scores would be stored."""
    groups = q_P_H_L_E.shape[1] // k_P_K_L_E.shape[1]
    if groups > 1 and q_P_H_L_E.device.type == "cuda" and q_P_H_L_E.dtype == torch.float32:
        k_P_K_L_E, v_P_K_L_E = (t.repeat_interleave(groups, dim=1) for t in (k_P_K_L_E, v_P_K_L_E))
        groups = 1
    return F.scaled_dot_product_attention(q_P_H_L_E, k_P_K_L_E, v_P_K_L_E, is_causal=True, enable_gqa=groups > 1)


def decode(weights: Weights, cohorts: Sequence[Cohort], clock: Clock) -> Tensor:
    """Feed every row's last token and return the logits of its next one, cohort after cohort."""
    tokens_N = torch.cat([cohort.last_R for cohort in cohorts]) if len(cohorts) > 1 else cohorts[0].last_R
    spots = [spot(weights, cohort, cohort.suffix.reserve(cohort.length + 1), cohort.length) for cohort in cohorts]
    logits_N_V = forward(weights, cohorts, tokens_N, spots, clock)
    for cohort in cohorts:
        cohort.length += 1
    return logits_N_V


def spot(weights: Weights, cohort: Cohort, place: int, length: int) -> Spot:
    """Behind `length` tokens, at that place of the last block."""
    turn_R_C = weights.turn_M_C[cohort.positions_R + length]
    return Spot(place, turn_R_C, turn_R_C * weights.head_dim**-0.5)


def forward(
    weights: Weights, cohorts: Sequence[Cohort], tokens_N: Tensor, spots: Sequence[Spot], clock: Clock
) -> Tensor:
    """The step itself."""
    x_N_D = _embed(weights, tokens_N)
    attended_N_ = x_N_D.new_zeros(len(x_N_D), weights.heads * weights.head_dim)
    for i, layer in enumerate(weights.layers):
        normed_N_D = F.rms_norm(x_N_D, (x_N_D.shape[1],), layer.input_norm_D, weights.eps)
        clock.lap("elementwise")
        qkv_N_ = layer.qkv(normed_N_D)
        clock.lap("linear")
        start = 0
        for cohort, at in zip(cohorts, spots, strict=True):
            rows = slice(start, start := start + len(cohort))
            attended_K_R_GE = attend(cohort, i, at, qkv_N_[rows])
            attended_N_[rows].view(len(cohort), weights.kv_heads, -1).copy_(attended_K_R_GE.transpose(0, 1))
        clock.lap("attention")
        attended_N_D = layer.out(attended_N_)
        clock.lap("linear")
        x_N_D = feed_forward(weights, layer, attended_N_D.add_(x_N_D), clock)
    logits_N_V = logits_of(weights, x_N_D)[: len(tokens_N)]
    clock.lap("head")
    return logits_N_V


def _embed(weights: Weights, tokens_N: Tensor) -> Tensor:
    missing = rounded(len(tokens_N)) - len(tokens_N) if weights.device.type == "cpu" else 0
    return F.embedding(F.pad(tokens_N, (0, missing)) if missing else tokens_N, weights.embed_V_D)


def feed_forward(weights: Weights, layer: Layer, x_N_D: Tensor, clock: Clock | None = None) -> Tensor:
    """The second half of a layer, the residual added."""
    clock = clock or Clock(running=False)
    normed_N_D = F.rms_norm(x_N_D, (x_N_D.shape[1],), layer.ffn_norm_D, weights.eps)
    clock.lap("elementwise")
    gate_up_N_ = layer.gate_up(normed_N_D)
    clock.lap("linear")
    gate_N_, up_N_ = gate_up_N_.chunk(2, dim=-1)
    hidden_N_ = F.silu(gate_N_).mul_(up_N_)
    clock.lap("elementwise")
    down_N_D = layer.down(hidden_N_)
    clock.lap("linear")
    return down_N_D.add_(x_N_D)


def logits_of(weights: Weights, x_N_D: Tensor) -> Tensor:
    """In fp32, behind the last norm."""
    return weights.head(F.rms_norm(x_N_D, (x_N_D.shape[1],), weights.norm_D, weights.eps)).float()


def split(weights: Weights, qkv_N_: Tensor, turn_N_C: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries and keys turned by their positions, and values, heads first."""
    heads, kv_heads = weights.heads, weights.kv_heads
    qkv_H_N_E = qkv_N_.view(len(qkv_N_), heads + 2 * kv_heads, weights.head_dim).transpose(0, 1)
    turned_H_N_E = qkv_N_.new_empty(heads + kv_heads, len(qkv_N_), weights.head_dim)
    turn(qkv_H_N_E[: heads + kv_heads], turn_N_C, turned_H_N_E)
    return turned_H_N_E[:heads], turned_H_N_E[heads:], qkv_H_N_E[heads + kv_heads :]
