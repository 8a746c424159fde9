"""Timing that a noisy machine bends least: whole rounds in turn, the median of what each reached."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

Work = Callable[[], float]


def rates(works: dict[str, Work], budget_s: float, min_rounds: int = 3) -> dict[str, float]:
    """Median units per second of each work (which returns how many units it did), run in turn for `budget_s`."""
    measured: dict[str, list[float]] = {name: [] for name in works}
    started = time.perf_counter()
    rounds = 0
    while rounds < min_rounds or time.perf_counter() - started < budget_s:
        for name, work in works.items():
            before = time.perf_counter()
            units = work()
            measured[name].append(units / (time.perf_counter() - before))
        rounds += 1
    return {name: statistics.median(values) for name, values in measured.items()}
