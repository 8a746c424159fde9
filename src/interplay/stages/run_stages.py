"""Run a graph of stages: each once, after what it needs, as many side by side as the executor has room for.

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
from interplay.stages.order import first_things_first, remaining_hours
from interplay.stages.room import admitted
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


def run_stages(
    stages: Sequence[Stage],
    executor: Executor,
    watcher: Watcher,
    poll_s: float = POLL_S,
    hours: Mapping[str, float] | None = None,
) -> Ran:
    """Run what is not in the store. Each stage must be preceded by what it needs; `hours` are what stages are expected to
    take, by address, and order those that could begin."""
    needs = needs_of(stages)
    ran, clocks = Ran(), dict[str, float]()
    missing = [stage for stage in stages if not _noted(stage, ran)]
    remaining = remaining_hours(needs, dict.fromkeys(ran.cached, 0.0) | dict(hours or {}))
    by_address = {stage.address: stage for stage in missing}
    todo = {address: by_address[address] for address in first_things_first(list(by_address), remaining)}
    while todo or clocks:
        ready = [a for a in todo if needs[a] <= ran.done and not is_held(todo[a].folder)]
        for address in admitted(ready, lambda address: executor.room.has(by_address[address])):
            stage = todo.pop(address)
            if _noted(stage, ran):  # by another run, meanwhile
                continue
            watcher.started(stage)
            clocks[address] = time.monotonic()
            executor.start(stage)
        if clocks:
            for ended in executor.wait(poll_s):
                watcher.ended(ended, time.monotonic() - clocks.pop(ended.stage.address))
                _note(ended, ran, todo, needs)
        elif stuck := [stage for a, stage in todo.items() if needs[a] <= ran.done and is_held(stage.folder)]:
            watcher.elsewhere(stuck[0])
            time.sleep(poll_s)
    return ran


def needs_of(stages: Sequence[Stage]) -> dict[str, set[str]]:
    """The addresses that each stage opens, by its own."""
    return {stage.address: {parent.address for parent in parents(stage)} for stage in stages}


def _noted(stage: Stage, ran: Ran) -> bool:
    """Whether the stage is in the store, which is put on record."""
    if stage.cached:
        stage.describe()
        ran.cached.append(stage.address)
        return True
    return False


def _note(ended: Ended, ran: Ran, todo: dict[str, Stage], needs: Mapping[str, set[str]]) -> None:
    address = ended.stage.address
    if not ended.error:
        (ran.ran if ended.worked else ran.cached).append(address)
        return
    ran.failed.append(ended)
    lost = {address}
    for other in needs:  # in the order of the graph, so one pass reaches everything
        if other in todo and needs[other] & lost:
            lost.add(other)
            del todo[other]
            ran.skipped.append(other)
