"""What a calibration found, and its file in the store: `calibration/NAME.json`, one for each kind of work and way to run it.

A file that cannot be read, or is of another version, is left out with a word: a plan does without.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Self

from interplay.files import write_json
from interplay.progress import say
from interplay.stages.ran_on import RanOn
from interplay.stages.workload import Identity, curve_points, pieces, work

FOLDER, VERSION = "calibration", 1
MOST = 1e9  # seconds or tokens of a speed: what is beyond is no measurement, and a plan would count to infinity


class Speed(NamedTuple):
    """Seconds to begin, for each unit of work, and each time that curves are measured; tokens that a sample has."""

    fixed_s: float
    unit_s: float
    curve_s: float = 0.0
    tokens: float = 0.0


class Calibration(NamedTuple):
    """The speed of one kind of work (`workload.pieces`), what it was measured on and when."""

    of: Mapping[str, Any]
    ran_on: RanOn
    speed: Speed
    date: str

    @classmethod
    def today(cls, of: Mapping[str, Any], ran_on: RanOn, speed: Speed) -> Self:
        """One that was just made."""
        return cls(of, ran_on, speed, day())

    def fits(self, identity: Identity) -> bool:
        """Whether it is of a stage's kind of work."""
        return bool(self.of == pieces(identity))

    def seconds(self, identity: Identity) -> float:
        """What such a stage takes on what this was measured on."""
        own = self.speed
        return own.fixed_s + own.unit_s * work(identity)[0] + own.curve_s * curve_points(identity)

    @property
    def name(self) -> str:
        """Of its file: another calibration of the same takes its place."""
        spelled = json.dumps([self.of, self.ran_on], sort_keys=True)
        return f"{hashlib.sha256(spelled.encode()).hexdigest()[:10]}.json"


def day() -> str:
    """Today's date, as a calibration has it."""
    return time.strftime("%Y-%m-%d")


def keep(made: Calibration, store: Path) -> None:
    """Write it into the store, whole or not at all."""
    (store / FOLDER).mkdir(parents=True, exist_ok=True)
    said = {"version": VERSION, "date": made.date, **made.ran_on._asdict(), **made.speed._asdict(), "of": made.of}
    write_json(store / FOLDER / made.name, said)


def calibrations(store: Path) -> list[Calibration]:
    """Those of a store, the oldest first."""
    found = []
    for path in sorted((store / FOLDER).glob("*.json")):
        try:
            found.append(_read(json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            say(f"{path} is left out, it is no calibration: {error}")
    return sorted(found, key=lambda made: made.date)


def _read(said: Any) -> Calibration:
    """Raises ValueError, KeyError or TypeError for anything else."""
    if said["version"] != VERSION:
        raise ValueError(f"version {said['version']}, known is {VERSION}")
    speed = Speed(*(_quantity(said[name], name) for name in Speed._fields))
    if speed.unit_s == 0:
        raise ValueError("unit_s must be above 0")
    ran_on = RanOn.read(said)
    if ran_on is None or not isinstance(said["of"], dict):
        raise ValueError("it does not say what it was measured on")
    return Calibration(said["of"], ran_on, speed, _day(said["date"]))


def _quantity(value: Any, name: str) -> float:
    """A number as `keep` writes one. Raises ValueError for anything else."""
    if type(value) not in (int, float) or not 0 <= value <= MOST:
        raise ValueError(f"{name} must be a number in 0..{MOST:g}")
    return float(value)


def _day(value: Any) -> str:
    """A date as `today` writes one. Raises ValueError for anything else."""
    if not isinstance(value, str) or date.fromisoformat(value).isoformat() != value:
        raise ValueError("date must be a day as YYYY-MM-DD")
    return value
