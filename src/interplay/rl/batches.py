"""Rollouts cut into micro-batches: padded tensors of at most so many positions. How they are cut never changes an update."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from interplay.rl.rollout import Rollout

ROW_POSITIONS = 192  # of a row of a tree: attention costs its square


class Batch(NamedTuple):
    """B rollouts, padded: prompt and completion in `input_ids`, completion-aligned tensors of T positions.

    `rows_N` and `columns_N` are the places of `mask_B_T`. They and the groups of equal prompts are known before the
    tensors go to a device, so that a GPU is never asked for them.
    """

    input_ids: Tensor
    prompt_lengths: list[int]
    group_of: list[int]
    prompt_lengths_B: Tensor
    rows_N: Tensor
    columns_N: Tensor
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


class Tree(NamedTuple):
    """Rows that hold a prompt once and several of its completions behind it, for a model that is told who sees whom.

    Completions count positions on from their prompt and see it and themselves. `places_N` are the places of the flattened
    rows whose next token was sampled, in the order of a batch's `mask_B_T.nonzero()`.
    """

    ids_R_T: Tensor
    positions_R_T: Tensor
    seen_R_T_T: Tensor
    places_N: Tensor


def by_prompt(rollouts: list[Rollout], positions: int) -> list[list[int]]:
    """Rows by micro-batch, neighbours having one prompt and completions of like length: at most `positions`, each counted
    with the prompt of its neighbours once, or one rollout."""
    prompts = [tuple(r.prompt) for r in rollouts]
    lengths = [len(r.completion.tokens) for r in rollouts]
    batches: list[list[int]] = []
    held = 0
    for row in sorted(range(len(rollouts)), key=lambda row: (len(prompts[row]), prompts[row], lengths[row], row)):
        own = lengths[row] + len(prompts[row])
        if not batches or held + own > positions:
            batches.append([])
            held = 0
        shared = bool(batches[-1]) and prompts[batches[-1][-1]] == prompts[row]
        held += lengths[row] if shared else own
        batches[-1].append(row)
    return batches


def make_tree(rollouts: list[Rollout], pad: int) -> Tree:
    """The rollouts of a micro-batch on rows of at most `ROW_POSITIONS`, or as many as the longest needs."""
    rows: list[list[int]] = []
    room = 0
    for i, r in enumerate(rollouts):
        fed = len(r.completion.tokens) - 1  # what follows the last token is nobody's business
        if rows and rollouts[rows[-1][0]].prompt == r.prompt and fed <= room:
            rows[-1].append(i)
            room -= fed
        else:
            rows.append([i])
            room = ROW_POSITIONS - len(r.prompt) - fed
    used = [len(rollouts[row[0]].prompt) + sum(len(rollouts[i].completion.tokens) - 1 for i in row) for row in rows]
    width = max(used)
    ids, positions = torch.full((len(rows), width), pad), torch.zeros(len(rows), width, dtype=torch.long)
    branch = torch.full((len(rows), width), -1)  # 0: the prompt; 1, 2 ...: a completion; -1: padding
    places: list[Tensor] = [torch.empty(0)] * len(rollouts)
    for number, row in enumerate(rows):
        prompt = torch.tensor(rollouts[row[0]].prompt)
        end = len(prompt)
        ids[number, :end], positions[number, :end], branch[number, :end] = prompt, torch.arange(end), 0
        for name, i in enumerate(row, 1):
            fed_tokens = torch.tensor(rollouts[i].completion.tokens[:-1], dtype=torch.long)
            span = torch.arange(end, end + len(fed_tokens))
            ids[number, span], branch[number, span] = fed_tokens, name
            positions[number, span] = len(prompt) + torch.arange(len(fed_tokens))
            places[i] = number * width + torch.cat([torch.tensor([len(prompt) - 1]), span])
            end += len(fed_tokens)
    earlier = torch.ones(width, width, dtype=torch.bool).tril()
    seen = earlier & ((branch[:, :, None] == branch[:, None, :]) | (branch[:, None, :] == 0))
    return Tree(ids, positions, seen, torch.cat(places))


def make_batch(rollouts: list[Rollout], advantages: list[Tensor], pad: int, device: torch.device) -> Batch:
    """Pad rollouts on the right; `advantages` holds one value per sampled token of each."""
    prompt_lengths = [len(r.prompt) for r in rollouts]
    lengths = [len(r.completion.tokens) for r in rollouts]
    width = max(p + t for p, t in zip(prompt_lengths, lengths, strict=True))
    input_ids = torch.full((len(rollouts), width), pad)
    shape = (len(rollouts), max(lengths))
    tokens, mask = torch.full(shape, pad), torch.zeros(shape)
    old, advantage = torch.zeros(shape), torch.zeros(shape)
    for row, r in enumerate(rollouts):
        sampled = torch.tensor(r.completion.tokens)
        input_ids[row, : prompt_lengths[row] + lengths[row]] = torch.cat([torch.tensor(r.prompt), sampled])
        tokens[row, : lengths[row]], mask[row, : lengths[row]] = sampled, 1.0
        old[row, : lengths[row]] = torch.tensor(r.completion.logprobs)
        advantage[row, : lengths[row]] = advantages[row]
    number_of: dict[tuple[int, ...], int] = {}
    group_of = [number_of.setdefault(tuple(r.prompt), len(number_of)) for r in rollouts]
    rows, columns = mask.nonzero(as_tuple=True)
    tensors = (t.to(device) for t in (torch.tensor(prompt_lengths), rows, columns, tokens, mask, old, advantage))
    return Batch(input_ids.to(device), prompt_lengths, group_of, *tensors)
