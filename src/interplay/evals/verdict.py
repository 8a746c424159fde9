"""What may be said about claims, from the paired differences that measure them: the rule that every study is judged by.

An interval over problems of one pair of trainings is no interval of the treatment: between trainings the effect of RL moves
by several points, so that a treatment without any effect looks decided in one case of two. So:

trainings   what is said of a claim
1 or 2      a description of these trainings, never a verdict: higher, lower, level, or mixed where two disagree
3 or more   supported, contradicted, cannot tell: trainings are the outer level of the interval and of the p-value

"not tested" takes the place of either where the numbers could not have come out otherwise: a treatment that took no gradient,
a control that leaves no more to gain (or to lose) than the margin, a number that another claim was decided by already.

p-values of all claims that are judged together are Holm's, each number counted once. What is flat is decided by its interval
alone. `docs/statistics.md` has the simulation that this rule rests on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from interplay.evals.intervals import Estimate, Names, difference_interval
from interplay.evals.multiple import difference_p_value, holm
from interplay.schema.study import ClaimVerdict, Description, Direction

# S trainings (pairs of them), P problems
Floats = NDArray[np.float64]

LEVEL = 0.05
TRAININGS = 3  # from here on a claim gets a verdict

DESCRIPTIONS: tuple[str, ...] = get_args(Description)


class Evidence(NamedTuple):
    """The differences that measure one contrast, and what they can show.

    differences_S_P   treatment minus control; the same problems in every training
    names             random stream of its interval and p-value
    room_up           how far above zero the mean could have lain, given the control; `room_down` likewise below
    most              no single difference is further from zero
    number            equal for two contrasts that are the same number
    void              why the differences say nothing about the treatment; empty where they do
    """

    differences_S_P: Floats
    names: Names
    room_up: float = 1.0
    room_down: float = 1.0
    most: float = 1.0
    number: str = ""
    void: str = ""

    def interval(self, n_samples: int = 0) -> Estimate:
        """The paired interval of the effect, trainings as the outer level."""
        return difference_interval(self.differences_S_P, names=self.names, n_samples=n_samples, most=self.most)


class Question(NamedTuple):
    """What a claim says (see `judge`), and the evidence, all of which has to agree with it."""

    direction: Direction
    evidence: tuple[Evidence, ...]
    margin: float = 0.05


class Answer(NamedTuple):
    """The verdict, Holm's p-value (NaN where there is none) and, where it is not tested, the reason."""

    verdict: ClaimVerdict
    p_holm: float
    reason: str = ""


def judge(questions: Sequence[Question]) -> list[Answer]:
    """An answer to every question of one family.

    up    supported when the effect's interval lies above zero and Holm's p is below 0.05, contradicted when it lies below
    down  the other way round
    flat  supported when the interval lies within `margin` of zero, contradicted when wholly outside

    With fewer than three trainings the answer is a description of them. A question without evidence is a ValueError.
    """
    reasons = [_untested(question, questions[:i]) for i, question in enumerate(questions)]
    own = [[] if reason else _p_values(question) for question, reason in zip(questions, reasons, strict=True)]
    corrected = iter(holm([p for p_values in own for p in p_values]).tolist())
    answers = []
    for question, reason, p_values in zip(questions, reasons, own, strict=True):
        adjusted = [next(corrected) for _ in p_values]
        if reason:
            answers.append(Answer("not tested", math.nan, reason))
            continue
        verdict = _common(_verdicts(question, adjusted))
        without = _without_room(question, verdict)
        answers.append(Answer("not tested" if without else verdict, max(adjusted, default=math.nan), without))
    return answers


def rule(direction: Direction, margin: float, trainings: int) -> str:
    """The decision in words."""
    if trainings < TRAININGS:
        return (
            f"fewer than {TRAININGS} trainings are described, not judged: higher or lower where the paired 95 % interval "
            "over problems leaves out zero in each of them and p < 0.05 after Holm's correction over the study's claims, level "
            "otherwise, mixed where they disagree"
        )
    if direction == "flat":
        return (
            f"supported if the paired 95 % interval of the effect lies within {margin:g} of zero, contradicted if it lies "
            "wholly outside, otherwise these trainings cannot tell"
        )
    side, other = ("above", "below") if direction == "up" else ("below", "above")
    return (
        f"supported if the paired 95 % interval of the effect lies {side} zero and p < 0.05 after Holm's correction over the "
        f"study's claims, contradicted if it lies {other} with the same p, otherwise these trainings cannot tell"
    )


def num_trainings(question: Question) -> int:
    """Trainings behind a question: the fewest of its evidence."""
    if not question.evidence:
        raise ValueError("a question needs evidence")
    return min(len(evidence.differences_S_P) for evidence in question.evidence)


def _untested(question: Question, before: Sequence[Question]) -> str:
    void = next((evidence.void for evidence in question.evidence if evidence.void), "")
    if void or any(np.isnan(e.differences_S_P).any() or not e.differences_S_P.size for e in question.evidence):
        return void or "it was not measured"
    numbers = [evidence.number for evidence in question.evidence]
    if all(numbers) and any(numbers == [evidence.number for evidence in other.evidence] for other in before):
        return "it is the number of another claim of this study"
    return ""


def _p_values(question: Question) -> list[float]:
    """Of few trainings one for each of them, since each is described; else the largest, since all evidence has to agree."""
    if num_trainings(question) < TRAININGS:
        return [difference_p_value(one_P, names=e.names) for e in question.evidence for one_P in e.differences_S_P]
    if question.direction == "flat":
        return []
    return [max(difference_p_value(e.differences_S_P, names=e.names) for e in question.evidence)]


def _verdicts(question: Question, p_values: Sequence[float]) -> list[ClaimVerdict]:
    """What each part of the evidence says, for few trainings what each training says."""
    if num_trainings(question) < TRAININGS:
        parts = [e._replace(differences_S_P=one_P[None, :]) for e in question.evidence for one_P in e.differences_S_P]
        return [_described(part.interval(), p) for part, p in zip(parts, p_values, strict=True)]
    if question.direction == "flat":
        return [_flat(evidence.interval(), question.margin) for evidence in question.evidence]
    return [_directed(evidence.interval(), p_values[0], question.direction) for evidence in question.evidence]


def _described(estimate: Estimate, p: float) -> ClaimVerdict:
    if p >= LEVEL or estimate.lo <= 0 <= estimate.hi:
        return "level"
    return "higher" if estimate.lo > 0 else "lower"


def _flat(estimate: Estimate, margin: float) -> ClaimVerdict:
    if -margin <= estimate.lo and estimate.hi <= margin:
        return "supported"
    return "contradicted" if estimate.lo > margin or estimate.hi < -margin else "cannot tell"


def _directed(estimate: Estimate, p: float, direction: Direction) -> ClaimVerdict:
    if p >= LEVEL or estimate.lo <= 0 <= estimate.hi:
        return "cannot tell"
    return "supported" if (estimate.lo > 0) == (direction == "up") else "contradicted"


def _common(verdicts: Sequence[ClaimVerdict]) -> ClaimVerdict:
    """What all of the evidence says; one part that contradicts is enough."""
    if len(set(verdicts)) == 1:
        return verdicts[0]
    if verdicts[0] in DESCRIPTIONS:
        return "mixed"
    return "contradicted" if "contradicted" in verdicts else "cannot tell"


def _without_room(question: Question, verdict: ClaimVerdict) -> str:
    """Why the numbers could not have said anything else; empty where they could.

    A claim that nothing rises is no finding where nothing could, and an effect cannot be missed where there is no room for it.
    """
    if verdict not in (("supported", "level") if question.direction == "flat" else ("cannot tell", "level")):
        return ""
    down = question.direction == "down"
    room = min(e.room_down if down else e.room_up for e in question.evidence)
    if room > question.margin:
        return ""
    what = "lose" if down else "gain"
    return f"the control leaves {max(room, 0.0):.3f} to {what}, no more than the margin of {question.margin:g}"
