"""A budget's packed blocks as torch's loader asks for them, each micro-batch packed while the one before is learned from.

Packing is plain Python, so it can only run beside torch where torch lets go of the interpreter for long: in the backward
pass. One thread packs there what comes next. A block is a pure function of its index, so what is packed ahead is what would
have been packed in place, and a run that resumes needs no state of it.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerFast

from interplay.data.packing import Block, blank_block, pack_block
from interplay.train.config import TrainConfig
from interplay.train.tally import Tally


class PackedBlocks(Dataset[Block]):
    """The blocks of a budget by index, filled up to a multiple of `round_to` with blank ones.

    `stride` is how far a process's next micro-batch is from the one it has: the blocks of a micro-batch of all processes.
    """

    def __init__(
        self, config: TrainConfig, tokenizer: PreTrainedTokenizerFast, round_to: int = 1, stride: int = 1
    ) -> None:
        self.config, self.tokenizer, self.stride = config, tokenizer, stride
        self.length = -(-config.blocks // round_to) * round_to
        self._next: list[int] = []
        self._ahead: deque[tuple[list[int], Future[list[Block]]]] = deque()
        self._thread: ThreadPoolExecutor | None = None

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Block:
        config = self.config
        if index >= config.blocks:
            return blank_block(self.tokenizer, config.packing)
        block = pack_block(config.stream, self.tokenizer, config.packing, index)
        rows = min(config.packing.rows, config.rows - index * config.packing.rows)
        return block.first(rows)

    def __getitems__(self, indices: list[int]) -> list[Block]:
        """The blocks of a micro-batch, from what was packed ahead where they are in it."""
        if self._ahead and self._ahead[0][0] == indices:
            blocks = self._ahead.popleft()[1].result()
        else:
            self._ahead.clear()
            blocks = self._pack(indices)
        if not self._ahead:
            self._next = self._after(indices)
        return blocks

    def pack_ahead(self) -> None:
        """Begin to pack the next micro-batch that is not yet packed; call it when torch is about to be busy."""
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
        return [self[index] for index in indices]

    def _after(self, indices: list[int]) -> list[int]:
        return [index + self.stride for index in indices if index + self.stride < self.length]


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
    batch["served"] = reduce(add, map(Tally.of, blocks))
    return batch
