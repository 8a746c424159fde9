"""Kinds of values that settings have: each once, at least one, from the least to the most, shares, ops.

What does not fit is refused in a line that names the setting, before a study is made.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from interplay.world.graph import MAX_OP


def _each_once(values: tuple[object, ...]) -> tuple[object, ...]:
    """A seed that stands twice would be counted as two trainings, a context as two shares."""
    for place, value in enumerate(values):
        if value in values[:place]:
            raise ValueError(f"{value} stands twice")
    return values


def _some(values: tuple[object, ...]) -> tuple[object, ...]:
    """Of what a study goes through one by one: without any there is nothing to run."""
    if not values:
        raise ValueError("at least one is needed")
    return values


def _rising(values: tuple[float, ...]) -> tuple[float, ...]:
    """Doses: a study compares the most with the least, and reads both from their places."""
    if list(values) != sorted(values):
        raise ValueError(f"they stand from the least to the most, got {', '.join(f'{value:g}' for value in values)}")
    return values


def _from_zero(values: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
    """Doses of which the first is none at all."""
    if values[0] != 0:
        raise ValueError(f"{info.field_name} begin with 0, what the others are compared with; got {values[0]:g} first")
    return values


Once, Some, Rising = AfterValidator(_each_once), AfterValidator(_some), AfterValidator(_rising)
Shares = Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], Once, Some, Rising]
FromZero = Annotated[Shares, AfterValidator(_from_zero)]
Ops = Annotated[tuple[Annotated[int, Field(ge=1, le=MAX_OP)], ...], Once, Rising]


def percent(share: float) -> str:
    """A share in the name of an arm: `0_1` for 0.1 %."""
    return f"{100 * share:g}".replace(".", "_")
