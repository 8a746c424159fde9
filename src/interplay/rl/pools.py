"""Where RL's problems come from. A pool is a pure function of the step; an adaptive one also of its saved state."""

from __future__ import annotations

from interplay.config import Config
from interplay.data.stream import Stream
from interplay.world.problem import Problem


class UniformPool(Config):
    """Problems drawn from the stream's mixture, never repeated: the comparison arm of every other pool."""

    stream: Stream

    def problems(self, step: int, count: int) -> list[Problem]:
        """The problems of one step."""
        return [self.stream[step * count + i] for i in range(count)]
