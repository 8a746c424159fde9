"""How likely a model finds given completions of given prompts: teacher-forced negative log-likelihood in nats, without
temperature."""

# B documents of a batch, T positions, D hidden, V vocabulary, N the scored positions of a batch

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from interplay.model.next_token import Precision
from interplay.model.weights import in_family

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MAX_LOGITS = 1 << 25  # numbers held at once in fp32, twice over

Document = tuple[list[int], list[int]]  # token ids of the prompt and of its completion


def nll_sums(
    model: PreTrainedModel, documents: Sequence[Document], *, max_tokens: int = 1 << 13, precision: Precision = "fp32"
) -> list[float]:
    """Nats of every completion given its prompt, in order. Documents of like length share a batch of at most
    `max_tokens` positions. In "bf16" products are, log-probabilities stay fp32."""
    max_tokens = max(1, min(max_tokens, MAX_LOGITS // int(model.config.vocab_size)))
    found: dict[int, float] = {}
    for batch in _batches([len(prompt) + len(completion) for prompt, completion in documents], max_tokens):
        found |= zip(batch, _batch_sums(model, [documents[index] for index in batch], precision), strict=True)
    return [found[index] for index in range(len(documents))]


def _batches(lengths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Indices in order of length, cut where the padded batch would grow beyond the bound."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        if batch and (len(batch) + 1) * lengths[index] > max_tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


@torch.no_grad()
def _batch_sums(model: PreTrainedModel, documents: Sequence[Document], precision: Precision) -> list[float]:
    """Right padding needs no attention mask: the real positions of a causal model never see it."""
    texts = [prompt + completion for prompt, completion in documents]
    input_ids_B_T = torch.zeros((len(texts), max(map(len, texts))), dtype=torch.long)
    scored_B_T = torch.zeros_like(input_ids_B_T, dtype=torch.bool)  # positions whose next token is of the completion
    for row, (prompt, completion) in enumerate(documents):
        input_ids_B_T[row, : len(texts[row])] = torch.tensor(texts[row])
        scored_B_T[row, len(prompt) - 1 : len(prompt) + len(completion) - 1] = True
    rows_N, positions_N = scored_B_T.nonzero(as_tuple=True)
    targets_N = input_ids_B_T[rows_N, positions_N + 1].to(model.device)
    with torch.autocast(model.device.type, torch.bfloat16, enabled=precision == "bf16"):
        logits_N_V = _logits(model, input_ids_B_T.to(model.device), rows_N, positions_N)
    nll_N = functional.cross_entropy(logits_N_V.float(), targets_N, reduction="none").double().cpu()
    return [float(x) for x in torch.zeros(len(texts), dtype=torch.float64).index_add_(0, rows_N, nll_N)]


def _logits(model: PreTrainedModel, input_ids_B_T: Tensor, rows_N: Tensor, positions_N: Tensor) -> Tensor:
    """[N, V] at the asked positions only, where the model is one whose head is a plain product."""
    if not in_family(model):
        logits_B_T_V: Tensor = model(input_ids=input_ids_B_T, use_cache=False).logits
        return logits_B_T_V[rows_N, positions_N]
    hidden_B_T_D = model.model(input_ids=input_ids_B_T, use_cache=False).last_hidden_state
    logits_N_V: Tensor = model.lm_head(hidden_B_T_D[rows_N, positions_N])
    return logits_N_V
