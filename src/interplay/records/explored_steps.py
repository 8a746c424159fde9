"""What a solution claims, step by step: the verifier's verdict, the parents a step names and the value it ends in.

A verdict says that a step is wrong; who wants to see how needs the solution's own graph beside the gold one. It is read
from the formula of each step as written, its auxiliary letters replaced by what they were made of. A letter that stands
for nothing stays as it is: it is then a parent that the problem does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from interplay.world import trace
from interplay.world.expression import Expression, value
from interplay.world.graph import Linear
from interplay.world.reference import Reference
from interplay.world.steps import Step
from interplay.world.verify import EQUATION, Verdict


class ClaimedStep(NamedTuple):
    """One step, characters start to end of the text; `value` is empty where the step ends in none."""

    name: str
    start: int
    end: int
    needed: bool
    error: str | None
    parents: tuple[str, ...]
    value: str


class Claims(NamedTuple):
    """The steps of a solution, and the character from which the text is not a solution any more, if there is one."""

    steps: tuple[ClaimedStep, ...]
    faulty_from: int | None


def claims(reference: Reference, text: str, verdict: Verdict) -> Claims:
    """The steps that `verdict` judged, in the same order, with what each of them claims."""
    solution = trace.read(text)
    letters: dict[str, tuple[str, ...]] = {}
    found = []
    for judged, step in zip(verdict.steps, solution.steps, strict=False):
        parents = _parents(step, reference, letters, terse=solution.style == "terse")
        letters[step.letter] = (judged.name,)
        found.append(ClaimedStep(*judged[:5], parents, _value(step)))
    if solution.tail is not None:
        solved = "" if solution.tail.solution is None else _spelled(solution.tail.solution)
        assert verdict.steps[-1].name == EQUATION, "the tail is the last step"
        found.append(ClaimedStep(*verdict.steps[-1][:5], (reference.target.name,), solved))
    return Claims(tuple(found), solution.faulty_from)


def _parents(step: Step, reference: Reference, letters: dict[str, tuple[str, ...]], *, terse: bool) -> tuple[str, ...]:
    """The quantities in the step's formula, in reading order; binds its auxiliary letters."""
    parents: tuple[str, ...] = ()
    for assignment in step.assignments or ():
        names = _names(assignment.segments[0])
        if terse:
            parents = tuple(dict.fromkeys(_resolved(name, reference) for name in names))
        else:
            parents = tuple(dict.fromkeys(parent for name in names for parent in letters.get(name, (name,))))
            letters[assignment.target] = parents
    return parents


def _names(expression: Expression | None) -> list[str]:
    if expression is None:
        return []
    return [name for _, name in expression.linear] + [name for _, names in expression.products for name in names]


def _resolved(name: str, reference: Reference) -> str:
    node = reference.resolve(name)
    return name if node is None else node.name


def _value(step: Step) -> str:
    if step.unknown:
        return "x"
    if not step.assignments:
        return ""
    last = step.assignments[-1].segments[-1]
    return "" if last is None else _spelled(last)


def _spelled(expression: Expression) -> str:
    found = value(expression)
    return "" if found is None else spell(Linear(*found))


def spell(number: Linear) -> str:
    """`14`, `x`, `3x + 4`, `-2x + 7`."""
    slope, constant = number
    if not slope:
        return str(constant)
    multiple = {1: "x", -1: "-x"}.get(slope, f"{slope}x")
    return multiple if not constant else f"{multiple} {'-' if constant < 0 else '+'} {abs(constant)}"


def node_values(values: Mapping[str, Linear]) -> dict[str, str]:
    """Every value as the page shows it."""
    return {name: spell(found) for name, found in values.items()}
