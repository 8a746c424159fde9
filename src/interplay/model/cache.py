"""Keys and values in flight: each prompt's once, each sample's own behind it.

Rows that started together form a cohort. All of them have the same number of tokens behind their prompt, so writing is
one slice and reading stops at the length in use, with no mask. A prompt's keys are stored once and meet the queries of
all its samples in one matrix product; its scores and those of the private suffix go through one softmax. For that
product the rows stand in a grid of prompts x slots: while every prompt has the same number of samples alive the rows
are that grid, and later two index lists lead from one to the other.
"""

# K kv heads, E head dim, P prompts, L prompt positions, S slots per prompt, R rows, B tokens of a block,
# V vocabulary; "PS" is two axes flattened into one

from __future__ import annotations

import math
import mmap
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK = 16  # tokens
HUGE_PAGE = 2**21


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
        return torch.cat([F.pad(t, (0, 0, 0, longest - t.shape[2])) for t in tensors], dim=1)

    layers = range(len(parts[0].keys_K_P_L_E))
    return Prefix(
        tuple(padded([part.keys_K_P_L_E[i] for part in parts]) for i in layers),
        tuple(padded([part.values_K_P_L_E[i] for part in parts]) for i in layers),
        torch.cat([part.lengths_P for part in parts]),
        torch.cat([part.logits_P_V for part in parts]),
    )


def fresh(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Zeros. On Linux large ones lie on 2 MB pages where the kernel gives them: faulting 4 kB pages in cost a tenth."""
    nbytes = math.prod(shape) * like.element_size()
    if like.device.type != "cpu" or nbytes < HUGE_PAGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return like.new_zeros(shape)
    memory = mmap.mmap(-1, nbytes + HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)
    start = -torch.frombuffer(memory, dtype=torch.uint8, count=1).data_ptr() % HUGE_PAGE
    return torch.frombuffer(memory, dtype=like.dtype, count=math.prod(shape), offset=start).view(shape)


class Suffix:
    """The rows' own keys and values in blocks of a few tokens. A reader takes blocks whole and masks what is unwritten.

    One large block read up to the length in use would be simpler and, on a CPU, 3 times as slow: the gap behind each
    row ends the stream that the processor fetches ahead. Blocks also need no memory before it is used.
    """

    def __init__(self, like: Prefix, rows: int, limit: int) -> None:
        keys = like.keys_K_P_L_E[0]
        self.limit, self.room, self._start = limit, 0, 0
        self._like, self._shape = keys, (keys.shape[0], rows, keys.shape[-1])
        self.keys: list[list[Tensor]] = [[] for _ in like.keys_K_P_L_E]  # of every layer its blocks, each K_R_B_E
        self.values: list[list[Tensor]] = [[] for _ in like.keys_K_P_L_E]

    def reserve(self, length: int) -> int:
        """Make room for `length` tokens, one more than before, and return the last one's place in the last block."""
        if length > self.room:
            size = min(max(BLOCK, self.room // 4 // BLOCK * BLOCK), self.limit - self.room)
            shape = (*self._shape[:2], size, self._shape[2])
            for keys, values in zip(self.keys, self.values, strict=True):
                keys.append(fresh(shape, self._like))
                values.append(fresh(shape, self._like))  # zeros: a share of 0 times what is not written must be 0
            self.room, self._start = self.room + size, self.room
        return length - 1 - self._start

    def keep(self, rows: Tensor) -> None:
        """Only these rows stay."""
        self._shape = (self._shape[0], len(rows), self._shape[2])
        for blocks in (*self.keys, *self.values):
            blocks[:] = [block.index_select(1, rows) for block in blocks]


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
