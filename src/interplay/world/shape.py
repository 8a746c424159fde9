"""The skeleton of a problem: which quantities there are and which follow from which, before names and numbers.

Every quantity sits on a level, the target on level 1, and uses only quantities of deeper levels, so no cycle can
arise. A total must contain every count of its location. So a location gets a total only while it is empty, and only
the total's own members are placed there; all other quantities go to "plain" locations. `grow` decides what is placed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .graph import Kind

Uniform = Callable[[], float]

AVERAGES = 0.35  # share of averages among plain quantities when d = 3


class Limits(NamedTuple):
    """What a skeleton may use. `spare` names are kept free in plain locations, for the distractors."""

    op: int
    d: int
    reverse: bool
    depth: int
    fan_in: int
    locations: int
    entities: int
    spare: int
    totals: float
    copies: float | None

    @property
    def names(self) -> str:
        """How many names there are, in words."""
        return f"{self.locations} locations x {self.entities} entities (less {self.spare} for distractors)"


class Shape:
    """A growing skeleton; parallel lists, one entry per quantity.

    clean  must not depend on the unknown (reverse, d = 3): in a product only one factor may
    free   entity numbers of a location that are not used yet, for counts and for averages
    """

    __slots__ = (
        "clean", "entities", "free_averages", "free_counts", "kinds", "levels", "limits", "literals", "operands",
        "places", "plain", "room", "rows", "spine", "uniform",
    )  # fmt: skip

    def __init__(self, limits: Limits, uniform: Uniform) -> None:
        self.limits = limits
        self.uniform = uniform
        self.kinds: list[Kind] = []
        self.places: list[int] = []
        self.entities: list[int] = []
        self.levels: list[int] = []
        self.operands: list[list[int]] = []
        self.literals: list[bool] = []
        self.clean: list[bool] = []
        self.spine = 0  # quantities 0..spine-1 are the spine
        self.rows: list[list[int]] = [[] for _ in range(limits.depth + 1)]
        self.plain: list[int] = []
        self.free_counts: list[list[int]] = []
        self.free_averages: list[list[int]] = []
        self.room = limits.locations * limits.entities  # counts that plain and unopened locations can still take

    def place(self, kind: Kind, location: int, entity: int, level: int, clean: bool = False) -> int:
        """Add one quantity without operands and return its number."""
        number = len(self.kinds)
        self.kinds.append(kind)
        self.places.append(location)
        self.entities.append(entity)
        self.levels.append(level)
        self.operands.append([])
        self.literals.append(False)
        self.clean.append(clean)
        self.rows[level].append(number)
        return number

    def open_location(self) -> int:
        """A fresh location; the caller has checked that there is one."""
        everyone = list(range(self.limits.entities))
        self.free_counts.append(everyone)
        self.free_averages.append(everyone[:])
        return len(self.free_counts) - 1

    def take(self, free: list[int]) -> int:
        """Remove a random entity from a location's free ones and return it."""
        i = int(self.uniform() * len(free))
        entity = free[i]
        free[i] = free[-1]
        free.pop()
        return entity

    def may_copy(self) -> bool:
        """Whether a derived quantity may be left with a single in-edge: a copy, or a total of one member."""
        copies = self.limits.copies
        return copies is None or self.uniform() < copies

    def can_total(self, counts_to_come: int = 0) -> bool:
        """True when a location can be given to a total without starving distractors and other counts."""
        unopened = self.limits.locations - len(self.free_counts)
        left = self.room - self.limits.entities
        return unopened > (not self.plain) and left >= self.limits.spare + counts_to_come

    def new_plain(self, level: int, clean: bool = False, kind: Kind | None = None) -> int:
        """A count (d = 3: or an average) in a plain location, or -1 when the names have run out."""
        if self.room <= self.limits.spare:
            return -1
        if kind == "average" or (kind is None and self.limits.d == 3 and self.uniform() < AVERAGES):
            location = self._plain_location(self.free_averages)
            if location >= 0:
                return self.place("average", location, self.take(self.free_averages[location]), level, clean)
        location = self._plain_location(self.free_counts)
        if location < 0:
            return -1
        self.room -= 1
        return self.place("count", location, self.take(self.free_counts[location]), level, clean)

    def _plain_location(self, free: list[list[int]]) -> int:
        """A plain location with a free entity, mostly one that is in use already; -1 when there is none."""
        plain = self.plain
        may_open = len(self.free_counts) < self.limits.locations
        if plain and (not may_open or self.uniform() < 0.7):
            location = plain[int(self.uniform() * len(plain))]
            if free[location]:
                return location
            for location in plain:
                if free[location]:
                    return location
        if not may_open:
            return -1
        plain.append(self.open_location())
        return plain[-1]

    def new_total(self, level: int, kind: Kind, clean: bool = False) -> int:
        """A total of a fresh location, still without members."""
        self.room -= self.limits.entities
        return self.place(kind, self.open_location(), -1, level, clean)

    def add_member(self, total: int, level: int) -> int:
        """One more count for a total (with its average, for the second total): what it costs, or 0 when all are in."""
        location = self.places[total]
        free = self.free_counts[location]
        if not free:
            return 0
        entity = self.take(free)
        clean = self.clean[total]
        if self.kinds[total] == "total":
            self.operands[total].append(self.place("count", location, entity, level, clean))
            return 2
        # Only one factor of a product may hang on the unknown; the other is a constant, which keeps products small.
        deepest = self.limits.depth
        first = self.uniform() < 0.5
        count = self.place("count", location, entity, level if first else deepest, clean or not first)
        average = self.place("average", location, entity, deepest if first else level, clean or first)
        self.operands[total] += (count, average)
        return 4

    def use_existing(self, number: int) -> bool:
        """Make a quantity of a deeper level one more operand of this one; False when there is none left."""
        level, operands, levels = self.levels[number], self.operands[number], self.levels
        n = len(levels)
        start = int(self.uniform() * n)
        clean = self.clean[number]
        for i in range(start, start + n):
            other = i if i < n else i - n
            if levels[other] <= level or other in operands:
                continue
            if clean and not self.clean[other]:
                if other < self.spine or self.operands[other]:
                    continue
                self.clean[other] = True
            operands.append(other)
            return True
        return False
