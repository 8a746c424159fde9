"""Where RL's problems come from: a pool, and what of it is asked when.

pool       the stream's mixture, uniform: the comparison arm, at equal compute, of every selection
edge       problems that the start model fails at k=1 and solves within k=K, by a measurement before the first step
refreshed  the same, measured again by the policy as it is after every so many steps
adaptive   cells up to an op that rises when accuracy there reaches a threshold
scheduled  cells up to an op that rises step by step, whatever the accuracy

All of it is data; what a step gets follows from its number and the saved state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from interplay.config import Config
from interplay.data.mixture import Mixture
from interplay.data.stream import Stream
from interplay.world.problem import Problem


class UniformPool(Config):
    """Problems drawn from the stream's mixture, never repeated."""

    stream: Stream

    def take(self, first: int, count: int) -> list[Problem]:
        """Items `first` to `first + count`."""
        return [self.stream[first + i] for i in range(count)]

    @property
    def ops(self) -> list[int]:
        """The ops of the mixture, rising."""
        return sorted({cell.op for cell in self.stream.mixture.cells})

    def up_to(self, top: int) -> UniformPool:
        """The cells up to an op, in their old proportions."""
        shares = [share for share in self.stream.mixture.shares if share.cell.op <= top]
        total = sum(share.weight for share in shares)
        mixture = Mixture.of({share.cell: share.weight / total for share in shares})
        stream = self.stream
        return UniformPool(stream=Stream(world=stream.world, mixture=mixture, split=stream.split, seed=stream.seed))


class Filter(Config):
    """Of the pool's first `candidates`, those with one right sample of `samples` or more, but at most `max_rate` of them.

    With a rate of at most one half a single sample more often fails than not. The chosen problems come in the order of
    the stream and again from the start when they run out.
    """

    candidates: PositiveInt
    samples: int = Field(ge=2)
    max_rate: float = Field(default=0.5, gt=0, lt=1)

    def on_edge(self, successes: Sequence[int]) -> list[int]:
        """Indices of the stream, from the right samples of each candidate; none where none qualifies."""
        return [i for i, right in enumerate(successes) if 1 <= right <= self.max_rate * self.samples]

    def chosen(self, successes: Sequence[int]) -> list[int]:
        """The same. Raises ValueError where none qualifies."""
        indices = self.on_edge(successes)
        if not indices:
            raise ValueError(
                f"no problem of {self.candidates} is on the edge (1 right of {self.samples}, at most {self.max_rate:.0%}): "
                "ask for more candidates or more samples, or choose other ops"
            )
        return indices


class Edge(Filter):
    """Measured once, before the first step."""

    kind: Literal["edge"] = "edge"


class Refreshed(Filter):
    """The same candidates measured before the first step and again after every `every` steps, each time by the policy as it
    is. Where it has none on its edge any more, those chosen before are kept."""

    kind: Literal["refreshed"] = "refreshed"
    every: PositiveInt

    def is_due(self, step: int) -> bool:
        """Whether the candidates are measured again before step number `step`, the first being 0."""
        return step > 0 and step % self.every == 0


class Adaptive(Config):
    """Ops up to a top that moves to the next op when the mean accuracy there over `window` steps reaches `threshold`."""

    kind: Literal["adaptive"] = "adaptive"
    start_op: int
    threshold: float = Field(default=0.5, gt=0, le=1)
    window: PositiveInt = 5


class Scheduled(Config):
    """Ops up to a top that is `start_op` at first; it and each higher op of the pool are the top for an equal share of `steps`,
    whatever the accuracy."""

    kind: Literal["scheduled"] = "scheduled"
    start_op: int
    steps: PositiveInt

    def top(self, ops: Sequence[int], step: int) -> int:
        """The highest op of step number `step`, the first being 0."""
        rising = [op for op in ops if op >= self.start_op]
        return rising[min(step * len(rising) // self.steps, len(rising) - 1)]


Selection = Annotated[Edge | Refreshed | Adaptive | Scheduled, Field(discriminator="kind")]


def check_ops(pool: UniformPool, selection: Selection | None) -> None:
    """Raises ValueError where a selection names an op that the pool does not have."""
    if isinstance(selection, Adaptive | Scheduled) and selection.start_op not in pool.ops:
        raise ValueError(f"op {selection.start_op} is not in the pool, which has {pool.ops}")


class PoolState(Config):
    """What a selection knows so far; saved in every checkpoint.

    successes  per candidate of a filter, right samples in the measurement that its problems are chosen by
    top        an adaptive selection's highest op
    recent     strict accuracy at the top, of the last steps that asked there
    """

    successes: tuple[int, ...] = ()
    top: int = 0
    recent: tuple[float, ...] = ()


def start_state(selection: Selection | None, successes: Sequence[int] = ()) -> PoolState:
    """The state before the first step; `successes` is the measurement a filter needs."""
    return PoolState(successes=tuple(successes), top=selection.start_op if isinstance(selection, Adaptive) else 0)


def take(
    pool: UniformPool, selection: Selection | None, state: PoolState, step: int, first: int, count: int
) -> list[Problem]:
    """`count` problems of `step`. `first` counts what earlier steps may have drawn, so none of them comes twice."""
    match selection:
        case None:
            return pool.take(first, count)
        case Edge() | Refreshed():
            indices = selection.chosen(state.successes)
            return [pool.stream[indices[(first + i) % len(indices)]] for i in range(count)]
        case Adaptive():
            return pool.up_to(state.top).take(first, count)
        case Scheduled():
            return pool.up_to(selection.top(pool.ops, step)).take(first, count)


def after_measuring(selection: Filter, state: PoolState, successes: Sequence[int]) -> PoolState:
    """The state after the candidates were measured again."""
    return PoolState(successes=tuple(successes)) if selection.on_edge(successes) else state


def after_step(
    pool: UniformPool, selection: Selection | None, state: PoolState, results: Sequence[tuple[int, float]]
) -> PoolState:
    """The state after a step whose groups had these (op, share of strict samples)."""
    if not isinstance(selection, Adaptive):
        return state
    at_top = [accuracy for op, accuracy in results if op == state.top]
    if not at_top:
        return state
    recent = (*state.recent, sum(at_top) / len(at_top))[-selection.window :]
    higher = [op for op in pool.ops if op > state.top]
    if higher and len(recent) == selection.window and sum(recent) / len(recent) >= selection.threshold:
        return PoolState(top=higher[0])
    return PoolState(top=state.top, recent=recent)
