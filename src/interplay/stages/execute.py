"""Where a stage runs: an executor starts stages and says which have ended. This one runs them here, one after another.

All executors run a stage by `perform`, so what a store holds never shows who filled it.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from interplay.stages.lock import hold
from interplay.stages.stage import Stage

LOG = "log.txt"


class Ended(NamedTuple):
    """A stage that is no longer running: whether the work was done by this run, else what went wrong and where."""

    stage: Stage
    worked: bool = True
    error: str = ""
    log: str = ""


class Executor(Protocol):
    """Starts stages, at most `places` at a time."""

    @property
    def places(self) -> int:
        """How many stages may run at once."""

    @property
    def beside(self) -> bool:
        """Whether stages run in other processes, which write logs instead of showing their progress."""

    def start(self, stage: Stage) -> None:
        """Begin a stage whose parents are done."""

    def wait(self, seconds: float) -> list[Ended]:
        """Stages that ended; waits for one, no longer than that."""

    def stop(self) -> None:
        """End whatever runs; what was saved stays."""


def perform(stage: Stage) -> bool:
    """Run a stage unless its result is there; True when the work was done by this call."""
    with hold(stage.folder):
        if stage.cached:
            return False
        stage.mend()
        stage.run()
        return True


def failure(error: BaseException) -> str:
    """An exception in one line."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


class Here:
    """Runs stages in this process, where their progress is seen; an exception passes through."""

    places = 1
    beside = False

    def __init__(self) -> None:
        self._ended: list[Ended] = []

    def start(self, stage: Stage) -> None:
        """Runs the stage to its end."""
        self._ended.append(Ended(stage, worked=perform(stage)))

    def wait(self, seconds: float) -> list[Ended]:
        """What ran since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def stop(self) -> None:
        """Nothing runs beside the caller."""
