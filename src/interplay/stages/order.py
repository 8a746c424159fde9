"""Which stage begins first: the one with the longest way to the end of the graph behind it; and what comes of that order.

List scheduling by the longest remaining path is what a run does, and `simulate` plays the same rule on a clock of its own.
No schedule can be shorter than the longest path, nor than all work divided by the devices; the rule stays near the larger
of the two on the graphs of the studies, and the simulation says how near.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from interplay.stages.room import Placed, Room, admitted

Needs = Mapping[str, set[str]]  # in an order in which each stage comes after what it needs


def remaining_hours(needs: Needs, hours: Mapping[str, float]) -> dict[str, float]:
    """Hours of the longest path that begins with each stage, its own included; a stage of unknown length takes one."""
    longest: dict[str, float] = {}
    behind = dict.fromkeys(needs, 0.0)
    for address in reversed(list(needs)):
        longest[address] = hours.get(address, 1.0) + behind[address]
        for parent in needs[address]:
            behind[parent] = max(behind[parent], longest[address])
    return longest


def first_things_first(addresses: Sequence[str], remaining: Mapping[str, float]) -> list[str]:
    """The order in which stages are offered room. Of equals the one that was named first: a run repeats its order."""
    return sorted(addresses, key=lambda address: -remaining[address])


class Schedule(NamedTuple):
    """What came of an order: when each stage began and ended, in hours, and how much of the devices' time was used."""

    spans: Mapping[str, tuple[float, float]]
    hours: float
    idle_share: float

    def side_by_side(self) -> int:
        """The most stages that run at once."""
        events = sorted(
            [(end, -1) for _, end in self.spans.values()] + [(start, 1) for start, _ in self.spans.values()]
        )
        most = now = 0
        for _, change in events:
            now += change
            most = max(most, now)
        return most


def simulate(stages: Sequence[Placed], needs: Needs, hours: Mapping[str, float], room: Room) -> Schedule:
    """Play a run of these stages; `needs` names those among them alone."""
    by_address = {stage.address: stage for stage in stages}
    remaining = remaining_hours(needs, hours)
    todo = first_things_first(list(needs), remaining)
    spans: dict[str, tuple[float, float]] = {}
    running: dict[str, float] = {}
    now = used = 0.0
    done: set[str] = set()
    while todo or running:
        ready = [address for address in todo if needs[address] <= done]
        for address in admitted(ready, lambda address: room.has(by_address[address])):
            todo.remove(address)
            used += len(room.take(by_address[address])) * hours[address]
            running[address] = now + hours[address]
            spans[address] = now, running[address]
        assert running, "a stage that asks for more devices than there are is refused before"
        now = min(running.values())
        for address in [address for address, end in running.items() if end == now]:
            del running[address]
            room.leave(by_address[address])
            done.add(address)
    devices = len(room.devices.names) if room.devices else room.places
    if room.devices is None:
        used = sum(hours[address] for address in needs)
    return Schedule(spans, now, 1 - used / (devices * now) if now else 0.0)
