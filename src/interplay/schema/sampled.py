"""Tables of problems and solutions: what an evaluation and RL keep of every sample, and what a study keeps to look at.

A column of samples is a line here. One that the verifier gives belongs to `verdicts.py`, and every table below has it.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, NonNegativeInt, StrictBool, create_model, model_validator

from interplay.schema.row import ArmName, Float32, Int16, Int32, Regime, Row, column, types_of
from interplay.schema.verdicts import ErrorClass, Judged, JudgedByAll

ProblemId = Annotated[str, Field(description="problem, by its id in `problems.parquet`")]


class Problem(Row):
    """One problem that was asked, with its gold solution and graph."""

    problem_id: str = column("unique in the table")
    regime: Regime
    context: str = column("vocabulary of the problem")
    op: Int16 = column("operation count")
    mode: str = column("forward or reverse")
    problem: str = column("the facts, as the model read them")
    question: str = column("what is asked")
    solution: str = column("the gold solution")
    answer: str = column("the gold answer")
    graph: str = column("the dependency graph, as JSON")


class Drawn(Row):
    """One sampled solution, before anybody judges it."""

    problem_id: ProblemId
    sample: Int32 = column("number of the sample, from 0")
    text: str = column("what the model wrote, unchanged")
    num_tokens: Int32 = column("tokens sampled, the end token included")
    finished: StrictBool = column("the model ended it; false where it was cut at the limit")


class Sample(JudgedByAll, Drawn):
    """One sampled solution with its verdict under every rule."""


class RolledOut(Row):
    """One solution that RL sampled, and what it earned."""

    step: Int32 = column("optimizer step that drew it, from 1")
    problem_id: str = column("problem of the pool")
    context: str = column("vocabulary of the problem")
    op: Int16 = column("operation count")
    mode: str = column("forward or reverse")
    sample: Int16 = column("number within its group, from 0")
    text: str = column("what the model wrote, unchanged")
    num_tokens: Int32 = column("tokens sampled, the end token included")
    finished: StrictBool = column("the model ended it; false where it was cut at the limit")
    reward: Float32 = column("reward of the whole solution")


class Rollout(Judged, RolledOut):
    """One sampled solution of RL with its verdict."""


class GreedyText(Row):
    """What the model writes when it does not draw."""

    text: str = column("what the model writes when it does not draw")
    num_tokens: Int32 = column("tokens of that, the end token included")
    finished: StrictBool = column("the model ended it")


class Greedy(JudgedByAll, GreedyText):
    """The same with its verdict."""


class GoldLikelihood(Row):
    """Likelihood of one gold solution."""

    problem_id: ProblemId
    nll_sum: float = column("negative log-likelihood of the whole gold completion, in nats")
    num_tokens: Int32 = column("tokens of the gold completion, the end token included")


_GREEDY: dict[str, Any] = {
    f"greedy_{name}": (annotation, column(Greedy.meanings()[name])) for name, annotation in types_of(Greedy).items()
}
Gold = create_model("Gold", __base__=GoldLikelihood, **_GREEDY)
Gold.__doc__ = "Likelihood of one gold solution; and the greedy solution of its problem, with the verdict."


class Place(Row):
    """A step, characters `start` to `end` of its text."""

    name: str = column("quantity that the step derives")
    start: Int32 = column("first character")
    end: Int32 = column("character after the last")


class JudgedStep(Place):
    """A step with its fault."""

    error: ErrorClass = column("what is wrong with the step; empty if nothing")


class ClaimedStep(Place):
    """A step of a sampled solution as the explorer shows it."""

    needed: StrictBool = column("the answer needs it")
    error: ErrorClass = column("what is wrong with the step; empty if nothing")
    parents: tuple[str, ...] = column("quantities that its formula names")
    value: str = column("value it ends in; empty where it ends in none")


def refuse_steps_outside(steps: tuple[Place, ...], text: str) -> None:
    """Raise ValueError where steps overlap or leave the text."""
    position = 0
    for step in steps:
        if not position <= step.start <= step.end <= len(text):
            raise ValueError(f"the step {step.name!r} ({step.start} to {step.end}) does not lie in the text")
        position = step.end


class KeptProblem(Problem):
    """A problem that a study keeps for the explorer."""

    values: dict[str, str] = column("value of every quantity, as text")
    steps: tuple[Place, ...] = column("steps of the gold solution")

    @model_validator(mode="after")
    def _steps_lie_in_the_solution(self) -> Self:
        refuse_steps_outside(self.steps, self.solution)
        return self


class Whose(Row):
    """The arm and seed of a sample."""

    arm: ArmName
    seed: Int32 = column("training seed")


class KeptSample(JudgedByAll, Drawn, Whose):
    """A sampled solution that a study keeps for the explorer, with its steps."""

    faulty_from: Annotated[Int32 | None, Field(ge=0)] = column("character from which the text is no solution any more")
    steps: tuple[ClaimedStep, ...] = column("every step with its verdict")

    @model_validator(mode="after")
    def _steps_lie_in_the_text(self) -> Self:
        refuse_steps_outside(self.steps, self.text)
        return self


class Shown(Row):
    """A solution and its problem, to be printed."""

    arm: ArmName
    seed: NonNegativeInt = column("training seed")
    regime: Regime
    op: int = column("operation count")
    context: str = column("vocabulary of the problem")
    problem: str = column("the facts, as the model read them")
    question: str = column("what is asked")
    gold: str = column("the gold solution")
    text: str = column("what the model wrote, unchanged")


class Example(JudgedByAll, Shown):
    """One sampled solution that the report prints."""

    steps: tuple[JudgedStep, ...] = column("every step with its fault")
    graph: dict[str, object] = column("the dependency graph")

    @model_validator(mode="after")
    def _steps_lie_in_the_text(self) -> Self:
        refuse_steps_outside(self.steps, self.text)
        return self
