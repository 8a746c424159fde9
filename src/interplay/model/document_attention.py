"""Attention inside the documents of packed rows on a GPU: one kernel for sequences of many lengths, and no mask.

transformers reads documents out of position ids and makes a mask of B x 1 x T x T of them, which costs memory and keeps the
fused causal kernels away. Here the documents' ends go with the batch, in the words that transformers has for such kernels
(`cu_seq_lens_q` and its like), and attention is PyTorch's `varlen_attn`, which takes 16-bit numbers on a GPU only.
"""

# B rows of T positions, N = B * T, H query heads, K kv heads, E head dim

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.attention.varlen import varlen_attn
from transformers import AttentionInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from interplay.model.weights import in_family

NAME = "interplay_documents"


def use_document_kernel(model: PreTrainedModel, precision: str, *, on_cpu: bool) -> bool:
    """Let a model attend so where it can; whether it does. It may still be on its way to the GPU."""
    config = model.config
    if not in_family(model) or precision != "bf16" or on_cpu:
        return False
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    if head_dim % 8 or head_dim > 256:  # what the kernel takes
        return False
    AttentionInterface.register(NAME, attend_documents)
    model.set_attn_implementation(NAME)
    return True


def document_kwargs(starts_R: Sequence[Sequence[int]], width: int, device: torch.device) -> dict[str, Any]:
    """What the kernel asks to know of some rows, from the places where each row's documents begin."""
    ends = [row * width + start for row, starts in enumerate(starts_R) for start in starts] + [len(starts_R) * width]
    ends_N = torch.tensor(ends, dtype=torch.int32, device=device)
    return {"cu_seq_lens_q": ends_N, "cu_seq_lens_k": ends_N, "max_length_q": width, "max_length_k": width}


def attend_documents(
    module: nn.Module,
    query_B_H_T_E: Tensor,
    key_B_K_T_E: Tensor,
    value_B_K_T_E: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    cu_seq_lens_q: Tensor | None = None,
    max_length_q: int | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attention as transformers asks for it, [B, T, H, E]; causal through the rows where no documents are named."""
    if cu_seq_lens_q is None or max_length_q is None:
        found = sdpa_attention_forward(
            module, query_B_H_T_E, key_B_K_T_E, value_B_K_T_E, attention_mask, scaling=scaling, **kwargs
        )
        return found[0], None
    rows, heads, width, head_dim = query_B_H_T_E.shape
    # the rotation leaves fp32 under autocast; values are as the products are
    query_N_H_E, key_N_K_E, value_N_K_E = (
        t.to(value_B_K_T_E.dtype).transpose(1, 2).reshape(rows * width, -1, head_dim)
        for t in (query_B_H_T_E, key_B_K_T_E, value_B_K_T_E)
    )
    attended_N_H_E = cast(Tensor, varlen_attn(
        query_N_H_E, key_N_K_E, value_N_K_E, cu_seq_lens_q, cu_seq_lens_q, max_length_q, max_length_q, scale=scaling,
        window_size=(-1, 0), enable_gqa=heads != key_B_K_T_E.shape[1],
    ))  # fmt: skip
    return attended_N_H_E.view(rows, width, heads, head_dim), None
