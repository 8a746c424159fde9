"""Learning-rate schedules as pure functions of the step; every stage runs a complete one of its own.

The released mid-training arms were checkpoints taken inside the warm-up of one longer run, so their learning rates
differed by a factor of twenty. Here a budget and its schedule belong together.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from interplay.config import Config


class Schedule(Config):
    """Factor on the peak learning rate. Shares are of the whole run; `floor` is the final factor."""

    kind: Literal["cosine", "wsd", "linear", "constant"] = "cosine"
    warmup: float = Field(default=0.05, ge=0, le=1)
    decay: float = Field(default=0.2, ge=0, le=1, description="share of the run that decays at the end (wsd only)")
    floor: float = Field(default=0.1, ge=0, le=1)

    def factor(self, step: int, steps: int) -> float:
        """Factor for update `step` (0-based) of `steps`. Warm-up reaches 1 on its last update."""
        warmup_steps = round(self.warmup * steps)
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        if self.kind == "constant":
            return 1.0
        start = round((1 - self.decay) * steps) if self.kind == "wsd" else warmup_steps
        start = max(start, warmup_steps)
        if step < start:
            return 1.0
        done = (step - start + 1) / max(1, steps - start)
        if self.kind == "cosine":
            return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * done))
        return 1 - (1 - self.floor) * done
