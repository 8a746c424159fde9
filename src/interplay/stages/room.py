"""Room for stages: how many may run at once, and which devices each of them has to itself.

Workers, a cluster's queue and the simulation of a schedule count alike, so a plan says what a run does. A device is never
given to two stages: what is free is a list of names, and a stage that begins takes its names out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol


class Placed(Protocol):
    """What room is made for."""

    @property
    def address(self) -> str:
        """Its name."""

    @property
    def kind(self) -> str:
        """By which it asks for devices."""


class Devices(NamedTuple):
    """Names as CUDA_VISIBLE_DEVICES spells them, and how many a stage takes by its kind; `on_cpu`: places on the cores."""

    names: tuple[str, ...]
    by_kind: Mapping[str, int]
    on_cpu: bool = False

    def check(self) -> Devices:
        """Itself. Raises ValueError where a kind asks for more than there are: it could never begin."""
        for kind, asked in self.by_kind.items():
            if asked > len(self.names):
                raise ValueError(f"--resources {kind}.gpus: {asked} devices of the {len(self.names)} of --devices")
        return self


class Room:
    """`places` stages at once; with `devices` each has as many as its kind asks for, and none is shared."""

    def __init__(self, places: int, devices: Devices | None = None) -> None:
        self.places, self.devices = places, devices
        self._free = list(devices.names) if devices else []
        self._taken: dict[str, tuple[str, ...]] = {}

    def asked(self, stage: Placed) -> int:
        """Devices that a stage takes."""
        return self.devices.by_kind.get(stage.kind, 0) if self.devices else 0

    def has(self, stage: Placed) -> bool:
        """Whether the stage can begin now."""
        return len(self._taken) < self.places and self.asked(stage) <= len(self._free)

    def take(self, stage: Placed) -> tuple[str, ...]:
        """The names of the stage's devices, the first that are free: a worker that has seen them may be there."""
        assert self.has(stage), "a stage begins where there is room"
        count = self.asked(stage)
        self._taken[stage.address], self._free = tuple(self._free[:count]), self._free[count:]
        return self._taken[stage.address]

    def leave(self, stage: Placed) -> None:
        """The stage has ended; its devices are free."""
        assert self.devices is not None or not self._taken[stage.address]
        free = {*self._free, *self._taken.pop(stage.address)}
        self._free = [name for name in (self.devices.names if self.devices else ()) if name in free]

    @property
    def idle(self) -> int:
        """Devices that no stage has."""
        return len(self._free)


def admitted(ready: Iterable[str], has_room: Callable[[str], bool]) -> Iterator[str]:
    """Of the stages that could begin, in the order of their priority, those that do. Each has begun before the next is
    asked for.

    A stage that waits for more devices than are free holds up those behind it: else single devices would go to later
    stages as they come free, and it would wait for the end of the run.
    """
    for address in ready:
        if not has_room(address):
            return
        yield address
