"""Where a sampler's time goes: seconds per phase, or nothing at all when nobody asked."""

from __future__ import annotations

import time


class Clock:
    """Each lap adds the time since the previous one to a phase. On a GPU it measures launches, not kernels."""

    def __init__(self, running: bool = True) -> None:
        self.seconds: dict[str, float] = {}
        self.running = running
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        if self.running:
            now = time.perf_counter()
            self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._last
            self._last = now

    def add(self, other: Clock) -> None:
        for phase, seconds in other.seconds.items():
            self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds

    def shares(self) -> dict[str, float]:
        """Each phase's part of the whole."""
        total = sum(self.seconds.values()) or 1.0
        return {phase: round(seconds / total, 3) for phase, seconds in self.seconds.items()}
