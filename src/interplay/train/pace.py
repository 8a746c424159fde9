"""When a run saves what it resumes from: now and then, and never for more than a share of its time.

How long a save takes depends on the model and the disk: 30 milliseconds for a model of a million parameters, seconds for a
hundred million with their optimizer. So the next save is due when the asked interval is over and the last save is paid.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Counts from now on. `seconds`: the least time between two saves; `share`: of the time, what saves may take of it."""

    def __init__(self, seconds: float, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self.share, self.clock = seconds, share, clock
        self.began = self.ended = clock()

    def due(self) -> bool:
        """Whether to save after this step."""
        took = self.ended - self.began
        return self.clock() - self.ended > max(self.seconds, took / self.share)

    def begin(self) -> None:
        """A save begins."""
        self.began = self.clock()

    def end(self) -> None:
        """It is done."""
        self.ended = self.clock()
