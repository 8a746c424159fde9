"""Trials that go on beside all others, in a process of their own: a million strings need a processor and nothing else."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path

from torture.trial import Trial


class Beside:
    """Begins with number 1 of a kind and goes on until `end`, which gives the trials that were finished."""

    def __init__(self, log: Path, trial_of: Callable[[int], Trial]) -> None:
        self._log, self._parent = log, os.getpid()
        self._process = os.fork()
        if not self._process:
            self._go_on(trial_of)

    def _go_on(self, trial_of: Callable[[int], Trial]) -> None:
        """Never returns."""
        os.nice(10)  # what is left over by the others
        try:
            with self._log.open("a") as log:
                for number in count(1):
                    trial = trial_of(number)
                    print(json.dumps(vars(trial)), file=log, flush=True)
                    if os.getppid() != self._parent:
                        break
        finally:
            os._exit(0)

    def end(self) -> list[Trial]:
        """The trials; one that is under way is not counted."""
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        lines = self._log.read_text().splitlines(keepends=True) if self._log.exists() else []
        return [Trial(**json.loads(line)) for line in lines if line.endswith("\n")]
