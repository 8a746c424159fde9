"""Compute and memory of a stage. Nominal and measured FLOPs are both kept, so that budgets can be matched either way."""

from __future__ import annotations

import resource
import sys
from typing import Any

import torch

from interplay.train.flops import forward_cost
from interplay.train.runtime import Runtime
from interplay.train.tally import Tally


def compute(positions: int, tally: Tally, parameters: int, shape: Any) -> dict[str, float]:
    """FLOPs of a stage: `flops` from the shape, the real tokens and the pairs that attend to each other (padding is
    not counted as work), `nominal_flops` as papers count, 6 x parameters x positions."""
    return {
        "flops": float(forward_cost(shape).training(tally.tokens, tally.pairs)),
        "nominal_flops": 6.0 * parameters * positions,
    }


def peak_memory(runtime: Runtime) -> int:
    """Most bytes this process held: allocated on the accelerator, or resident on a CPU (since the process began)."""
    if not runtime.on_cpu:
        return int(torch.cuda.max_memory_allocated())
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return resident if sys.platform == "darwin" else resident * 1024
