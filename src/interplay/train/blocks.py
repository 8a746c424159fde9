"""A budget's packed blocks as torch's loader asks for them, each step packed while the one before is learned from.

Packing is plain Python, so it can only run beside torch where torch lets go of the interpreter for long: in the backward
pass. One thread packs there what comes next. A block is a pure function of its index, so what is packed ahead is what would
have been packed in place, and a run that resumes needs no state of it.

Where a step has fewer blocks than there are processes, each block is cut into pieces of whole rows after packing, and every
process gets neighbouring pieces. How a process cuts its rows into micro-batches is the trainer's matter.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from math import gcd
from operator import add
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerFast

from interplay.data.packing import Block, blank_rows, pack_block
from interplay.train.config import TrainConfig
from interplay.train.tally import Tally


class Shares(NamedTuple):
    """How a step's rows are dealt out: each process takes `per_process` pieces, of which a block has `pieces`."""

    pieces: int = 1
    per_process: int = 1
    processes: int = 1

    @classmethod
    def of(cls, config: TrainConfig, processes: int) -> Shares:
        """The coarsest one. Raises ValueError where the processes cannot have equally many rows."""
        blocks, rows = config.blocks_per_step, config.packing.rows
        pieces = processes // gcd(processes, blocks)
        if rows % pieces:
            raise ValueError(
                f"a step of {blocks} blocks of {rows} rows cannot be shared by {processes} processes in equal rows"
            )
        return cls(pieces, blocks * pieces // processes, processes)


class PackedBlocks(Dataset[Block]):
    """The pieces of a budget's blocks by index; with several processes the last round is filled up with blank rows.

    A process's next step is `stride` pieces behind the one it has.
    """

    def __init__(self, config: TrainConfig, tokenizer: PreTrainedTokenizerFast, shares: Shares | None = None) -> None:
        shares = shares or Shares()
        self.config, self.tokenizer, self.shares = config, tokenizer, shares
        self.stride = shares.per_process * shares.processes
        round_to = self.stride if shares.processes > 1 else 1
        self.length = -(-config.blocks * shares.pieces // round_to) * round_to
        self._next: list[int] = []
        self._ahead: deque[tuple[list[int], Future[list[Block]]]] = deque()
        self._thread: ThreadPoolExecutor | None = None

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Block:
        return self._pack([index])[0]

    def __getitems__(self, indices: list[int]) -> list[Block]:
        """The pieces of a step, from what was packed ahead where they are in it."""
        if self._ahead and self._ahead[0][0] == indices:
            blocks = self._ahead.popleft()[1].result()
        else:
            self._ahead.clear()
            blocks = self._pack(indices)
        if not self._ahead:
            self._next = self._after(indices)
        return blocks

    def pack_ahead(self) -> None:
        """Begin to pack the next step that is not yet packed; call it when torch is about to be busy."""
        if not self._next:
            return
        self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="packing")
        self._ahead.append((self._next, self._thread.submit(self._pack, self._next)))
        self._next = self._after(self._next)

    def close(self) -> None:
        """Let the thread end."""
        if self._thread:
            self._thread.shutdown(cancel_futures=True)

    def _pack(self, indices: list[int]) -> list[Block]:
        """Each block once, however many of its pieces are asked for."""
        blocks = {number: self._block(number) for number in dict.fromkeys(i // self.shares.pieces for i in indices)}
        return [self._piece(blocks[index // self.shares.pieces], index % self.shares.pieces) for index in indices]

    def _block(self, number: int) -> Block | None:
        """A block as far as the budget reaches; None behind it."""
        config = self.config
        if number >= config.blocks:
            return None
        block = pack_block(config.stream, self.tokenizer, config.packing, number)
        return block.rows(slice(0, config.rows - number * config.packing.rows))

    def _piece(self, block: Block | None, number: int) -> Block:
        """Some of a block's rows; with several processes blank ones stand for those behind the budget, because all take
        equally many passes through the model."""
        config = self.config.packing
        count = config.rows // self.shares.pieces
        rows = slice(number * count, (number + 1) * count)
        found = [] if block is None or len(block.placed_R) <= rows.start else [block.rows(rows)]
        missing = count - sum(len(part.placed_R) for part in found)
        if missing and (self.shares.processes > 1 or not found):
            found.append(blank_rows(self.tokenizer, config, missing))
        return found[0] if len(found) == 1 else found[0].above(found[1])

    def _after(self, indices: list[int]) -> list[int]:
        return [index + self.stride for index in indices if index + self.stride < self.length]


@dataclass(frozen=True)
class Starts:
    """Where each row's documents begin; found before the rows go to a device, which need not be asked then."""

    places_R: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, position_ids_R_T: NDArray[np.int64]) -> Starts:
        """Positions begin anew with each document."""
        return cls(tuple(tuple(np.flatnonzero(row == 0).tolist()) for row in position_ids_R_T))


def collate(blocks: list[Block]) -> dict[str, Any]:
    """One micro-batch from several blocks.

    transformers reads documents out of position ids only where no cache is made: with one, attention would silently run
    through the row. So that no caller can forget it, the switch travels with the batch.
    """
    names = ("input_ids", "labels", "position_ids")
    batch: dict[str, Any] = {
        name: torch.from_numpy(np.concatenate([getattr(block, f"{name}_R_T") for block in blocks])) for name in names
    }
    batch["use_cache"] = False
    batch["starts"] = Starts.of(batch["position_ids"].numpy())
    batch["served"] = reduce(add, map(Tally.of, blocks))
    return batch
