"""What a seed of a study was made with, seeds left out: two seeds may stand beside each other when this is the same.

Every stage's resolved identity is there once, under a digest of it, so a difference can be named down to the field, and so can
one that no setting shows: another version of the verifier, of a reward, of a kind of stage.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from interplay.schema import VERSION
from interplay.schema.kept import KeptSettings
from interplay.schema.text import document
from interplay.stages.diff import Difference, differences
from interplay.studies.settings import OF_ONE_STUDY
from interplay.studies.study import Study

PREFIX = "stage:"  # of a digest that stands for a stage


def settings_document(study: Study) -> str:
    """`settings.json` of a study's one seed."""
    stages: dict[str, Any] = {}
    settings = study.settings.model_dump(mode="json")
    del settings["seeds"]
    arms = {arm.name: _digest(arm.evaluation.identity(), stages) for arm in study.arms}
    found = {
        "schema_version": VERSION, "study": study.name, "settings": settings, "arms": arms,
        "stages": dict(sorted(stages.items())),
    }  # fmt: skip
    return document(KeptSettings, found)


def first_difference(a: Mapping[str, Any], b: Mapping[str, Any]) -> str | None:
    """The first thing in which two settings.json differ, by its name; None where they are the same."""
    for name in ("schema_version", "study"):
        if a[name] != b[name]:
            return f"{name}: {a[name]} -> {b[name]}"
    # what one study alone asks for changes its arms and their stages, which are compared below
    found = differences(*({k: v for k, v in each["settings"].items() if k not in OF_ONE_STUDY} for each in (a, b)))
    if found:
        return f"the setting {found[0]}"
    for arm in dict.fromkeys([*a["arms"], *b["arms"]]):
        if arm not in a["arms"] or arm not in b["arms"]:
            return f"the arm {arm}, which one of them lacks"
        changed = differences(_whole(a["arms"][arm], a["stages"]), _whole(b["arms"][arm], b["stages"]))
        if changed:
            return f"the arm {arm}, {_deepest(changed)}"
    return None


def _deepest(found: list[Difference]) -> Difference:
    """Of several differences the one that the others may follow from: a version or a field of the earliest stage."""
    return max(found, key=lambda one: one.field.count("."))


def _digest(identity: Mapping[str, Any], stages: dict[str, Any]) -> str:
    """The digest of a stage without its seeds; it and all before it are put into `stages`."""
    flat = {}
    for name, value in identity.items():
        if name in ("address", "seed"):
            continue
        is_stage = isinstance(value, Mapping) and {"kind", "version", "config"} <= value.keys()
        flat[name] = _digest(value, stages) if is_stage else _without_seeds(value)
    digest = PREFIX + hashlib.sha256(json.dumps(flat, sort_keys=True).encode()).hexdigest()[:12]
    stages[digest] = flat
    return digest


def _without_seeds(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_seeds(inside) for name, inside in value.items() if name != "seed"}
    return [_without_seeds(inside) for inside in value] if isinstance(value, list | tuple) else value


def _whole(digest: str, stages: Mapping[str, Any]) -> dict[str, Any]:
    """A stage with those it starts from in their places."""
    return {
        name: _whole(value, stages) if isinstance(value, str) and value.startswith(PREFIX) else value
        for name, value in stages[digest].items()
    }
