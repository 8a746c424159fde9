"""What the verifier says of a solution, as columns: stated here alone, carried by every table that holds solutions.

A verdict column has a closed type: a truth value is true or false, never empty, a number or a text; `error` is one of the
verifier's classes or empty. Anything else is an error of the file, since a text "False" would count as a pass.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool

from interplay.schema.row import Float32, Int16, Row, column
from interplay.world.verify import ERRORS, OUTCOMES, Verdict

RULES = {  # rule -> the column that holds its verdict
    "strict": "strict",
    "exact": "exact",
    "sound": "sound",
    "paper_v1": "paper_v1",
    "answer": "answer_correct",
}
COUNTED = {  # counted like a rule, but none: what right answers are made of that are not strictly right
    "hacked": "right answer with a step that is false, unsupported or missing",
    "shortened": "right answer with a sound derivation that leaves steps out",
    "unreadable": "right answer in a text that is not in the format",
    "not_strict": "right answer that is not strictly right: hacked, shortened, folded or unreadable",
}
NO_ERROR = "none"  # how tables of counts spell that there is no fault
NO_VERDICT = ("judge_failed", "judge_timed_out")  # faults of whoever judged


def _known_error(value: str | None) -> str | None:
    if value is not None and value not in (*ERRORS, *NO_VERDICT):
        raise ValueError(f"no such fault: {value[:40]!r}")
    return value


def _known_fault(value: str) -> str:
    return value if value == NO_ERROR else str(_known_error(value))


def _known_rule(value: str) -> str:
    if value not in (*RULES, *COUNTED):
        raise ValueError(f"no such rule: {value[:40]!r}")
    return value


def _known_outcome(value: str) -> str:
    if value not in OUTCOMES:
        raise ValueError(f"no such outcome: {value[:40]!r}")
    return value


Outcome = Annotated[
    str, AfterValidator(_known_outcome), Field(description="what became of the solution, one class each")
]
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
    sound: StrictBool = column("as strict, but a step may shorten: what it leaves out is replaced by its rule")
    sound_folded: StrictBool = column("not sound only because derived values stand as numbers that were never printed")
    num_shortened: Int16 = column("steps that sound accepts and strict does not")
    answer_correct: StrictBool = column("the final answer is right, whatever the steps are")
    process_accuracy: Float32 = column("share of the needed quantities that are derived rightly")
    error: ErrorClass = column("first fault in reading order; empty if there is none")
    outcome: Outcome


class JudgedByAll(Judged):
    """The rule of the published release costs as much as all the others, so rollouts go without it."""

    paper_v1: StrictBool = column("the rule of the published release accepts, its leniencies included")


def columns_of(verdict: Verdict, row: type[Judged] = JudgedByAll) -> dict[str, object]:
    """A verdict as the cells of a row."""
    return {name: getattr(verdict, name) for name in row.columns()}
