"""The whole replication before it begins: every study's stages, each once, on one device and on many.

Stages that several studies share are counted once. On one device the order of the studies changes nothing in the sum, but the
time until there is something to read: the cheapest next study is the one whose missing stages take the fewest hours. On many
devices all stages are one graph, and the order is that of a run: the longest way to the end first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from interplay.stages.cost import Cost, duration, estimate
from interplay.stages.footprint import Footprint, footprint
from interplay.stages.order import Schedule, remaining_hours
from interplay.stages.rates import Known
from interplay.stages.room import Devices, Room
from interplay.stages.run_stages import needs_of
from interplay.stages.stage import Stage
from interplay.studies.plan import planned
from interplay.studies.study import Study

COMPARED = (1, 8, 64)
GB = 1e9


def replication_lines(studies: Sequence[Study], store: Path, room: Room, here: bool = True) -> list[str]:
    """What all studies cost together, and when each is done; tables in Markdown. `here`: not on a cluster."""
    stages = together(studies)
    known = Known.of(store, here)
    said = {stage.address: stage.stored_identity() for stage in stages if not stage.cached}
    costs = {
        stage.address: estimate(said[stage.address], known, stage.runtime) for stage in stages if stage.address in said
    }
    if not costs:
        return ["everything is in the store"]
    needs = {stage.address: footprint(said[stage.address], stage.runtime) for stage in stages if stage.address in said}
    return [
        f"{len(studies)} studies at {studies[0].settings.scale}, {_seeds(studies)}: "
        f"{len(costs)} of {len(stages)} stages to run, each once",
        *_bases(costs.values()),
        "",
        *_schedules(stages, costs, room),
        "",
        *_studies(studies, stages, costs, room),
        "",
        *_kinds(stages, costs, needs),
        "",
        *_storage(needs.values()),
    ]


def _seeds(studies: Sequence[Study]) -> str:
    """The seeds of the first study, and those of the studies that have others."""
    spelled = {study.name: ", ".join(map(str, study.settings.seeds)) for study in studies}
    usual = next(iter(spelled.values()))
    others = [f"{name} {seeds}" for name, seeds in spelled.items() if seeds != usual]
    return f"seeds {usual}" + (f" ({'; '.join(others)})" if others else "")


def together(studies: Iterable[Study]) -> list[Stage]:
    """The stages of all studies once, each after what it needs."""
    return list({stage.address: stage for study in studies for stage in study.stages}.values())


def cheapest_first(studies: Sequence[Study], costs: Mapping[str, Cost]) -> list[tuple[Study, float]]:
    """The studies, each with the hours of the stages that those before it leave to do; the fewest hours come next."""
    left, done, ordered = list(studies), set[str](), []

    def missing(study: Study) -> float:
        return sum(costs[s.address].hours for s in study.stages if s.address in costs and s.address not in done)

    while left:
        study = min(left, key=missing)
        ordered.append((study, missing(study)))
        left.remove(study)
        done |= {stage.address for stage in study.stages}
    return ordered


def _with(count: int, like: Room) -> Room:
    """Room of so many devices, dealt out as they are in `like`, where a kind takes no more than there are."""
    by_kind = like.devices.by_kind if like.devices else {}
    asked = {kind: min(gpus, count) for kind, gpus in by_kind.items()}
    return Room(count, Devices(tuple(map(str, range(count))), asked) if like.devices else None)


def _bases(costs: Iterable[Cost]) -> list[str]:
    counted: dict[str, int] = {}
    for cost in costs:
        counted[cost.basis] = counted.get(cost.basis, 0) + 1
    return [f"{count} stages by {basis}" for basis, count in sorted(counted.items(), key=lambda item: -item[1])[:4]]


def _schedules(stages: list[Stage], costs: Mapping[str, Cost], room: Room) -> list[str]:
    lines = ["| devices | hours | idle share | stages side by side |", "|---|---|---|---|"]
    for count in sorted({*COMPARED, len(room.devices.names) if room.devices else room.places}):
        made = planned(stages, costs, _with(count, room))
        lines.append(f"| {count} | {made.hours:.1f} | {made.idle_share:.0%} | {made.side_by_side()} |")
    needs = {a: found & costs.keys() for a, found in needs_of(stages).items() if a in costs}
    longest = remaining_hours(needs, {a: cost.hours for a, cost in costs.items()})
    first = max(longest, key=lambda address: longest[address])
    label = next(stage.label for stage in stages if stage.address == first)
    work = sum(cost.hours for cost in costs.values())
    return [
        *lines, "",
        f"{work:.1f} device hours of work; the longest chain, from {first} ({label}), takes {longest[first]:.1f} h with one "
        "device a stage",
    ]  # fmt: skip


def _studies(studies: Sequence[Study], stages: list[Stage], costs: Mapping[str, Cost], room: Room) -> list[str]:
    count = len(room.devices.names) if room.devices else room.places
    made = planned(stages, costs, room)
    lines = [
        f"| study, cheapest next first | hours of its own | done after, on 1 | alone on {count} | done after, all on {count} |",
        "|---|---|---|---|---|",
    ]
    so_far = 0.0
    for study, own in cheapest_first(studies, costs):
        so_far += own
        alone = planned(study.stages, costs, _with(count, room)).hours
        lines.append(f"| {study.name} | {own:.1f} | {so_far:.1f} | {alone:.1f} | {ended(study, made):.1f} |")
    return lines


def ended(study: Study, made: Schedule) -> float:
    """Hours until the last stage of a study is done."""
    return max((made.spans[s.address][1] for s in study.stages if s.address in made.spans), default=0.0)


def _kinds(stages: list[Stage], costs: Mapping[str, Cost], needs: Mapping[str, Footprint]) -> list[str]:
    lines = ["| kind | stages | device hours | memory of a device, GB | in the store, GB |", "|---|---|---|---|---|"]
    for kind in dict.fromkeys(stage.kind for stage in stages):
        own = [stage.address for stage in stages if stage.kind == kind and stage.address in costs]
        if own:
            hours, memory = sum(costs[a].hours for a in own), max(needs[a].memory for a in own)
            kept = sum(needs[a].storage for a in own)
            lines.append(f"| {kind} | {len(own)} | {hours:.1f} | {memory / GB:.1f} | {kept / GB:.1f} |")
    return lines


def _storage(needs: Iterable[Footprint]) -> list[str]:
    kept = sum(need.storage for need in needs)
    return [
        f"store: {kept / GB:.0f} GB, of which nothing leaves the machine on its own: egress is what is pushed, at most that; "
        f"at 100 Mbit/s all of it takes {duration(kept * 8 / 1e8 / 3600)}"
    ]
