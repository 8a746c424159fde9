"""What a supervised stage is: every field can change its result, so every field is part of its address."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import PositiveInt, model_validator

from interplay.config import Config
from interplay.data.packing import PackingConfig
from interplay.data.stream import Stream
from interplay.train.curves import Validation
from interplay.train.optimizer import OptimizerConfig
from interplay.train.schedule import Schedule


class TrainSettings(Config):
    """How supervised training is done, whatever the data."""

    batch_tokens: PositiveInt = 1 << 19
    packing: PackingConfig = PackingConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: Schedule = Schedule()
    precision: Literal["fp32", "bf16"] = "fp32"

    @model_validator(mode="after")
    def _whole_blocks(self) -> Self:
        _ = self.blocks_per_step
        return self

    @property
    def block_tokens(self) -> int:
        """Positions of one packed block."""
        return self.packing.rows * self.packing.width

    @property
    def blocks_per_step(self) -> int:
        """Blocks of one optimiser step. Raises ValueError when the batch is not a whole number of blocks."""
        count, rest = divmod(self.batch_tokens, self.block_tokens)
        if rest or not count:
            raise ValueError(
                f"batch_tokens must be a multiple of a block's {self.packing.rows} x {self.packing.width} = "
                f"{self.block_tokens} tokens, got {self.batch_tokens}"
            )
        return count


class TrainConfig(TrainSettings):
    """What is trained on what, and how. Every field can change the result."""

    stream: Stream
    budget_tokens: PositiveInt
    grid_tokens: tuple[PositiveInt, ...] = ()
    validation: Validation | None = None

    @model_validator(mode="after")
    def _one_step(self) -> Self:
        _ = self.steps
        return self

    @property
    def rows(self) -> int:
        """Rows of the whole budget; the last one is cut down to nothing, never exceeded."""
        return self.budget_tokens // self.packing.width

    @property
    def tokens(self) -> int:
        """Positions of the whole budget."""
        return self.rows * self.packing.width

    @property
    def blocks(self) -> int:
        """Blocks of the whole budget, the last one possibly cut."""
        return -(-self.rows // self.packing.rows)

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole budget. Raises ValueError for a budget below one row."""
        if not self.rows:
            raise ValueError(f"budget_tokens {self.budget_tokens} is less than one row of {self.packing.width}")
        return -(-self.blocks // self.blocks_per_step)

    def tokens_after(self, step: int) -> int:
        """Positions trained on after `step` steps."""
        return min(step * self.batch_tokens, self.tokens)
