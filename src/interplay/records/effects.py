"""effects.csv and claims.json: each contrast with its paired interval, and what follows for the claims it decides."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence

import numpy as np

from interplay.evals.intervals import mean_squares
from interplay.evals.power import seen
from interplay.evals.simulate import Design
from interplay.evals.verdict import TRAININGS, Answer, Evidence, Question, judge, rule
from interplay.records.measured import INTERVAL, Arms, Values, estimate_fields
from interplay.records.untrained import partly_untrained, untrained
from interplay.studies.study import Claim, Contrast, Study

ABOUT = ("name", "label", "treatment", "control", "regime", "op", "rule", "control_rule", "k", "gain")


def evidence_of(study: Study, contrast: Contrast, arms: Arms) -> Evidence:
    """The differences that measure a contrast, a row per training, and what they could show."""

    def values(name: str, scored: str) -> Values:
        return np.stack([m.pass_at(contrast.k, scored, contrast.regime, contrast.op) for m in arms[name]])

    treatment, control, *starts = study.compared(contrast)
    after, before = values(treatment, contrast.rule), values(control, contrast.control_rule or contrast.rule)
    if starts:
        after, before = after - values(starts[0], contrast.rule), before - values(starts[1], contrast.rule)
    room_up, room_down = _room(before, values(starts[0], contrast.rule) if starts else None)
    return Evidence(
        after - before, ("effect", contrast.name), room_up, room_down, most=2.0 if starts else 1.0,
        number=_number(study, contrast, arms), void=untrained(study, arms, treatment, control),
    )  # fmt: skip


def _room(before: Values, start: Values | None) -> tuple[float, float]:
    """How far the mean could lie above and below zero: a treatment ends between 0 and 1, whatever it started from."""
    taken = float(before.mean()) + (0.0 if start is None else float(start.mean()))
    return 1.0 - taken, taken


def _number(study: Study, contrast: Contrast, arms: Arms) -> str:
    """Equal for two contrasts of the same evaluations, in either direction."""
    rules = (contrast.rule, contrast.control_rule or contrast.rule)
    sides = [
        [scored, *(m.address for m in arms[name])]
        for name, scored in zip(study.compared(contrast), rules * 2, strict=False)
    ]
    measure = [contrast.regime, contrast.op, contrast.k]
    pairs = sorted([side, *sides[2 + i : 3 + i]] for i, side in enumerate(sides[:2]))
    return hashlib.sha256(json.dumps([pairs, measure]).encode()).hexdigest()[:12]


def effect_row(study: Study, contrast: Contrast, arms: Arms) -> dict[str, object]:
    """One contrast with its paired interval; trainings are the outer level where there are several."""
    evidence = evidence_of(study, contrast, arms)
    estimate = evidence.interval(study.settings.samples)
    about_it = {field: getattr(contrast, field) for field in ABOUT} | {"op": contrast.op or "all"}
    spread = {"control_mean": _rounded(control_mean(contrast, arms)), "training_sd": _rounded(_training_sd(evidence))}
    return about_it | estimate_fields(estimate, "effect") | spread


def control_mean(contrast: Contrast, arms: Arms, k: int | None = None) -> float:
    """The control's mean pass@k over problems and trainings."""
    scored = contrast.control_rule or contrast.rule
    found = [m.pass_at(k or contrast.k, scored, contrast.regime, contrast.op) for m in arms[contrast.control]]
    return float(np.mean(found))


def _training_sd(evidence: Evidence) -> float:
    """Standard deviation of the effect between trainings, without what the draw of samples adds; NaN with one training."""
    difference_S_P = evidence.differences_S_P
    if len(difference_S_P) < 2 or difference_S_P.shape[1] < 2:
        return math.nan
    spread = mean_squares(difference_S_P)
    return math.sqrt(max(spread.seeds - spread.rest, 0.0) / difference_S_P.shape[1])


def _rounded(value: float) -> float | str:
    return round(value, 6) if math.isfinite(value) else ""


def claim_rows(study: Study, arms: Arms, designs: Mapping[str, Design]) -> list[dict[str, object]]:
    """Each claim with its effect, what is said of it, and what it could have shown by the design of its contrast."""
    contrasts = {contrast.name: contrast for contrast in study.contrasts}
    evidence = {name: evidence_of(study, contrasts[name], arms) for claim in study.claims for name in claim.contrasts}
    questions = [
        Question(claim.direction, tuple(evidence[name] for name in claim.contrasts), claim.margin)
        for claim in study.claims
    ]
    rows = []
    for claim, answer in zip(study.claims, judge(questions), strict=True):
        contrast = contrasts[_weakest(claim, evidence)]
        effect = effect_row(study, contrast, arms)
        compared = [contrasts[name] for name in claim.contrasts]
        idle = [line for one in compared for line in partly_untrained(study, arms, one.treatment, one.control)]
        numbers = {name: None if effect[name] == "" else effect[name] for name in ("effect", *INTERVAL)}
        rows.append(
            {"claim": claim.text, "key": claim.key, "source": claim.source, "direction": claim.direction,
             "rule": rule(claim.direction, claim.margin, len(study.settings.seeds)), "contrast": contrast.name,
             "treatment": contrast.treatment, "control": contrast.control, "regime": contrast.regime,
             "op": effect["op"], "k": contrast.k, "scored": contrast.rule, "gain": contrast.gain,
             "number": evidence[contrast.name].number,
             "p_holm": round(answer.p_holm, 6) if math.isfinite(answer.p_holm) else None}
            | numbers
            | {"by_training": _by_training(evidence[contrast.name])}
            | _power(claim, designs.get(contrast.name))
            | {"verdict": answer.verdict, "note": _note(answer, len(study.settings.seeds), idle)}
        )  # fmt: skip
    return rows


def _weakest(claim: Claim, evidence: Mapping[str, Evidence]) -> str:
    """Of several contrasts that have to agree, the one that agrees least."""
    sign = -1.0 if claim.direction == "down" else 1.0
    means = {name: sign * float(evidence[name].differences_S_P.mean()) for name in claim.contrasts}
    return min(means, key=lambda name: -abs(means[name]) if claim.direction == "flat" else means[name])


def _by_training(evidence: Evidence) -> list[float | None]:
    """The effect in each training, in the order of the seeds."""
    return [round(float(mean), 6) if math.isfinite(mean) else None for mean in evidence.differences_S_P.mean(axis=1)]


def _power(claim: Claim, design: Design | None) -> dict[str, object]:
    """The smallest rise that these trainings see, and how many trainings the claim needs."""
    if design is None:
        return {"smallest": None, "trainings_needed": None}
    found = seen(design, claim.margin, claim.direction == "flat")
    return {
        "smallest": round(found.smallest, 4) if math.isfinite(found.smallest) else None,
        "trainings_needed": found.trainings,
    }


def _note(answer: Answer, trainings: int, idle: Sequence[str]) -> str:
    """What the interval covers, or why nothing was tested; and which trainings are not what their arm is named after."""
    pair = "this pair of trainings" if trainings == 1 else f"these {trainings} pairs of trainings"
    if answer.verdict == "not tested":
        said = f"not tested: {answer.reason}"
    elif trainings >= TRAININGS:
        said = f"{trainings} trainings: the interval covers other problems and other trainings"
    else:
        said = f"the interval covers other problems of the same kind for {pair}, not other trainings"
    return "; ".join(dict.fromkeys([said, *idle]))
