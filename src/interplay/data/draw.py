"""Problems on demand: of one cell or of a scale's regime, of one split or of none.

Of `test` and `val` they are drawn as an evaluation draws them: distinct, and shared equally among the cells. Of `train`
and `rl` they come as training meets them, by the mixture and with repeats. Of no split they are drawn freely, and
`split_of` says where each would fall.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from interplay.data.mixture import Mixture, World
from interplay.data.stream import Split, Stream, distinct_problems, shares
from interplay.data.vocabulary import context_of
from interplay.world.graph import to_dict
from interplay.world.problem import Problem, make, to_row
from interplay.world.randomness import stream

# contexts, modes, ops and axes where no scale is named; an axis that is not here is left to the generator
ALONE: tuple[Any, Any, Any, dict[str, Any]] = (("zoo",), ("forward",), (5,), {"style": "full", "distractors": 0})
DISTINCT: tuple[Split, ...] = ("val", "test")


def draw(world: World, mixture: Mixture, count: int, seed: int, split: Split | None) -> Iterator[Problem]:
    """Up to `count` problems; fewer of a split that has no more distinct ones."""
    if split is None:
        return (free(world, mixture, seed, index) for index in range(count))
    source = Stream(world=world, mixture=mixture, split=split, seed=seed)
    return iter(shared(source, count)) if split in DISTINCT else source.first(count)


def free(world: World, mixture: Mixture, seed: int, index: int) -> Problem:
    """Problem `index` of no split."""
    cell = mixture.pick(stream("sample cell", seed, index).random())
    context = context_of(cell.context)
    axes = json.dumps(world.model_dump(exclude_none=True), sort_keys=True)
    rng = stream("sample", seed, context.name, cell.op, cell.mode, axes, index)
    return make(world.spec(cell), context, world.style, rng)


def shared(source: Stream, count: int) -> list[Problem]:
    """`count` distinct problems, shared equally among the cells; fewer where a cell has no more."""
    return [
        problem
        for cell, number in shares(source.mixture.cells, count)
        for problem in distinct_problems(source, cell, number)
    ]


def file_row(problem: Problem) -> dict[str, object]:
    """The problem as files hold it: its graph is JSON text, so that Arrow and data frames keep it as it is."""
    return {**to_row(problem), "graph": json.dumps(to_dict(problem.graph), ensure_ascii=False, separators=(",", ":"))}
