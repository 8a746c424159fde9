"""What a problem must be: op and, independent of it, every other axis of difficulty.

A spec is checked when it is made, so that a wrong one fails before the first problem and not in the middle of a
stream. Bounds that depend on the vocabulary are checked when a problem is drawn. Bounds that only together leave no
room (say, few names, a small largest value and a high op) show when a problem is drawn, with the bound that was hit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from .graph import MAX_OP, Mode

Span = int | tuple[int, int]
Order = Literal["random", "depth_first", "ready"]

DEFAULT_FAN_IN = 4
MIN_OP = {"forward": 1, "reverse": 2}  # hiding a lone constant would leave nothing to derive it from


@dataclass(frozen=True, kw_only=True)
class Spec:
    """`None` leaves an axis free; a pair is an inclusive range, from which every problem draws uniformly.

    distractors  facts the answer does not need: exactly so many, whatever op is
    depth        quantities on the longest chain from a constant to the target
    fan_in       most operands of a stated rule (totals have as many as their location has members); free: 4
    locations    most different locations in a problem; likewise entities
    names        use only the first so many locations and entities of the context
    numbers      constants and addends
    multipliers  factors, and the constants inside the products of a second total
    max_value    every needed value is in 1..max_value, every other one in 0..max_value
    unknown      the answer of a reverse problem
    order        of the gold solution's steps: random among those that are ready; depth_first: each operand is worked out
                 before the next one is begun; ready: of those that are ready always the one that the text states first
                 (totals, which it does not state, last). In the latter two, totals list their members as the text does
    totals       chance that a derived quantity is a total, where a location is free for one; totals need two locations
    copies       chance that a derived quantity may be a mere copy of another or a total of one member, so that 0 has
                 none but where op leaves nothing else (op 2); free: as often as it happens, a quarter to a third of steps
    differences  chance that two operands are subtracted and not added, where both stay in bounds
    products     chance that a literal multiplies and does not add, where both stay in bounds
    """

    op: int
    mode: Mode = "forward"
    d: int = 2
    distractors: Span = 0
    depth: Span | None = None
    fan_in: int | None = None
    locations: int | None = None
    entities: int | None = None
    names: int | None = None
    numbers: tuple[int, int] = (1, 20)
    multipliers: tuple[int, int] = (2, 5)
    max_value: int = 1000
    unknown: tuple[int, int] = (1, 20)
    totals: float = 0.35
    copies: float | None = None
    differences: float = 0.45
    products: float = 0.5
    order: Order = "random"

    def __post_init__(self) -> None:
        if self.mode not in MIN_OP:
            raise ValueError(f"mode must be forward or reverse, got {self.mode!r}")
        if self.d not in (2, 3):
            raise ValueError(f"d must be 2 or 3, got {self.d!r}")
        if not MIN_OP[self.mode] <= self.op <= MAX_OP:
            raise ValueError(f"op must be in {MIN_OP[self.mode]}..{MAX_OP} in {self.mode} mode, got {self.op}")
        if self.order not in get_args(Order):
            raise ValueError(f"order must be random, depth_first or ready, got {self.order!r}")
        for key in ("totals", "copies", "differences", "products"):
            chance = getattr(self, key)
            if chance is not None and not 0 <= chance <= 1:
                raise ValueError(f"{key} must be in 0..1, got {chance}")
        self._check_numbers()
        self._check_counts()
        self._check_depth()

    def _check_numbers(self) -> None:
        for key, least in (("numbers", 1), ("multipliers", 2), ("unknown", 1)):
            low, high = getattr(self, key)
            if not least <= low <= high:
                raise ValueError(f"{key} must be a range LO,HI with {least} <= LO <= HI, got {(low, high)}")
            if high > self.max_value and (key != "unknown" or self.mode == "reverse"):  # forward problems have none
                raise ValueError(f"{key} reaches {high}, above max_value {self.max_value}")

    def _check_counts(self) -> None:
        for key in ("fan_in", "locations", "entities", "names"):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise ValueError(f"{key} must be at least 1, got {value}")
        for key in ("locations", "entities"):
            value = getattr(self, key)
            if self.names is not None and value is not None and value > self.names:
                raise ValueError(f"{key} {value} is more than the {self.names} names in use")
        low, high = bounds_of(self.distractors)
        if not 0 <= low <= high:
            raise ValueError(f"distractors must be a number or a range from 0 up, got {self.distractors}")
        locations, entities = self.locations or self.names, self.entities or self.names
        if locations and entities and locations * entities <= high:
            raise ValueError(f"{high} distractors need more than {locations} locations x {entities} entities")

    def _check_depth(self) -> None:
        if self.depth is None:
            return
        low, high = bounds_of(self.depth)
        least = 1 if self.op == 1 else 2
        if not least <= low <= high <= self.op:
            raise ValueError(f"depth must be in {least}..{self.op} at op {self.op}, got {self.depth}")
        fan_in = self.fan_in or DEFAULT_FAN_IN
        if self.totals == 0 and low > 1 and (most := capacity(low, fan_in)) < self.op:
            raise ValueError(f"op {self.op} cannot be reached at depth {low} and fan_in {fan_in}: at most {most}")
        if self.copies == 0 and low > (deepest := deepest_without_copies(self.op)):
            raise ValueError(f"op {self.op} without copies has depth {deepest} at most, got {self.depth}")


def bounds_of(span: Span) -> tuple[int, int]:
    """The least and the most of a number or a range."""
    return (span, span) if isinstance(span, int) else (span[0], span[1])


def deepest_without_copies(op: int) -> int:
    """The longest chain in which every derived quantity has two in-edges; at op 2 nothing but a copy is possible."""
    return max(min(op, 2), (op + 1) // 2)


def capacity(depth: int, fan_in: int) -> int:
    """The op of the fullest tree without totals: a literal and `fan_in` operands everywhere above the constants."""
    op = 1
    for _ in range(depth - 1):
        op = fan_in + 1 + fan_in * op
    return op
