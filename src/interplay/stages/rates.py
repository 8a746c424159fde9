"""How fast a stage will go, by what was measured before: a done stage, or a calibration of this machine.

What ran as the stage will run comes first: on this machine, with as many threads, with as many cores left to it. A done stage
goes before a calibration, which is made of a few steps. Where the threads differ a rate is scaled, and the plan says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from interplay.rl.flops import MEASURED
from interplay.stages.calibration import Calibration, calibrations
from interplay.stages.diff import differences, distance
from interplay.stages.ran_on import ELSEWHERE, SAME, SCALED, UNKNOWN, RanOn, likeness, speed_up
from interplay.stages.store import Entry, entries
from interplay.stages.workload import Identity, shape, work

SMALLEST_SHARE = 0.25  # of the work that is asked for, for a measured rate to count


class Known(NamedTuple):
    """What is measured; `here` is False where stages run on other machines than a plan is made on, so that the own threads
    and processor say nothing of them."""

    entries: Sequence[Entry] = ()
    calibrations: Sequence[Calibration] = ()
    here: bool = True

    @classmethod
    def of(cls, store: Path | None, here: bool = True) -> Known:
        """What a store holds."""
        if store is None or not store.exists():
            return cls(here=here)
        return cls(entries(store), calibrations(store), here)


class Rate(NamedTuple):
    """Seconds that a stage takes and where they come from. Of a done stage: the stage, and the share of its work; of a
    calibration: the tokens that a sample has."""

    seconds: float
    basis: str
    entry: Entry | None = None
    share: float = 0.0
    tokens: float = 0.0


def measured_rate(identity: Identity, known: Known, asked: RanOn) -> Rate | None:
    """The rate of what ran most like the stage will; None where nothing comparable was measured."""
    ways = [*_by_stages(identity, known, asked), *(_by_calibrations(identity, known, asked) if known.here else ())]
    return min(ways, key=lambda way: way[0])[1] if ways else None


Way = tuple[tuple[int, int, int, int], Rate]  # how unlike, calibrations behind stages, how far, which of equals


def _by_stages(identity: Identity, known: Known, asked: RanOn) -> Iterator[Way]:
    units, unit = work(identity)
    for number, entry in enumerate(of_its_kind(identity, known.entries)):
        ran_on = entry.ran_on if known.here else None
        like = likeness(ran_on, asked)
        rate = rate_of(entry) if like is not None and comparable(entry.identity, identity) else None
        if like is None or rate is None:
            continue
        rate *= speed_up(ran_on, asked)
        basis = f"{quantity(rate)} {unit}/s as in {entry.address}{_told(like, ran_on, asked)}"
        far = distance(differences(entry.identity, identity))
        found = Rate(units / rate, basis, entry, share=units / work(entry.identity)[0])
        yield (like, 0, far, number), found


def _by_calibrations(identity: Identity, known: Known, asked: RanOn) -> Iterator[Way]:
    units, unit = work(identity)
    for number, made in enumerate(known.calibrations):
        like = likeness(made.ran_on, asked)
        if like not in (SAME, SCALED) or not made.fits(identity):
            continue
        factor = speed_up(made.ran_on, asked)
        seconds = made.seconds(identity) / factor
        basis = f"{quantity(units / seconds)} {unit}/s as calibrated on {made.date} with {made.ran_on.words()}"
        if factor != 1:
            basis += f", counted for {asked.words()}"
        yield (like, 1, 0, -number), Rate(seconds, basis, tokens=made.speed.tokens)


def _told(like: int, ran_on: RanOn | None, asked: RanOn) -> str:
    """How a done stage ran otherwise than this one will; where that is not on record, nothing is said."""
    if ran_on is None or like in (SAME, UNKNOWN):
        return ""
    told = f" with {ran_on.words()}" if ran_on.at_once != asked.at_once else ""
    if like == ELSEWHERE:
        told += " on another machine"
    return told + (f", counted for {asked.words()}" if ran_on.at_once != asked.at_once else "")


def of_its_kind(identity: Identity, there: Iterable[Entry]) -> list[Entry]:
    """Done stages of the same kind and model size."""
    kind = identity["address"].split("/")[0]
    return [e for e in there if e.kind == kind and e.state == "done" and shape(e.identity) == shape(identity)]


def comparable(measured: Identity, asked: Identity) -> bool:
    """Whether one stage's rate says anything of the other's: a quarter of the work or more, samples of the same length."""
    configs = measured["config"], asked["config"]
    limits = [config.get("sampling", {}).get("max_new_tokens") for config in configs]
    return limits[0] == limits[1] and work(measured)[0] >= SMALLEST_SHARE * work(asked)[0]


def rate_of(entry: Entry) -> float | None:
    """Units of work a second and process; None where the summary does not tell, as for an evaluation that was cut."""
    summary, (units, _) = entry.summary, work(entry.identity)
    if not (wall_s := summary.get("wall_s", 0) * summary.get("processes", 1)):
        return None
    if "resumed_at_step" in summary:
        return float(units * (1 - summary["resumed_at_step"] / summary["steps"]) / wall_s) or None
    return units / wall_s if entry.attempts <= 1 else None


def flops_of(entry: Entry) -> float:
    """Operations a stage reports: in its summary, or step by step; 0 where it does not."""
    if (flops := entry.summary.get("flops")) is not None:
        return float(flops)
    log = entry.folder / "metrics.jsonl"
    if not log.is_file():
        return 0.0
    return float(sum(json.loads(line).get(MEASURED, 0.0) for line in log.read_text().splitlines()))


def quantity(number: float) -> str:
    """A count in three digits: 1.3M."""
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"
