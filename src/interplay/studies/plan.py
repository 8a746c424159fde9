"""What a run would do: which stages are in the store, which would run and why, what they cost, what could be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from interplay.stages.cost import Cost, duration, estimate, on_devices
from interplay.stages.diff import differences, distance
from interplay.stages.order import Schedule, simulate
from interplay.stages.rates import Known, quantity
from interplay.stages.room import Room
from interplay.stages.run_stages import needs_of
from interplay.stages.stage import Stage
from interplay.stages.store import Entry
from interplay.studies.foresight import designs, measured_spread, power_lines
from interplay.studies.study import Study

NAMED_FIELDS = 3


def plan_lines(
    study: Study,
    store: Path | None = None,
    room: Room | None = None,
    to_run: Study | None = None,
    here: bool = True,
) -> list[str]:
    """One entry per stage, those that would run with their cost and reason; then the sum and the smallest effect.

    `to_run` is what of the study is not kept elsewhere; `here` is False where stages run on a cluster.
    """
    stages = (to_run or study).stages
    known = Known.of(store, here)
    lines, costs = [f"{study.name} at {study.settings.scale}: {study.question}"], dict[str, Cost]()
    for stage in stages:
        state = "cached" if stage.cached else "to run"
        line = f"{state:>7}  {stage.address:<22}  {stage.label:<28}  {stage.work}"
        if state == "to run":
            identity = stage.stored_identity()
            cost = costs[stage.address] = estimate(identity, known, stage.runtime)
            line += f"\n{'':9}cost: {cost}\n{'':9}why: {why(identity, known.entries)}"
        lines.append(line)
    spread = measured_spread(study.settings, store)
    power = power_lines(study, spread, designs(study, spread))
    return [*lines, "\n".join([total(stages, costs, room or Room(1)), *power])]


def why(identity: Mapping[str, Any], there: Sequence[Entry]) -> str:
    """What keeps a stage from being taken from the store: how it differs from the nearest one that is done there."""
    address = identity["address"]
    for entry in there:
        if entry.address == address and entry.state != "done":
            return "another run is at it" if entry.state == "running" else "it was begun and goes on from what it saved"
    alike = [entry for entry in there if entry.kind == address.split("/")[0] and entry.state == "done"]
    if not alike:
        return "none of its kind in the store"
    found = [(differences(entry.identity, identity), entry) for entry in reversed(alike)]
    fields, nearest = min(found, key=lambda pair: distance(pair[0]))
    if not fields:
        return (
            f"{nearest.address} in the store has this identity, but its result is not registered: it is taken as it is"
        )
    named = ", ".join(map(str, fields[:NAMED_FIELDS]))
    more = f" and {len(fields) - NAMED_FIELDS} more" if len(fields) > NAMED_FIELDS else ""
    return f"nearest in the store is {nearest.address}, which differs in {named}{more}"


def total(stages: list[Stage], costs: Mapping[str, Cost], room: Room) -> str:
    """The sum over what would run."""
    if not costs:
        return "everything is in the store"
    tokens, flops = sum(cost.tokens for cost in costs.values()), sum(cost.flops for cost in costs.values())
    bound = "at most " if any(cost.at_most for cost in costs.values()) else ""
    hours = sum(cost.hours for cost in costs.values())
    line = f"to run: {len(costs)} of {len(stages)} stages, {bound}{quantity(tokens)} tokens, {flops:.1e} FLOPs, "
    line += f"{bound}{duration(hours)}"
    if room.places > 1:
        line += (
            f" of work, {duration(planned(stages, costs, room).hours)} with {room.places} side by side at these rates"
        )
    return line


def planned(stages: list[Stage], costs: Mapping[str, Cost], room: Room) -> Schedule:
    """When the stages that have a cost would run, as a run orders them."""
    todo = [stage for stage in stages if stage.address in costs]
    needs = needs_of(stages)
    hours = {stage.address: on_devices(costs[stage.address], stage, room) for stage in todo}
    return simulate(todo, {address: needs[address] & costs.keys() for address in hours}, hours, room)
