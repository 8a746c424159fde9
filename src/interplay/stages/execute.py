"""Where a stage runs: an executor starts stages and says which have ended. This one runs them here, one after another.

All executors run a stage by `perform`, so what a store holds never shows who filled it.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NamedTuple, Protocol

from interplay.files import space_for
from interplay.stages.lock import hold

if TYPE_CHECKING:
    from interplay.stages.stage import Stage

LOG = "log.txt"


class Ended(NamedTuple):
    """A stage that is no longer running: whether the work was done by this run, else what went wrong and where."""

    stage: Stage
    worked: bool = True
    error: str = ""
    log: str = ""


class Executor(Protocol):
    """Starts stages while it has room for them."""

    @property
    def beside(self) -> bool:
        """Whether stages run in other processes, which write logs instead of showing their progress."""

    def has_room(self, stage: Stage) -> bool:
        """Whether the stage can begin now."""

    def start(self, stage: Stage) -> None:
        """Begin a stage whose parents are done, and for which there is room."""

    def wait(self, seconds: float) -> list[Ended]:
        """Stages that ended; waits for one, no longer than that."""

    def stop(self) -> None:
        """End whatever runs; what was saved stays."""


def perform(stage: Stage) -> bool:
    """Run a stage unless its result is there; True when the work was done by this call."""
    with hold(stage.folder):
        if stage.cached:
            return False
        with space_for(stage.folder):
            stage.mend()
            stage.run()
        return True


def failure(error: BaseException) -> str:
    """An exception in one line."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class Here:
    """Runs stages in this process, where their progress is seen; an exception passes through."""

    beside = False

    def __init__(self) -> None:
        self._ended: list[Ended] = []

    def has_room(self, stage: Stage) -> bool:
        """For one after another."""
        return not self._ended

    def start(self, stage: Stage) -> None:
        """Runs the stage to its end."""
        self._ended.append(Ended(stage, worked=perform(stage)))

    def wait(self, seconds: float) -> list[Ended]:
        """What ran since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def stop(self) -> None:
        """Nothing runs beside the caller."""
