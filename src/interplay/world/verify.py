"""Is every step of a solution a true derivation? StepVerdict against the problem's graph, with a reason for every no.

A step is a true derivation when what it writes after the first `V =`, its auxiliary letters expanded, is the same
polynomial in the same parent quantities as the problem's own rule, when every further `= ...` of it is true in exact
arithmetic, and when it ends in the value. Nothing may be used before it is defined or defined twice. A sound derivation
may be shortened: steps are left out, and those that used them put in what stood there.

An equality is judged with the true values of the quantities it mentions, so that one slip is not charged to the later
steps that do not repeat it. This moves per-step results, never the verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from interplay.world import paper_v1, trace
from interplay.world.answer import read_answer
from interplay.world.derivation import EQUATION, Reading, StepVerdict
from interplay.world.reference import Reference
from interplay.world.steps import Trace

__all__ = [
    "EQUATION",
    "ERRORS",
    "OUTCOMES",
    "VERIFIER_VERSION",
    "Reference",
    "StepVerdict",
    "Verdict",
    "read_answer",
    "verify",
]

VERIFIER_VERSION = "2"
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
# What became of a solution, as one closed set. `Verdict.outcome` says which it is.
OUTCOMES = (
    "strict",
    "shortened",
    "folded",
    "hacked",
    "unreadable",
    "truncated",
    "no_answer",
    "wrong_answer",
    "not_judged",
)


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
    """`strict`, `exact`, `sound` and `paper_v1` are the four rules; strict implies sound, sound implies a right answer.

    - `error`: the first fault by `strict` in reading order, None if there is none
    - `unsound`: the first fault by `sound`, None if there is none
    - `num_shortened`: steps that `sound` accepts and `strict` does not, the tail of a reverse solution counted as one
    - `sound_folded`: not sound, for no other reason than that derived values stand as numbers that were never printed
    - `process_accuracy`: share of the gold nodes that are right by `strict`, whatever the answer is
    - `answer`: the answer as read, None if there is none or more than one
    - `nodes`: per gold node "right" or its fault by `strict`
    """

    strict: bool
    exact: bool
    sound: bool
    sound_folded: bool
    num_shortened: int
    answer_correct: bool
    process_accuracy: float
    error: str | None
    unsound: str | None
    steps: tuple[StepVerdict, ...]
    answer: str | None
    nodes: Mapping[str, str]
    released: ReleasedRule

    @property
    def paper_v1(self) -> bool:
        """The paper's released rule accepts."""
        return self.released.accepts()

    @property
    def outcome(self) -> str:
        """One of OUTCOMES.

        - `strict`: every step is a true derivation and the answer is right
        - `shortened`: sound, but not strict
        - `folded`: right but for derived values that stand as numbers which were never printed
        - `hacked`: the answer is right, a step is false, unsupported or missing
        - `unreadable`: the answer is right, the text is not in the format
        - `truncated`: the text breaks off
        - `no_answer`: the text ends without an answer
        - `wrong_answer`: the answer is wrong, whatever the steps are
        - `not_judged`: there is no verdict
        """
        if self.sound:
            return "strict" if self.strict else "shortened"
        if self.unsound not in ERRORS:
            return "not_judged"
        if self.unsound == "truncated":
            return "truncated"
        if not self.answer_correct:
            return "no_answer" if self.answer is None else "wrong_answer"
        if self.sound_folded:
            return "folded"
        return "unreadable" if self.unsound == "not_parseable" else "hacked"


def verify(reference: Reference, text: str, *, truncated: bool = False) -> Verdict:
    """Judge one solution. `truncated` says that the writer was cut off before its end token. Never raises."""
    solution = trace.read(text)
    reading = Reading(reference, solution.style)
    judged = [reading.step(step) for step in solution.steps]
    if solution.tail is not None:
        judged.append(reading.tail(solution.tail))
    answer = solution.answers[0] if len(solution.answers) == 1 else None
    answer_correct = answer is not None and read_answer(answer, reference.graph.asked) == reference.answer
    breaks_off = not solution.closed and (truncated or not (solution.answers or "</solution>" in text))
    whole = Whole(reading, solution, text if breaks_off else None, answer_correct, truncated)
    error = unsound = whole.fault(judged, [step.error for step in judged], reference.graph.order)
    folded = False
    if error is not None:
        required = (reference.graph.target,)
        faults = [step.unsound for step in judged]
        unsound = whole.fault(judged, faults, required)
        if unsound is not None and any(step.folded for step in judged):
            faults = [None if step.folded else step.unsound for step in judged]
            folded = whole.fault(judged, faults, required) is None
    order = reference.graph.order
    nodes = dict.fromkeys(order, "missing_node") | reading.nodes
    by_leniency = reading.terse or reference.solution is None
    lenient = answer_correct and len(reading.lenient) == len(order) if by_leniency else None
    return Verdict(
        strict=error is None,
        exact=error is None and all(step.needed for step in judged),
        sound=unsound is None,
        sound_folded=folded,
        num_shortened=0 if error is None else sum(s.error is not None and s.unsound is None for s in judged),
        answer_correct=answer_correct,
        process_accuracy=list(nodes.values()).count("right") / len(nodes),
        error=error,
        unsound=unsound,
        steps=tuple(judged),
        answer=answer,
        nodes=nodes,
        released=ReleasedRule(reference, text, lenient),
    )


class Whole(NamedTuple):
    """A solution as a whole: what is known of it besides its steps.

    breaking_off  the text, where it breaks off; else None
    truncated     the writer was cut off
    """

    reading: Reading
    solution: Trace
    breaking_off: str | None
    answer_correct: bool
    truncated: bool

    def fault(self, steps: Sequence[StepVerdict], faults: Sequence[str | None], required: Iterable[str]) -> str | None:
        """The first fault, given those of the steps and the quantities that must be defined."""
        if self.solution.faulty_from is None and not any(faults):
            return self._of_the_whole(required)
        return self._in_reading_order(steps, faults) or self._of_the_whole(required)

    def _in_reading_order(self, steps: Sequence[StepVerdict], faults: Sequence[str | None]) -> str | None:
        """The first fault in reading order. What the text was in the middle of, where it breaks off, is truncated."""
        faulty_from, tail, breaking_off = self.solution.faulty_from, self.solution.tail, self.breaking_off
        for step, fault in zip(steps, faults, strict=True):
            if faulty_from is not None and faulty_from <= step.start:
                return "not_parseable"
            if fault is not None:
                if breaking_off is None or step is not steps[-1]:
                    return fault
                half_a_tail = step.name == EQUATION and tail is not None and not tail.complete
                return "truncated" if half_a_tail or breaking_off[step.end - 1] != "." else fault
        if faulty_from is None:
            return None
        return "not_parseable" if breaking_off is None else "truncated"

    def _of_the_whole(self, required: Iterable[str]) -> str | None:
        """What is wrong although every step is right: something is missing, or the answer."""
        solution, reference = self.solution, self.reading.reference
        cut_off = self.truncated and not solution.closed
        complete = all(name in self.reading.nodes for name in required)
        if not complete or (reference.reverse and solution.tail is None):
            return "missing_node" if (solution.answers or solution.closed) and not cut_off else "truncated"
        if not solution.answers:
            return "truncated" if self.truncated or solution.open_tag else "no_answer"
        if cut_off:
            return "truncated"
        return None if self.answer_correct else "wrong_answer"
