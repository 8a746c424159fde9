"""Where a stage runs: an executor starts stages and says which have ended. This one runs them here, one after another.

All executors run a stage by `perform`, so what a store holds never shows who filled it.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, NamedTuple, Protocol

from interplay.files import space_for
from interplay.stages.lock import hold
from interplay.stages.room import Room

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
    def room(self) -> Room:
        """Places and devices; what runs has taken its share."""

    @property
    def beside(self) -> bool:
        """Whether stages run in other processes, which write logs instead of showing their progress."""

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


def logged(stage: Stage) -> tuple[bool, str]:
    """Run a stage in a process of its own, which writes into the stage's log: (whether it worked, what went wrong)."""
    with (stage.folder / LOG).open("a") as log:
        sys.stdout.flush()
        sys.stderr.flush()
        for stream in (1, 2):  # by number, so that libraries and child processes write there too
            os.dup2(log.fileno(), stream)
        try:
            return perform(stage), ""
        except Exception as error:
            traceback.print_exc()
            return True, failure(error)


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class Here:
    """Runs stages in this process, where their progress is seen; an exception passes through."""

    beside = False

    def __init__(self) -> None:
        self.room = Room(1)
        self._ended: list[Ended] = []

    def start(self, stage: Stage) -> None:
        """Runs the stage to its end."""
        self.room.take(stage)
        self._ended.append(Ended(stage, worked=perform(stage)))

    def wait(self, seconds: float) -> list[Ended]:
        """What ran since the last call."""
        ended, self._ended = self._ended, []
        for each in ended:
            self.room.leave(each.stage)
        return ended

    def stop(self) -> None:
        """Nothing runs beside the caller."""
