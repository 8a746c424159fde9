"""Index-addressable streams of problems: item i is a pure function of (stream identity, i).

Nothing is stored. Any worker can make any item, in any order, and the bytes are the same, which is what exact resume and
disjoint splits rest on. A problem's split is decided by its canonical digest, so two splits of one world can never share
a problem, whatever their seeds: an index whose draw falls into another split draws again under a new name.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Literal, Self, TypeVar, overload

from pydantic import Field, PositiveInt, model_validator

from interplay.config import Config
from interplay.data.mixture import Cell, Mixture, World
from interplay.data.vocabulary import context_of
from interplay.world.context import Context
from interplay.world.digest import digest
from interplay.world.graph import Graph
from interplay.world.problem import Problem, make
from interplay.world.randomness import stream
from interplay.world.sample import Spec, sample_graph

Made = TypeVar("Made")
Split = Literal["train", "rl", "val", "test"]

# Shares of the digest space, in sixteenths: train 0..10, rl 11..13, val 14, test 15.
SPLIT_OF_BUCKET: tuple[Split, ...] = ("train",) * 11 + ("rl",) * 3 + ("val", "test")
MAX_DRAWS = 2000


class CellExhausted(ValueError):
    """A split has no problem of a cell: the cell has too few distinct ones in this world."""


def split_of(problem: Problem) -> Split:
    """The split a problem belongs to, from its canonical digest (letters, order and distractors ignored)."""
    return _split_of_graph(problem.graph)


def _split_of_graph(graph: Graph) -> Split:
    return SPLIT_OF_BUCKET[int(digest(graph)[:1], 16)]


class Replay(Config):
    """A share of items from elsewhere: training problems of another mixture, so that what was known is not forgotten."""

    mixture: Mixture
    share: float = Field(gt=0, lt=1)


class Stream(Config):
    """The identity of a stream; `seed` names a family of streams, it is never added to anything.

    - `distinct`: items are drawn again and again from the first so many, as epochs do; without it none comes twice
    - `replay`: and a share of them from training problems of another mixture
    """

    world: World
    mixture: Mixture
    split: Split = "train"
    seed: int = 0
    distinct: PositiveInt | None = None
    replay: Replay | None = None

    @model_validator(mode="after")
    def _world_has_the_cells(self) -> Self:
        self.world.check(self.mixture)
        if self.replay:
            self.world.check(self.replay.mixture)
        return self

    @overload
    def __getitem__(self, index: int) -> Problem: ...
    @overload
    def __getitem__(self, index: str) -> Any: ...
    def __getitem__(self, index: int | str) -> Problem | Any:
        """Item `index`. Raises ValueError where the split has no problem of the drawn cell."""
        if isinstance(index, str):
            return getattr(self, index)
        if index < 0:
            raise IndexError(f"a stream has no item {index}")
        source, cell, number = self.place(index)
        return source.draw(cell, number)

    def place(self, index: int) -> tuple[Stream, Cell, int]:
        """What item `index` is, without making it: the stream that draws it, its cell and its number there."""
        if self.replay and stream("replay", self.split, self.seed, index).random() < self.replay.share:
            elsewhere = {"mixture": self.replay.mixture, "split": "train", "distinct": None, "replay": None}
            return self.model_copy(update=elsewhere).place(index)
        if self.distinct:
            index = stream("again", self.split, self.seed, index).randrange(self.distinct)
        return self, self.mixture.pick(stream("cell", self.split, self.seed, index).random()), index

    def __iter__(self) -> Iterator[Problem]:  # type: ignore[override]
        """Every item from 0 on, without end."""
        return (self[index] for index in itertools.count())

    def keys(self) -> tuple[str, ...]:
        """The fields: `dict(stream)` is its config, as of every other one, which is how exca reads what a stage depends on."""
        return tuple(type(self).model_fields)

    def draw(self, cell: Cell, *names: int | str) -> Problem:
        """A problem of `cell` that belongs to this split, named by `names`."""
        return self._draw(make, lambda problem: problem.graph, cell, names)

    def draw_graph(self, cell: Cell, *names: int | str) -> Graph:
        """The graph of what `draw` would give, in two thirds of its time: no text is written."""
        return self._draw(sample_graph, lambda graph: graph, cell, names)

    def _draw(
        self,
        made: Callable[[Spec, Context, str, Random], Made],
        graph_of: Callable[[Made], Graph],
        cell: Cell,
        names: tuple[int | str, ...],
    ) -> Made:
        context = context_of(cell.context)
        spec = self.world.spec(cell)
        for attempt in range(MAX_DRAWS):
            rng = stream("problem", self.split, self.seed, str(cell), *names, attempt)
            found = made(spec, context, self.world.style, rng)
            if _split_of_graph(graph_of(found)) == self.split:
                return found
        raise CellExhausted(
            f"no problem of {cell} fell into the split {self.split!r} in {MAX_DRAWS} draws: "
            "the cell has too few distinct problems in this world"
        )

    def first(self, count: int) -> Iterator[Problem]:
        """The first `count` items, made as they are asked for."""
        return (self[index] for index in range(count))


def shares(cells: Sequence[Cell], count: int) -> list[tuple[Cell, int]]:
    """`count` problems in equal parts, the first cells taking what is left over."""
    return [(cell, (count + len(cells) - 1 - position) // len(cells)) for position, cell in enumerate(cells)]


def distinct_problems(source: Stream, cell: Cell, count: int) -> list[Problem]:
    """Up to `count` problems of a cell with distinct digests, in a fixed order; fewer where the cell has no more.

    A cell counts as exhausted after `20 * count` draws, so the caller must compare lengths and say what it got.
    """
    seen: dict[str, Problem] = {}
    for index in range(20 * count):
        if len(seen) == count:
            break
        try:
            problem = source.draw(cell, "distinct", index)
        except CellExhausted:
            break
        seen.setdefault(digest(problem.graph), problem)
    return list(seen.values())
