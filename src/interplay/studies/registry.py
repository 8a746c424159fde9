"""The studies by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from interplay.studies.contextual import contextual
from interplay.studies.extrapolation import extrapolation
from interplay.studies.headroom import headroom
from interplay.studies.midtraining import midtraining
from interplay.studies.process_reward import process_reward
from interplay.studies.quickstart import quickstart
from interplay.studies.settings import settings
from interplay.studies.study import Study, StudyMaker, Workplace
from interplay.studies.verifier import verifier
from interplay.train.runtime import Runtime

STUDIES: Mapping[str, StudyMaker] = {
    "quickstart": quickstart,
    "extrapolation": extrapolation,
    "contextual": contextual,
    "midtraining": midtraining,
    "process_reward": process_reward,
    "headroom": headroom,
    "verifier": verifier,
}


def make_study(name: str, scale: str, overrides: Mapping[str, str], store: Path, runtime: Runtime) -> Study:
    """A study at a scale, nothing run yet. Raises ValueError naming what is unknown and what there is."""
    if name not in STUDIES:
        raise ValueError(f"unknown study {name!r}; the studies are {', '.join(STUDIES)}")
    return STUDIES[name](settings(scale, overrides), Workplace(str(store), runtime.model_dump()))
