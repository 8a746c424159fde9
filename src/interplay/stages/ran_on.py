"""What a stage runs on, as far as it decides how fast it goes: the device, its threads, the cores left to it, the machine.

Rates are compared by it. It stands in a stage's `attempts.jsonl`, beside the time and the process of each beginning, and
not in the summary: a result says nothing of the machine it was made on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from interplay.train.processor import num_cores, processor_name
from interplay.train.runtime import Runtime

ATTEMPTS = "attempts.jsonl"
MOST_CORES = 2**20  # of a record: beyond, a rate for one thread would be counted as nothing
# how far what was measured is from what is asked: the same, by another share of the machine, unknown, by another machine
SAME, SCALED, UNKNOWN, ELSEWHERE = range(4)


class RanOn(NamedTuple):
    """`cores` are those the stage may use: fewer than the machine has where other stages ran beside it."""

    device: str
    threads: int
    cores: int
    machine: str

    @classmethod
    def of(cls, runtime: Runtime) -> Self:
        """What a stage with this runtime runs on in this process."""
        cores = num_cores()
        device = "cpu" if runtime.on_cpu else "cuda"
        return cls(device, runtime.threads, min(runtime.cores or cores, cores), f"{processor_name()}, {cores} cores")

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Self | None:
        """From a record; None where it does not say."""
        match tuple(said.get(name) for name in cls._fields):
            case (str() as device, int() as threads, int() as cores, str() as machine):
                counts = 0 < min(threads, cores) <= max(threads, cores) <= MOST_CORES
                return cls(device, threads, cores, machine) if counts else None
        return None

    @property
    def on_gpu(self) -> bool:
        """There the threads and the machine around it decide little, and a plan is often made on another one."""
        return self.device != "cpu"

    @property
    def at_once(self) -> int:
        """Threads that find a core."""
        return min(self.threads, self.cores)

    def words(self) -> str:
        """Threads, as a plan names them."""
        return "a GPU" if self.on_gpu else "1 thread" if self.threads == 1 else f"{self.threads} threads"


def last_attempt(folder: Path) -> RanOn | None:
    """What the last attempt at a stage ran on; None where it is not on record."""
    try:
        said = json.loads((folder / ATTEMPTS).read_text(encoding="utf-8").splitlines()[-1])
    except (OSError, ValueError, IndexError):
        return None
    return RanOn.read(said) if isinstance(said, dict) else None


def likeness(measured: RanOn | None, asked: RanOn) -> int | None:
    """SAME, SCALED, UNKNOWN or ELSEWHERE; None for another device, whose rate says nothing."""
    if measured is None:
        return UNKNOWN
    if measured.device != asked.device:
        return None
    if asked.on_gpu:
        return SAME
    if measured.machine != asked.machine:
        return ELSEWHERE
    return SAME if (measured.threads, measured.cores) == (asked.threads, asked.cores) else SCALED


def speed_up(measured: RanOn | None, asked: RanOn) -> float:
    """What a measured rate is multiplied by: stages on a CPU share their work evenly among threads."""
    return 1.0 if measured is None or asked.on_gpu else asked.at_once / measured.at_once
