"""Keys and values in flight: each prompt's once, each sample's own behind it.

Rows that started together form a cohort. All of them have the same number of tokens behind their prompt, so writing is
one slice and reading stops at the length in use, with no mask. A prompt's keys are stored once and meet the queries of
all its samples in one matrix product; its scores and those of the private suffix go through one softmax. For that
product the rows stand in a grid of prompts x slots: while every prompt has the same number of samples alive the rows
are that grid, and later two index lists lead from one to the other.
"""

# K kv heads, E head dim, P prompts, L prompt positions, S slots per prompt, R rows, T tokens behind the prompt,
# V vocabulary; "PS" is two axes flattened into one

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Prefix:
    """What a prefill leaves: keys and values per layer, and the logits of the first new token."""

    keys_K_P_L_E: tuple[Tensor, ...]
    values_K_P_L_E: tuple[Tensor, ...]
    lengths_P: Tensor
    logits_P_V: Tensor

    def select(self, prompts: Tensor) -> Prefix:
        longest = int(self.lengths_P[prompts].max())
        return Prefix(
            tuple(keys[:, prompts, :longest] for keys in self.keys_K_P_L_E),
            tuple(values[:, prompts, :longest] for values in self.values_K_P_L_E),
            self.lengths_P[prompts],
            self.logits_P_V[prompts],
        )


def join(parts: list[Prefix]) -> Prefix:
    """Several prefixes as one, padded at the end to the longest prompt."""
    if len(parts) == 1:
        return parts[0]
    longest = max(int(part.lengths_P.max()) for part in parts)

    def padded(tensors: list[Tensor]) -> Tensor:
        return torch.cat([torch.nn.functional.pad(t, (0, 0, 0, longest - t.shape[2])) for t in tensors], dim=1)

    layers = range(len(parts[0].keys_K_P_L_E))
    return Prefix(
        tuple(padded([part.keys_K_P_L_E[i] for part in parts]) for i in layers),
        tuple(padded([part.values_K_P_L_E[i] for part in parts]) for i in layers),
        torch.cat([part.lengths_P for part in parts]),
        torch.cat([part.logits_P_V for part in parts]),
    )


class Suffix:
    """The rows' own keys and values. The memory is reserved at once and touched as the rows grow."""

    def __init__(self, like: Prefix, rows: int, capacity: int) -> None:
        sample = like.keys_K_P_L_E[0]
        shape = (sample.shape[0], rows, capacity, sample.shape[-1])
        self.keys_K_R_T_E = [torch.empty(shape, dtype=sample.dtype, device=sample.device) for _ in like.keys_K_P_L_E]
        self.values_K_R_T_E = [torch.empty(shape, dtype=sample.dtype, device=sample.device) for _ in like.keys_K_P_L_E]

    def keep(self, rows: Tensor, length: int) -> None:
        """Only these rows stay; of each, the first `length` tokens are in use."""
        for tensors in (self.keys_K_R_T_E, self.values_K_R_T_E):
            for i, old in enumerate(tensors):
                new = torch.empty((old.shape[0], len(rows), *old.shape[2:]), dtype=old.dtype, device=old.device)
                new[:, :, :length] = old[:, rows, :length]
                tensors[i] = new


@dataclass(frozen=True)
class Grid:
    """Where the rows stand among prompts x slots; the lists are None while rows and grid are the same thing."""

    prompts: int
    slots: int
    row_of_slot_PS: Tensor | None
    slot_of_row_R: Tensor | None

    @staticmethod
    def of(prompt_R: Tensor) -> Grid:
        """Rows of one prompt stand together and prompts are numbered from 0 without a gap."""
        counts_P = torch.bincount(prompt_R)
        prompts, slots = len(counts_P), int(counts_P.max())
        if prompts * slots == len(prompt_R):
            return Grid(prompts, slots, None, None)
        first_P = counts_P.cumsum(0) - counts_P
        rows_R = torch.arange(len(prompt_R), device=prompt_R.device)
        slot_of_row_R = prompt_R * slots + rows_R - first_P[prompt_R]
        row_of_slot_PS = torch.zeros(prompts * slots, dtype=torch.long, device=prompt_R.device)
        row_of_slot_PS[slot_of_row_R] = rows_R
        return Grid(prompts, slots, row_of_slot_PS, slot_of_row_R)

    def to_slots(self, x_K_R_: Tensor) -> Tensor:
        return x_K_R_ if self.row_of_slot_PS is None else x_K_R_.index_select(1, self.row_of_slot_PS)

    def to_rows(self, x_K_PS_: Tensor) -> Tensor:
        return x_K_PS_ if self.slot_of_row_R is None else x_K_PS_.index_select(1, self.slot_of_row_R)
