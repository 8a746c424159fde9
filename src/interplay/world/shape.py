"""The skeleton of a problem: which quantities there are and which follow from which, before names and numbers.

Exactness comes from bookkeeping, not from trying. Every quantity sits on a level, the target on level 1, and uses only
quantities of deeper levels, so no cycle can arise. A spine with one quantity per level is laid first; it fixes the length
of the longest chain and costs the least that chain can cost. What is left of the asked op is then spent: a literal costs
1, a further use of an existing quantity 1, a new quantity 2 (the use and its own constant). Spending stops at zero.

A total must contain every count of its location, so a location gets a total only while it is empty, and once the total's
members are drawn no other count is placed there. All other locations are "plain".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .graph import Kind

Uniform = Callable[[], float]


class NoRoom(Exception):
    """The draft cannot hold the asked op; the message names the bound that stopped it."""


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

    # -- placing quantities -------------------------------------------------------------------------------------------

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
        """Remove a random entity from a location's free ones."""
        i = int(self.uniform() * len(free))
        entity = free[i]
        free[i] = free[-1]
        free.pop()
        return entity

    def can_total(self, plain_needed: int = 0) -> bool:
        """True when a location can be given to a total without starving distractors and other counts."""
        left = self.room - self.limits.entities
        unopened = self.limits.locations - len(self.free_counts)
        return unopened > (not self.plain) and left >= self.limits.spare + plain_needed

    def new_plain(self, level: int, clean: bool = False, kind: Kind | None = None) -> int:
        """A count (d = 3: or an average) in a plain location, or -1 when the names have run out."""
        if self.room <= self.limits.spare:
            return -1
        uniform = self.uniform
        if kind is None:
            kind = "average" if self.limits.d == 3 and uniform() < 0.35 else "count"
        plain = self.plain
        may_open = len(self.free_counts) < self.limits.locations
        if plain and (not may_open or uniform() < 0.7):
            location = plain[int(uniform() * len(plain))]
            free = self.free_counts[location] if kind == "count" else self.free_averages[location]
            if free:
                if kind == "count":
                    self.room -= 1
                return self.place(kind, location, self.take(free), level, clean)
            for location in plain:
                free = self.free_counts[location] if kind == "count" else self.free_averages[location]
                if free:
                    if kind == "count":
                        self.room -= 1
                    return self.place(kind, location, self.take(free), level, clean)
        if not may_open:
            return -1
        location = self.open_location()
        plain.append(location)
        free = self.free_counts[location] if kind == "count" else self.free_averages[location]
        if kind == "count":
            self.room -= 1
        return self.place(kind, location, self.take(free), level, clean)

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
        self.add_pair(total, entity, level, clean, clean)
        return 4

    def add_pair(self, total: int, entity: int, level: int, clean_count: bool, clean_average: bool) -> None:
        """A count and its average as two operands of a second total; at most one of them may hang on the unknown."""
        if not (clean_count or clean_average) and self.limits.reverse:
            clean_count = self.uniform() < 0.5
            clean_average = not clean_count
        depth = self.limits.depth
        other = depth if self.uniform() < 0.5 else level
        count = self.place("count", self.places[total], entity, level, clean_count)
        average = self.place("average", self.places[total], entity, other, clean_average)
        self.operands[total] += (count, average)

    # -- spending op --------------------------------------------------------------------------------------------------

    def lower_level(self, level: int) -> int:
        """A level for a new operand: the deepest one (a constant) more often than not."""
        depth = self.limits.depth
        uniform = self.uniform
        if level + 1 >= depth or uniform() < 0.55:
            return depth
        return level + 1 + int(uniform() * (depth - level - 1))

    def add_existing(self, number: int) -> bool:
        """Use a quantity that is there already, on a deeper level, as one more operand."""
        level, operands, levels = self.levels[number], self.operands[number], self.levels
        n = len(levels)
        start = int(self.uniform() * n)
        clean = self.clean[number]
        for other in [*range(start, n), *range(start)]:
            if levels[other] > level and other not in operands:
                if clean and not self.clean[other]:
                    if other < self.spine or self.operands[other]:
                        continue
                    self.clean[other] = True
                operands.append(other)
                return True
        return False

    def add_new(self, number: int, allowance: int) -> int:
        """Use a new quantity as one more operand: what it costs, or 0 when there is no name for it."""
        level = self.lower_level(self.levels[number])
        clean = self.clean[number]
        limits = self.limits
        if allowance >= 3 and level < limits.depth and self.uniform() < limits.totals and self.can_total():
            if limits.d == 3 and allowance >= 5 and self.uniform() < 0.5:
                total = self.new_total(level, "total3", clean)
                self.add_member(total, limits.depth)
                self.operands[number].append(total)
                return 5
            total = self.new_total(level, "total", clean)
            self.add_member(total, self.lower_level(level))
            self.operands[number].append(total)
            return 3
        new = self.new_plain(level, clean)
        if new < 0:
            return 0
        self.operands[number].append(new)
        return 2

    def grow(self, number: int, allowance: int) -> int:
        """Give a quantity its operands and literal, spending at most `allowance` beyond its minimal cost."""
        spent = 0
        uniform = self.uniform
        if self.kinds[number] in ("total", "total3"):
            step = 2 if self.kinds[number] == "total" else 4
            while allowance - spent >= step:
                cost = self.add_member(number, self.lower_level(self.levels[number]))
                if not cost:
                    break
                spent += cost
            return spent
        operands = self.operands[number]
        if not operands:
            # An inner quantity: its constant (1) gives way to a first operand (1, or 2 with the operand's own constant).
            if allowance and uniform() < 0.6 and (cost := self.add_new(number, allowance + 1)):
                spent = cost - 1
            elif not self.add_existing(number):
                return 0
        fan_in = self.limits.fan_in
        while spent < allowance:
            if not self.literals[number] and uniform() < 0.4:
                self.literals[number] = True
                spent += 1
                continue
            cost = 0
            if len(operands) < fan_in:
                if allowance - spent >= 2 and uniform() < 0.65:
                    cost = self.add_new(number, allowance - spent)
                if not cost:
                    cost = int(self.add_existing(number))
            if not cost:
                if self.literals[number]:
                    break
                self.literals[number] = True
                cost = 1
            spent += cost
        return spent

    def pad(self, slack: int) -> int:
        """Spend a rest anywhere in the skeleton: what was spent, or 0 when nothing can take it."""
        n = len(self.kinds)
        start = int(self.uniform() * n)
        depth, fan_in = self.limits.depth, self.limits.fan_in
        for number in [*range(start, n), *range(start)]:
            operands = self.operands[number]
            if not operands:
                continue
            kind = self.kinds[number]
            if kind == "total" or kind == "total3":
                if slack >= (2 if kind == "total" else 4) and (cost := self.add_member(number, depth)):
                    return cost
                continue
            if not self.literals[number] and (slack == 1 or self.uniform() < 0.5):
                self.literals[number] = True
                return 1
            if len(operands) < fan_in:
                new = self.new_plain(depth, self.clean[number]) if slack >= 2 else -1
                if new >= 0:
                    operands.append(new)
                    return 2
                if self.add_existing(number):
                    return 1
            if not self.literals[number]:
                self.literals[number] = True
                return 1
        return 0


def draw_shape(limits: Limits, uniform: Uniform) -> Shape:
    """A random skeleton of exactly `limits.op`. Raises NoRoom when the limits cannot hold it."""
    shape = Shape(limits, uniform)
    slack = limits.op - lay_spine(shape)
    if slack < 0:
        raise NoRoom(f"depth {limits.depth} needs more than op {limits.op}")
    depth = limits.depth
    for level in range(1, depth):
        row = shape.rows[level]
        i = 0
        while i < len(row):
            waiting = len(row) - i + depth - 1 - level
            if waiting == 1:
                allowance = slack
            else:
                allowance = min(slack, int(2 * uniform() * slack / waiting + 0.5))
            slack -= shape.grow(row[i], allowance)
            i += 1
    while slack:
        spent = shape.pad(slack)
        if not spent:
            raise NoRoom(_tightest(limits))
        slack -= spent
    return shape


def lay_spine(shape: Shape) -> int:
    """One quantity per level, each the first operand of the one above; returns the op they cost at least."""
    limits, uniform = shape.limits, shape.uniform
    depth = limits.depth
    cost = depth
    above = -1
    shape.spine = depth
    thirds: list[tuple[int, int]] = []
    third_layer = limits.d == 2  # d = 3 asks for at least one average
    for level in range(1, depth + 1):
        last_chance = level >= depth - 1 and not third_layer
        if above >= 0 and shape.kinds[above] in ("total", "total3"):
            location = shape.places[above]
            kind: Kind = "average" if shape.kinds[above] == "total3" and uniform() < 0.5 else "count"
            number = shape.place(kind, location, shape.take(shape.free_counts[location]), level)
            if shape.kinds[above] == "total3":
                thirds.append((above, number))
        elif level < depth and uniform() < limits.totals and shape.can_total(depth - level):
            third = limits.d == 3 and limits.op - cost >= 2 and uniform() < 0.5
            if last_chance and not third:
                number = shape.new_plain(level, kind="average")
            else:
                number = shape.new_total(level, "total3" if third else "total")
            if third:
                cost += 2
        else:
            number = shape.new_plain(level, kind="average" if last_chance else None)
        if number < 0:
            raise NoRoom(f"a chain of {depth} needs more than {limits.locations} locations x {limits.entities} entities")
        third_layer = third_layer or shape.kinds[number] in ("average", "total3")
        if above >= 0:
            shape.operands[above].append(number)
        above = number
    for total, member in thirds:  # after the spine, whose quantities are numbered first
        entity, location = shape.entities[member], shape.places[member]
        if shape.kinds[member] == "count":
            shape.operands[total].append(shape.place("average", location, entity, depth, clean=True))
        else:
            shape.operands[total].insert(0, shape.place("count", location, entity, depth, clean=True))
    return cost


def _tightest(limits: Limits) -> str:
    return (
        f"op {limits.op} does not fit into depth {limits.depth}, fan_in {limits.fan_in}, "
        f"{limits.locations} locations x {limits.entities} entities"
    )
