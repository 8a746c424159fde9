"""What the claims of a study can show: the smallest effect each sees at its own k, and the trainings it needs.

Before a run the control and the spread between trainings are those of replicates (`noise`), from the store where they were
measured at these settings, else from the table kept for the scale; after it the control is the measured one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

from interplay.evals.power import describe, seen
from interplay.evals.simulate import Design
from interplay.evals.spread import NO_REPLICATES, Spread, read_spread
from interplay.evals.verdict import TRAININGS
from interplay.stages.diff import differences
from interplay.studies.scales import SCALES
from interplay.studies.settings import OF_ONE_STUDY, Settings
from interplay.studies.study import Contrast, Study

# what settings hold beside the training of base and of RL on the edge: how it is measured, and what single studies ask for
MEASURED_APART = OF_ONE_STUDY | {"seeds", "problems", "samples", "ks", "gold"}


class Control(NamedTuple):
    """A contrast's control as it was measured: its mean pass@1 and pass@k."""

    pass_at_1: float
    at_k: float


def measured_spread(settings: Settings, store: Path | None) -> Spread:
    """Replicates that were measured in this store at these settings, the latest; else those kept with the scale."""
    found = sorted((store / "studies").glob(f"noise-{settings.scale}-*/effects.csv")) if store is not None else []
    for path in sorted(found, key=lambda path: -path.stat().st_mtime):
        study = json.loads(path.with_name("study.json").read_text(encoding="utf-8"))
        if len(study["seeds"]) >= TRAININGS and _trained(study["settings"]) == _trained(
            settings.model_dump(mode="json")
        ):
            return read_spread(path, f"measured by {len(study['seeds'])} replicates in this store")
    return kept_spread(settings)


def _trained(fields: Mapping[str, object]) -> dict[str, object]:
    """What base and RL on the edge are trained with."""
    return {name: value for name, value in fields.items() if name not in MEASURED_APART}


def kept_spread(settings: Settings) -> Spread:
    """The replicates kept with a scale; where these settings train otherwise than it does, the source says in what."""
    scale = settings.scale
    with as_file(files("interplay.studies") / "replicates" / f"{scale}.csv") as path:
        if not path.is_file():
            return NO_REPLICATES
        own = SCALES[scale].model_dump(mode="json")
        changed = differences(_trained(own), _trained(settings.model_dump(mode="json")))
        other = f", which trained otherwise ({changed[0]}); `noise` measures it at these settings" if changed else ""
        return read_spread(path, f"measured by replicates at {scale}{other}")


def designs(study: Study, spread: Spread, controls: Mapping[str, Control] | None = None) -> dict[str, Design]:
    """The design of each contrast that a claim rests on, by the contrast's name."""
    asked = {name for claim in study.claims for name in claim.contrasts}
    known = controls or {}
    return {
        contrast.name: _design(study, contrast, spread, known.get(contrast.name))
        for contrast in study.contrasts
        if contrast.name in asked and contrast.treatment != contrast.control
    }


def _design(study: Study, contrast: Contrast, spread: Spread, control: Control | None) -> Design:
    chosen = study.settings
    plain = Design(chosen.problems, chosen.samples, contrast.k, num_seeds=len(chosen.seeds))
    if control is not None:
        design = spread.design(plain, contrast.regime, control.pass_at_1, control.at_k)
    else:
        design = spread.design(plain, contrast.regime) if contrast.rule == "strict" else plain
    if not contrast.gain:
        return design
    # a difference of two gains has the variances of both, of trainings and of samples
    samples = max(design.k, design.num_samples // 2)
    return replace(design, training_sd=math.sqrt(2.0) * design.training_sd, num_samples=samples)


def power_lines(study: Study, spread: Spread, designs: Mapping[str, Design]) -> list[str]:
    """What is measured and assumed, then a line for each regime, k and kind of claim."""
    chosen = study.settings
    trainings = "1 training" if len(chosen.seeds) == 1 else f"{len(chosen.seeds)} trainings"
    lines = [
        f"{chosen.problems} problems x {chosen.samples} samples, {trainings} of each arm; power 80 % at level 0.05, "
        "of a claim by itself: Holm's correction for the others asks for more; "
        f"spread between trainings {spread.source}"
    ]
    if len(chosen.seeds) < TRAININGS:
        lines.append(
            f"fewer than {TRAININGS} trainings are described, not judged: the smallest rise is one of these trainings, "
            "not of the treatment"
        )
    contrasts = {contrast.name: contrast for contrast in study.contrasts}
    found = dict[str, str]()
    for claim in study.claims:
        if claim.contrast in designs:
            contrast = contrasts[claim.contrast]
            told = describe(designs[claim.contrast], claim.margin, claim.direction == "flat")
            found.setdefault(_what(contrast, claim.direction == "flat"), told)
    return [*lines, *(f"  {what}: {told}" for what, told in found.items())]


def _what(contrast: Contrast, flat: bool) -> str:
    words = [contrast.regime, f"pass@{contrast.k}"]
    words += [contrast.rule] if contrast.rule != "strict" else []
    words += ["a gain against a gain"] if contrast.gain else []
    words += ["unchanged"] if flat else []
    return ", ".join(words)


def smallest(study: Study, designs: Mapping[str, Design]) -> float | None:
    """The smallest rise that the first claim sees; None where it sees none."""
    claim = next((claim for claim in study.claims if claim.contrast in designs), None)
    effect = math.inf if claim is None else seen(designs[claim.contrast], claim.margin).smallest
    return effect if math.isfinite(effect) else None
