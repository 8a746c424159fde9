"""Log-probabilities of the sampled tokens, with their gradient: every rollout by itself, or each prompt only once.

A group's prompt is the same for all its samples. When it is shared, the prompts are one forward pass; their keys and values
are repeated for each sample and the completions are a second pass that attends to them. The gradient of every sample flows
back into the one prompt.
"""

# B rollouts, G groups of them (rows with equal prompts), P prompt positions, T completion positions, D hidden size

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from interplay.model.lean import Folded, hidden_at
from interplay.model.weights import in_family
from interplay.rl.batches import Batch, Tree


def logprobs_of(
    model: PreTrainedModel, batch: Batch, temperature: float, entropy_graph: bool = False
) -> tuple[Tensor, Tensor]:
    """(log-probabilities, entropies) of the sampled tokens at the sampling temperature, each [B, T].

    Entropies have a gradient with `entropy_graph` only: it doubles what the vocabulary costs.

    Right padding needs no attention mask: a causal model's real positions never see it. Where the head is a plain product
    logits are taken at the sampled positions only; any other model is asked for its logits, which may be scaled or capped.
    """
    rows, places = batch.rows_N, batch.prompt_lengths_B[batch.rows_N] - 1 + batch.columns_N
    if in_family(model):
        hidden = model.model(input_ids=batch.input_ids, use_cache=False).last_hidden_state
        logits_N_V = model.lm_head(hidden[rows, places])
    else:
        logits_N_V = model(input_ids=batch.input_ids, use_cache=False).logits[rows, places]
    return of_sampled_tokens(logits_N_V, batch, temperature, entropy_graph)


def logprobs_of_tree(
    folded: Folded, tree: Tree, batch: Batch, temperature: float, entropy_graph: bool = False
) -> tuple[Tensor, Tensor]:
    """The same by the lean decoder, from rows that hold each prompt once; with gradients of the folded weights."""
    rows = folded.rows(tree.ids_R_T, tree.positions_R_T, tree.seen_R_T_T)
    logits_N_V = F.linear(hidden_at(folded.leaves, folded.shape, rows, tree.places_N), folded.leaves[1])
    return of_sampled_tokens(logits_N_V, batch, temperature, entropy_graph)


def of_sampled_tokens(
    logits_N_V: Tensor, batch: Batch, temperature: float, entropy_graph: bool
) -> tuple[Tensor, Tensor]:
    """The same, from the logits that the N sampled tokens were drawn from, in the order of `mask_B_T.nonzero()`."""
    rows, columns = batch.rows_N, batch.columns_N
    logits_N_V = logits_N_V.float()
    if temperature != 1.0:
        logits_N_V = logits_N_V / temperature
    log_softmax_N_V = logits_N_V.log_softmax(dim=-1)
    tokens_N = batch.tokens_B_T[rows, columns]
    logprobs, entropies = torch.zeros_like(batch.mask_B_T), torch.zeros_like(batch.mask_B_T)
    picked_N = log_softmax_N_V.gather(1, tokens_N[:, None])[:, 0]
    logprobs = logprobs.index_put((rows, columns), picked_N)
    with torch.set_grad_enabled(entropy_graph and torch.is_grad_enabled()):
        entropies = entropies.index_put((rows, columns), -(log_softmax_N_V.exp() * log_softmax_N_V).sum(-1))
    return logprobs, entropies


def logprobs_sharing_prompts(
    model: PreTrainedModel, batch: Batch, temperature: float, entropy_graph: bool = False
) -> tuple[Tensor, Tensor]:
    """What `logprobs_of` returns, of a model in the family; rows with equal prompts share the computation of it."""
    device, lengths_B, group_of = batch.input_ids.device, batch.prompt_lengths_B, batch.group_of
    firsts = torch.tensor([group_of.index(number) for number in range(max(group_of) + 1)], device=device)
    width, steps = max(batch.prompt_lengths), batch.tokens_B_T.shape[1]
    all_full = min(batch.prompt_lengths) == width
    prompts = model.model(input_ids=batch.input_ids[firsts, :width], use_cache=True)
    group_B = torch.tensor(group_of, device=device)
    hidden_B_T_D = prompts.last_hidden_state[group_B, lengths_B - 1][:, None]
    if steps > 1:
        cache = DynamicCache()
        for number, layer in enumerate(prompts.past_key_values.layers):
            cache.update(layer.keys[group_B], layer.values[group_B], number)
        positions_T = torch.arange(steps - 1, device=device)
        seen_B_P = torch.arange(width, device=device)[None] < lengths_B[:, None]
        seen = torch.cat([seen_B_P, torch.ones(len(group_of), steps - 1, dtype=torch.bool, device=device)], dim=1)
        completions = model.model(
            input_ids=batch.tokens_B_T[:, :-1], past_key_values=cache, use_cache=True,
            position_ids=lengths_B[:, None] + positions_T, attention_mask=None if all_full else seen.long(),
        )  # fmt: skip
        hidden_B_T_D = torch.cat([hidden_B_T_D, completions.last_hidden_state], dim=1)
    return of_sampled_tokens(
        model.lm_head(hidden_B_T_D[batch.rows_N, batch.columns_N]), batch, temperature, entropy_graph
    )
