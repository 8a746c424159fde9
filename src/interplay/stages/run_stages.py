"""Run a graph of stages: each once, after what it needs, as many side by side as the executor has places.

A stage that fails takes only what depends on it along. A stage that another run holds is left to it: this run does
something else meanwhile and takes the result from the store, so two runs of one study share its work.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from interplay.stages.execute import Ended, Executor
from interplay.stages.lock import is_held
from interplay.stages.stage import Stage, parents

POLL_S = 0.5


class Watcher(Protocol):
    """Told of what happens."""

    def started(self, stage: Stage) -> None:
        """A stage begins."""

    def ended(self, ended: Ended, wall_s: float) -> None:
        """A stage is done, or has failed."""

    def elsewhere(self, stage: Stage) -> None:
        """There is nothing to do but to wait for a stage that another run does."""


@dataclass
class Ran:
    """Addresses by what became of them."""

    cached: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    failed: list[Ended] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def done(self) -> set[str]:
        """Stages whose results are in the store."""
        return {*self.cached, *self.ran}


def run_stages(stages: Sequence[Stage], executor: Executor, watcher: Watcher, poll_s: float = POLL_S) -> Ran:
    """Run what is not in the store. Each stage must be preceded by what it needs."""
    needs = {stage.address: {parent.address for parent in parents(stage)} for stage in stages}
    weights = num_dependents(needs)
    ran, todo, clocks = Ran(), {}, dict[str, float]()
    for stage in stages:
        if stage.cached:
            ran.cached.append(stage.address)
        else:
            todo[stage.address] = stage
    while todo or clocks:
        ready = [todo[a] for a in sorted(todo, key=lambda a: -weights[a]) if needs[a] <= ran.done]
        for stage in ready:
            if len(clocks) >= executor.places:
                break
            if is_held(stage.folder):
                continue
            del todo[stage.address]
            if stage.cached:  # by another run, meanwhile
                ran.cached.append(stage.address)
                continue
            watcher.started(stage)
            clocks[stage.address] = time.monotonic()
            executor.start(stage)
        if clocks:
            for ended in executor.wait(poll_s):
                watcher.ended(ended, time.monotonic() - clocks.pop(ended.stage.address))
                _note(ended, ran, todo, needs)
        elif stuck := [stage for stage in ready if stage.address in todo and is_held(stage.folder)]:
            watcher.elsewhere(stuck[0])
            time.sleep(poll_s)
    return ran


def _note(ended: Ended, ran: Ran, todo: dict[str, Stage], needs: Mapping[str, set[str]]) -> None:
    address = ended.stage.address
    if not ended.error:
        (ran.ran if ended.worked else ran.cached).append(address)
        return
    ran.failed.append(ended)
    lost = {address}
    for other in list(todo):  # in the order of the graph, so one pass reaches everything
        if needs[other] & lost:
            lost.add(other)
            del todo[other]
            ran.skipped.append(other)


def num_dependents(needs: Mapping[str, set[str]]) -> dict[str, int]:
    """How many stages cannot begin before each one is done: long chains are started first."""
    dependents: dict[str, set[str]] = {address: set() for address in needs}
    for address in reversed(list(needs)):
        for parent in needs[address]:
            dependents[parent] |= {address, *dependents[address]}
    return {address: len(found) for address, found in dependents.items()}
