"""What a run would do: which stages are in the store, which would run and why, what they cost, what could be seen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from interplay.stages.cost import Cost, duration, estimate, quantity
from interplay.stages.diff import differences, distance
from interplay.stages.run_stages import num_dependents
from interplay.stages.stage import Stage, parents
from interplay.stages.store import Entry, entries
from interplay.studies.foresight import designs, measured_spread, power_lines
from interplay.studies.study import Study

NAMED_FIELDS = 3


def plan_lines(
    study: Study, store: Path | None = None, jobs: int = 1, to_run: Sequence[int] | None = None
) -> list[str]:
    """One entry per stage, those that would run with their cost and reason; then the sum and the smallest effect.

    `to_run` are the seeds that are not kept elsewhere, where not all run.
    """
    stages = study.stages if to_run is None else study.of_seeds(to_run).stages
    there = entries(store) if store is not None and store.exists() else []
    lines, costs = [f"{study.name} at {study.settings.scale}: {study.question}"], dict[str, Cost]()
    for stage in stages:
        state = "cached" if stage.cached else "to run"
        line = f"{state:>7}  {stage.address:<22}  {stage.label:<28}  {stage.work}"
        if state == "to run":
            identity = json.loads(json.dumps(stage.identity()))
            cost = costs[stage.address] = estimate(identity, there, stage.runtime)
            line += f"\n{'':9}cost: {cost}\n{'':9}why: {why(identity, there)}"
        lines.append(line)
    spread = measured_spread(study.settings, store)
    power = power_lines(study, spread, designs(study, spread))
    return [*lines, "\n".join([total(stages, costs, jobs), *power])]


def why(identity: Mapping[str, Any], there: list[Entry]) -> str:
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


def total(stages: list[Stage], costs: Mapping[str, Cost], jobs: int) -> str:
    """The sum over what would run."""
    if not costs:
        return "everything is in the store"
    tokens, flops = sum(cost.tokens for cost in costs.values()), sum(cost.flops for cost in costs.values())
    bound = "at most " if any(cost.at_most for cost in costs.values()) else ""
    hours = sum(cost.hours for cost in costs.values())
    line = f"to run: {len(costs)} of {len(stages)} stages, {bound}{quantity(tokens)} tokens, {flops:.1e} FLOPs, "
    line += f"{bound}{duration(hours)}"
    if jobs > 1:
        line += f" of work, {duration(makespan(stages, costs, jobs))} with {jobs} side by side at these rates"
    return line


def makespan(stages: list[Stage], costs: Mapping[str, Cost], jobs: int) -> float:
    """Hours from the first start to the last end when stages are started as a run starts them."""
    needs = {stage.address: {p.address for p in parents(stage)} & costs.keys() for stage in stages}
    needs = {address: found for address, found in needs.items() if address in costs}
    weights, ends, running, now = num_dependents(needs), dict[str, float](), dict[str, float](), 0.0
    todo = sorted(needs, key=lambda address: -weights[address])
    while todo or running:
        for address in [a for a in todo if needs[a] <= ends.keys()][: jobs - len(running)]:
            todo.remove(address)
            running[address] = now + costs[address].hours
        first = min(running, key=lambda address: running[address])
        now = ends[first] = running.pop(first)
    return now
