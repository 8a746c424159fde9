"""Rollouts cut into micro-batches: padded tensors of at most so many positions. How they are cut never changes an update."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from interplay.rl.rollout import Rollout


class Batch(NamedTuple):
    """B rollouts, padded: prompt and completion in `input_ids`, completion-aligned tensors of T positions."""

    input_ids: Tensor
    attention: Tensor
    prompt_lengths: list[int]
    tokens_B_T: Tensor
    mask_B_T: Tensor
    old_logprobs_B_T: Tensor
    advantages_B_T: Tensor


def groups_of(rollouts: list[Rollout]) -> list[list[int]]:
    """Rows by group: neighbours with equal prompts."""
    return [list(rows) for _, rows in groupby(range(len(rollouts)), lambda i: rollouts[i].prompt)]


def by_length(rollouts: list[Rollout], micro_tokens: int) -> list[list[int]]:
    """Rows of similar length together: at most `micro_tokens` positions, or one rollout."""
    lengths = [len(r.prompt) + len(r.completion.tokens) for r in rollouts]
    order = sorted(range(len(lengths)), key=lambda i: (lengths[i], i))
    batches, start = [], 0
    while start < len(order):
        end = start + 1
        while end < len(order) and lengths[order[end]] * (end + 1 - start) <= micro_tokens:
            end += 1
        batches.append(order[start:end])
        start = end
    return batches


def by_completion(rollouts: list[Rollout], micro_tokens: int) -> list[list[int]]:
    """Rows with completions of similar length together, whatever their prompts: at most `micro_tokens` positions, or one.

    For passes that read each prompt of a batch once. Whole groups would read it once in all, but a group has short and long
    completions, and padding the one to the other costs more than the prompts do.
    """
    lengths = [len(r.completion.tokens) for r in rollouts]
    batches: list[list[int]] = []
    prompt = 0
    for row in sorted(range(len(rollouts)), key=lambda row: (lengths[row], row)):
        prompt = max(prompt, len(rollouts[row].prompt))
        if not batches or (len(batches[-1]) + 1) * (prompt + lengths[row]) > micro_tokens:
            batches.append([])
            prompt = len(rollouts[row].prompt)
        batches[-1].append(row)
    return batches


def make_batch(rollouts: list[Rollout], advantages: list[Tensor], pad: int, device: torch.device) -> Batch:
    """Pad rollouts on the right; `advantages` holds one value per sampled token of each."""
    prompt_lengths = [len(r.prompt) for r in rollouts]
    lengths = [len(r.completion.tokens) for r in rollouts]
    width = max(p + t for p, t in zip(prompt_lengths, lengths, strict=True))
    input_ids = torch.full((len(rollouts), width), pad)
    attention = torch.zeros_like(input_ids)
    shape = (len(rollouts), max(lengths))
    tokens, mask = torch.full(shape, pad), torch.zeros(shape)
    old, advantage = torch.zeros(shape), torch.zeros(shape)
    for row, r in enumerate(rollouts):
        sampled = torch.tensor(r.completion.tokens)
        input_ids[row, : prompt_lengths[row] + lengths[row]] = torch.cat([torch.tensor(r.prompt), sampled])
        attention[row, : prompt_lengths[row] + lengths[row]] = 1
        tokens[row, : lengths[row]], mask[row, : lengths[row]] = sampled, 1.0
        old[row, : lengths[row]] = torch.tensor(r.completion.logprobs)
        advantage[row, : lengths[row]] = advantages[row]
    tensors = (t.to(device) for t in (tokens, mask, old, advantage))
    return Batch(input_ids.to(device), attention.to(device), prompt_lengths, *tensors)
