"""Is every step of a solution a true derivation? Judged against the problem's graph, with a reason for every no.

A step is a true derivation when what it writes after the first `V =`, its auxiliary letters expanded, is the same
polynomial in the same parent quantities as the problem's own rule, when every further `= ...` of it is true in exact
arithmetic, and when it ends in the value. Nothing may be used before it is defined or defined twice.

An equality is judged with the true values of the quantities it mentions, so that one slip is not charged to the later
steps that do not repeat it. This moves per-step results, never the verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from interplay.world import paper_v1, trace
from interplay.world.derivation import Reading
from interplay.world.reference import Reference
from interplay.world.steps import Trace

__all__ = ["ERRORS", "VERIFIER_VERSION", "Reference", "StepVerdict", "Verdict", "read_answer", "verify"]

VERIFIER_VERSION = "1"
ERRORS = (
    "missing_node",
    "wrong_parent",
    "wrong_value",
    "false_equality",
    "undefined_variable",
    "duplicate_definition",
    "wrong_answer",
    "no_answer",
    "truncated",
    "not_parseable",
)
EQUATION = "the equation"
_ANSWER = re.compile(r"(-?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.0+)?\.?(?:\s+([A-Za-z][A-Za-z '-]*?))?\.?")
_MAX_ANSWER_CHARS = 128


class StepVerdict(NamedTuple):
    """One step, characters start to end of the text. The tail of a reverse solution is the step EQUATION."""

    name: str
    start: int
    end: int
    needed: bool
    error: str | None


class ReleasedRule(NamedTuple):
    """What the paper's released evaluation needs in order to judge. It costs as much as all the rest of a verdict, so
    it is asked when somebody looks.

    It compares texts of the sentence style. In the terse style, or without a gold text, its leniencies stand in: the
    last definition counts, of it only the parents and the last value, extra steps do not (`lenient`, else None).
    """

    reference: Reference
    text: str
    lenient: bool | None

    def accepts(self) -> bool:
        """The verdict of the released evaluation."""
        gold = self.reference.released
        if self.lenient is not None or gold is None:
            return bool(self.lenient)
        return not trace.is_too_much(self.text) and paper_v1.accepts(gold, self.text)


class Verdict(NamedTuple):
    """strict, exact, paper_v1 are the three rules. `error` is the first fault in reading order, None if there is none.

    process_accuracy  share of the gold nodes that are right, whatever the answer is
    answer            the answer as read, None if there is none or more than one
    nodes             per gold node "right" or its fault
    """

    strict: bool
    exact: bool
    answer_correct: bool
    process_accuracy: float
    error: str | None
    steps: tuple[StepVerdict, ...]
    answer: str | None
    nodes: Mapping[str, str]
    released: ReleasedRule

    @property
    def paper_v1(self) -> bool:
        """The paper's released rule accepts."""
        return self.released.accepts()


def verify(reference: Reference, text: str, *, truncated: bool = False) -> Verdict:
    """Judge one solution. `truncated` says that the writer was cut off before its end token. Never raises."""
    solution = trace.read(text)
    reading = Reading(reference, solution.style)
    steps = [StepVerdict(*reading.step(step)) for step in solution.steps]
    if solution.tail is not None:
        tail = solution.tail
        steps.append(StepVerdict(EQUATION, tail.start, tail.end, True, reading.tail(tail)))
    answer = solution.answers[0] if len(solution.answers) == 1 else None
    answer_correct = answer is not None and read_answer(answer, reference) == reference.answer
    breaks_off = not solution.closed and (truncated or not (solution.answers or "</solution>" in text))
    error = _first_fault(solution, steps, text if breaks_off else None)
    if error is None:
        error = _fault_of_the_whole(reading, solution, answer_correct, truncated)
    order = reference.graph.order
    nodes = {name: reading.nodes.get(name, "missing_node") for name in order}
    by_leniency = reading.terse or reference.solution is None
    lenient = answer_correct and len(reading.lenient) == len(order) if by_leniency else None
    return Verdict(
        strict=error is None,
        exact=error is None and all(step.needed for step in steps),
        answer_correct=answer_correct,
        process_accuracy=list(nodes.values()).count("right") / len(nodes),
        error=error,
        steps=tuple(steps),
        answer=answer,
        nodes=nodes,
        released=ReleasedRule(reference, text, lenient),
    )


def _first_fault(solution: Trace, steps: list[StepVerdict], breaking_off: str | None) -> str | None:
    """The first fault in reading order. What the text was in the middle of, where it breaks off, is truncated."""
    for step in steps:
        if solution.faulty_from is not None and solution.faulty_from <= step.start:
            return "not_parseable"
        if step.error is not None:
            if breaking_off is None or step is not steps[-1]:
                return step.error
            half_a_tail = step.name == EQUATION and solution.tail is not None and not solution.tail.well_formed
            return "truncated" if half_a_tail or breaking_off[step.end - 1] != "." else step.error
    if solution.faulty_from is None:
        return None
    return "not_parseable" if breaking_off is None else "truncated"


def _fault_of_the_whole(reading: Reading, solution: Trace, answer_correct: bool, truncated: bool) -> str | None:
    """What is wrong although every step is right: something is missing, or the answer."""
    reference = reading.reference
    cut_off = truncated and not solution.closed
    complete = all(name in reading.nodes for name in reference.graph.order)
    if not complete or (reference.reverse and solution.tail is None):
        return "missing_node" if solution.answers and not cut_off else "truncated"
    if not solution.answers:
        return "truncated" if truncated else "no_answer"
    if cut_off:
        return "truncated"
    return None if answer_correct else "wrong_answer"


def read_answer(text: str, reference: Reference | None) -> int | None:
    """`9`, `9.`, `9.0`, `1,234`, `9 schools`; None for anything else. A unit must be a word of the problem."""
    if len(text) > _MAX_ANSWER_CHARS:
        return None
    match = _ANSWER.fullmatch(text)
    if match is None or len(match[2]) > 16:
        return None
    unit = match[3] or ""
    if unit and (reference is None or not all(word.lower() in reference.units for word in unit.split())):
        return None
    number = int(match[2].replace(",", ""))
    return -number if match[1] else number
