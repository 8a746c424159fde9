"""What a stream serves: cells of op x context x mode with weights, in a world whose other axes are fixed.

Weights must sum to one. The released presets of the paper did not (one summed to 1.80), and nobody noticed, because
the loader neither normalised nor complained.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal, Self

from pydantic import Field, NonNegativeFloat, model_validator

from interplay.config import Config
from interplay.data.vocabulary import Vocabulary, Words, context_of
from interplay.world.graph import MAX_OP, Mode
from interplay.world.problem import GENERATOR_VERSION, Problem
from interplay.world.randomness import stream
from interplay.world.sample import Spec, sample_graph
from interplay.world.spec import Order

Range = tuple[int, int]


class World(Config):
    """Every axis of difficulty that is not the cell: the style of the text and the bounds of the graphs."""

    style: Literal["full", "terse"] = "full"
    d: Literal[2, 3] = 2
    distractors: int | Range = (0, 4)
    depth: int | Range | None = None
    fan_in: int | None = None
    locations: int | None = None
    entities: int | None = None
    names: int | None = None
    numbers: Range | None = None
    multipliers: Range | None = None
    max_value: int | None = None
    unknown: Range | None = None
    totals: float | None = None
    copies: float | None = None
    differences: float | None = None
    products: float | None = None
    order: Order | None = None

    def depends_on(self) -> Mapping[str, str]:
        """The code that makes the problems."""
        return {"generator": GENERATOR_VERSION}

    def spec(self, cell: Cell) -> Spec:
        """The generator's specification of one cell. Raises ValueError for an impossible combination."""
        chosen = self.model_dump(exclude={"style"}, exclude_none=True)
        return Spec(op=cell.op, mode=cell.mode, **chosen)

    def check(self, mixture: Mixture) -> None:
        """Raises ValueError where a cell cannot be in this world, before anything is trained: a problem of each is drawn."""
        for cell in mixture.cells:
            try:
                _draw_one(self, cell)
            except ValueError as error:
                raise ValueError(f"{cell} cannot be in this world: {error}") from None


class Cell(Config):
    """One kind of problem."""

    op: int = Field(ge=1, le=MAX_OP)
    context: Vocabulary = "zoo"
    mode: Mode = "forward"

    def depends_on(self) -> Mapping[str, str]:
        """The words, also of a built-in context."""
        words = context_of(self.context).digest
        return {"context": f"{self.context}-{words}" if isinstance(self.context, str) else str(self.context)}

    def __str__(self) -> str:
        return f"op{self.op}/{self.context}/{self.mode}"


@lru_cache(maxsize=4096)
def _draw_one(world: World, cell: Cell) -> None:
    sample_graph(world.spec(cell), context_of(cell.context), world.style, stream("one of a cell", str(cell)))


def cell_name(problem: Problem) -> str:
    """How the cell is spelled that a problem was drawn from."""
    return f"op{problem.op}/{problem.context}/{problem.mode}"


class Share(Config):
    """A cell and its share of the mixture, in documents."""

    cell: Cell
    weight: NonNegativeFloat


class Mixture(Config):
    """Weighted cells; weights are shares of documents and sum to one."""

    shares: tuple[Share, ...]

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        total = math.fsum(share.weight for share in self.shares)
        if not math.isclose(total, 1.0, abs_tol=1e-6):
            raise ValueError(f"mixture weights must sum to 1, they sum to {total:.6g}")
        return self

    @classmethod
    def of(cls, weights: Mapping[Cell, float]) -> Mixture:
        """A mixture from a mapping; cells of weight zero are left out."""
        return cls(shares=tuple(Share(cell=cell, weight=weight) for cell, weight in weights.items() if weight))

    @classmethod
    def uniform(
        cls, ops: Iterable[int], contexts: Sequence[str | Words] = ("zoo",), modes: Sequence[Mode] = ("forward",)
    ) -> Mixture:
        """Every combination of the given values with the same weight."""
        cells = [Cell(op=op, context=context, mode=mode) for op in ops for context in contexts for mode in modes]
        if not cells:
            raise ValueError("a mixture needs at least one op, one context and one mode")
        return cls.of({cell: 1 / len(cells) for cell in cells})

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells in their given order."""
        return tuple(share.cell for share in self.shares)

    def pick(self, u: float) -> Cell:
        """The cell at quantile `u` in [0, 1)."""
        for share in self.shares:
            u -= share.weight
            if u < 0:
                return share.cell
        return self.shares[-1].cell


def blend(parts: Iterable[tuple[Mixture, float]]) -> Mixture:
    """Mixtures in the given proportions, which sum to one; a cell that occurs twice gets the sum."""
    weights: dict[Cell, float] = {}
    for mixture, proportion in parts:
        for share in mixture.shares:
            weights[share.cell] = weights.get(share.cell, 0.0) + proportion * share.weight
    return Mixture.of(weights)
