"""A trial: one thing that is done to `interplay`, at one place, and what was wrong with how it took that."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from torture.stores import Reference


@dataclass
class Trial:
    """`place` is a phase, a file, an argument; a trial that hit another place than was aimed at says where it `landed`."""

    kind: str
    place: str
    landed: bool = True
    faults: list[str] = field(default_factory=list)
    count: int = 1
    seconds: float = 0.0


@dataclass
class Workshop:
    """Where trials are made: a folder that each gets empty, the undisturbed store, and how often each place was hit."""

    folder: Path
    reference: Reference
    short: bool = False
    hits: dict[str, int] = field(default_factory=dict)

    def fresh(self) -> Path:
        """An empty folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return self.folder

    def rarest(self, kind: str, places: tuple[str, ...], rng: random.Random) -> str:
        """The place that was hit least often so far, so that trials spread evenly."""
        fewest = min(self.hits.get(f"{kind} {place}", 0) for place in places)
        return rng.choice([place for place in places if self.hits.get(f"{kind} {place}", 0) == fewest])

    def note(self, trial: Trial) -> None:
        if trial.landed:
            name = f"{trial.kind} {trial.place}"
            self.hits[name] = self.hits.get(name, 0) + 1


Kind = Callable[[Workshop, random.Random], Trial]
