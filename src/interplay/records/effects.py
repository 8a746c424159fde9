"""effects.csv and claims.json: each contrast with its paired interval, and what follows for the claims it decides."""

from __future__ import annotations

from typing import Any

import numpy as np

from interplay.evals.intervals import paired_interval
from interplay.evals.multiple import holm, paired_p_value
from interplay.records.measured import INTERVAL, Arms, Values, estimate_fields
from interplay.studies.study import Contrast, Study

ABOUT = ("name", "label", "treatment", "control", "regime", "op", "rule", "control_rule", "k")


def _pair(contrast: Contrast, arms: Arms) -> tuple[list[Values], list[Values]]:
    def values(name: str, rule: str) -> list[Values]:
        return [m.pass_at(contrast.k, rule, contrast.regime, contrast.op) for m in arms[name]]

    control_rule = contrast.control_rule or contrast.rule
    return values(contrast.control, control_rule), values(contrast.treatment, contrast.rule)


def effect_row(study: Study, contrast: Contrast, arms: Arms) -> dict[str, Any]:
    """One contrast with its paired interval; seeds are the outer level where there are several."""
    estimate = paired_interval(
        *_pair(contrast, arms), names=("effect", contrast.name), n_samples=study.settings.samples
    )
    about_it = {field: getattr(contrast, field) for field in ABOUT} | {"op": contrast.op or "all"}
    return about_it | estimate_fields(estimate, "effect")


def claim_rows(study: Study, arms: Arms) -> list[dict[str, Any]]:
    """Each claim with its effect and verdict; p-values are Holm-corrected over the study's claims of a direction.

    A claim that nothing changes is decided by its interval alone, has no p-value and costs the others nothing.
    """
    contrasts = {contrast.name: contrast for contrast in study.contrasts}
    p_values = np.array([
        np.nan if claim.direction == "flat" else _p_value(contrasts[claim.contrast], arms) for claim in study.claims
    ])  # fmt: skip
    rows = []
    for claim, p in zip(study.claims, holm(p_values) if len(p_values) else (), strict=True):
        contrast = contrasts[claim.contrast]
        effect = effect_row(study, contrast, arms)
        numbers = {name: None if effect[name] == "" else effect[name] for name in ("effect", *INTERVAL)}
        lo, hi = numbers["lo"], numbers["hi"]
        verdict = "cannot tell" if lo is None or hi is None else claim.verdict(lo, hi, float(p))
        rows.append(
            {"claim": claim.text, "key": claim.key, "source": claim.source, "direction": claim.direction,
             "rule": claim.rule, "contrast": contrast.name, "treatment": contrast.treatment,
             "control": contrast.control, "regime": contrast.regime, "op": effect["op"], "k": contrast.k,
             "scored": contrast.rule, "p_holm": None if np.isnan(p) else round(float(p), 6)}
            | numbers
            | {"verdict": verdict, "note": _note(len(study.settings.seeds))}
        )  # fmt: skip
    return rows


def _p_value(contrast: Contrast, arms: Arms) -> float:
    return paired_p_value(*_pair(contrast, arms), names=("claim", contrast.name))


def _note(seeds: int) -> str:
    if seeds == 1:
        return "one seed: the interval covers other problems of the same kind, not other training runs"
    return f"{seeds} seeds: the interval covers other problems and other training runs"
