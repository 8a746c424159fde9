"""Problems per second with text and gold solution, op 10, one core."""

from __future__ import annotations

from functools import partial
from typing import get_args

from interplay.bench.timing import rates
from interplay.world.context import load
from interplay.world.graph import Mode
from interplay.world.problem import make
from interplay.world.randomness import stream
from interplay.world.sample import Spec

COUNT = 500


def bench(threads: int) -> dict[str, object]:
    """Forward is the value; the parts hold both modes. One core whatever `threads` is."""
    zoo = load("zoo")
    specs = {mode: Spec(op=10, mode=mode, distractors=(0, 4)) for mode in get_args(Mode)}

    def work(name: str) -> float:
        rng = stream("bench", "generate", name)
        for _ in range(COUNT):
            make(specs[name], zoo, "full", rng)
        return COUNT

    found = rates({name: partial(work, name) for name in specs}, budget_s=8)
    return {
        "value": round(found["forward"], 1),
        "unit": "problems/s",
        "parts": {k: round(v, 1) for k, v in found.items()},
    }
