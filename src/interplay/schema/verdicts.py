"""What the verifier says of a solution, as columns: stated here alone, carried by every table that holds solutions.

A verdict column has a closed type: a truth value is true or false, never empty, a number or a text; `error` is one of the
verifier's classes or empty. Anything else is an error of the file, since a text "False" would count as a pass.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictBool

from interplay.schema.row import Float32, Row, column
from interplay.world.verify import ERRORS, Verdict

RULES = {  # rule -> the column that holds its verdict
    "strict": "strict",
    "exact": "exact",
    "paper_v1": "paper_v1",
    "answer": "answer_correct",
}
HACKED = "hacked"  # counted like a rule, but no rule: a right answer with a wrong derivation
NO_ERROR = "none"  # how tables of counts spell that there is no fault
NO_VERDICT = ("judge_failed", "judge_timed_out")  # faults of whoever judged


def _known_error(value: str | None) -> str | None:
    if value is not None and value not in (*ERRORS, *NO_VERDICT):
        raise ValueError(f"no such fault: {value[:40]!r}")
    return value


def _known_fault(value: str) -> str:
    return value if value == NO_ERROR else str(_known_error(value))


def _known_rule(value: str) -> str:
    if value not in (*RULES, HACKED):
        raise ValueError(f"no such rule: {value[:40]!r}")
    return value


ErrorClass = Annotated[str | None, AfterValidator(_known_error)]
FirstFault = Annotated[
    str, AfterValidator(_known_fault), Field(description="first fault; `none` for strictly right solutions")
]
Rule = Annotated[str, AfterValidator(_known_rule), Field(description="rule by which samples are counted")]


class Judged(Row):
    """What every judged solution has."""

    answer: str | None = column("answer as the verifier reads it; empty where there is none or more than one")
    strict: StrictBool = column("every needed step and every printed equality is true, and the answer is right")
    exact: StrictBool = column("strict, and no step that the answer does not need")
    answer_correct: StrictBool = column("the final answer is right, whatever the steps are")
    process_accuracy: Float32 = column("share of the needed quantities that are derived rightly")
    error: ErrorClass = column("first fault in reading order; empty if there is none")


class JudgedByAll(Judged):
    """The rule of the published release costs as much as all the others, so rollouts go without it."""

    paper_v1: StrictBool = column("the rule of the published release accepts, its leniencies included")


def columns_of(verdict: Verdict, row: type[Judged] = JudgedByAll) -> dict[str, Any]:
    """A verdict as the cells of a row."""
    return {name: getattr(verdict, name) for name in row.columns()}
