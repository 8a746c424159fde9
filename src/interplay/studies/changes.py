"""`--set KEY=VALUE`: settings with changes. A key is spelled as the settings nest, so that `rl.loss.clip_high` is one.

A group takes the name of a preset, where there are some: `model=small`, `rl=dapo`. What is written in the preset replaces
what the scale has; the rest stays. Later changes win.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import ValidationError

from interplay.config import Config, said
from interplay.model.sizes import SIZES
from interplay.rl.presets import PRESETS as RL
from interplay.studies.settings import Settings

PRESETS: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "model": {name: shape.model_dump() for name, shape in SIZES.items()},
    "rl": RL,
}


def changed(settings: Settings, changes: Mapping[str, str]) -> Settings:
    """Settings with `KEY=VALUE` changes.

    Raises ValueError naming an unknown key and what there is at its level, or a value that is not allowed.
    """
    fields = settings.model_dump()
    for key, text in changes.items():
        _assign(fields, key, text)
    try:
        return Settings.model_validate(fields)
    except ValidationError as error:
        raise ValueError(said(error, "--set")) from error


def keys(group: type[Config] = Settings, prefix: str = "") -> Iterator[str]:
    """Every key that `--set` takes, groups left out."""
    for name in group.model_fields:
        inside = _group(group, name)
        if inside is None:
            yield prefix + name
        else:
            yield from keys(inside, f"{prefix}{name}.")


def _assign(fields: dict[str, Any], key: str, text: str) -> None:
    *outer, inner = key.split(".")
    group: type[Config] = Settings
    for name in outer:
        inside = _group(group, name)
        if inside is None:
            raise _unknown(key, name, group, outer)
        group = inside
        fields[name] = fields = fields[name] or {}
    if inner not in group.model_fields:
        raise _unknown(key, inner, group, outer)
    if (inside := _group(group, inner)) is None:
        fields[inner] = _value(text, group.model_fields[inner].annotation)
    elif text in PRESETS.get(key, {}):
        for name, value in PRESETS[key][text].items():
            fields[inner][name] = value.model_dump() if isinstance(value, Config) else value
    elif text.lower() == "none" and type(None) in get_args(group.model_fields[inner].annotation):
        fields[inner] = None
    else:
        presets = f" or a preset: {', '.join(PRESETS[key])}" if key in PRESETS else ""
        raise ValueError(f"--set {key} is a group; give one of {_listed(inside, [*outer, inner])}{presets}")


def _unknown(key: str, name: str, group: type[Config], outer: list[str]) -> ValueError:
    path = outer[: outer.index(name)] if name in outer else outer
    near = difflib.get_close_matches(key, list(keys()), n=1)
    meant = f"; did you mean {near[0]}?" if near else ";"
    return ValueError(f"--set {key}: no such setting{meant} there are {_listed(group, path)}")


def _listed(group: type[Config], path: list[str]) -> str:
    return ", ".join(".".join([*path, name]) for name in sorted(group.model_fields))


def _group(group: type[Config], name: str) -> type[Config] | None:
    """The config that a field holds, whether or not it may be absent."""
    field = group.model_fields.get(name)
    kinds = set(_alternatives(field.annotation)) - {type(None)} if field is not None else set()
    only = kinds.pop() if len(kinds) == 1 else None
    return only if isinstance(only, type) and issubclass(only, Config) else None


def _alternatives(annotation: object) -> list[object]:
    if get_origin(annotation) in (Union, UnionType):
        return [kind for part in get_args(annotation) for kind in _alternatives(part)]
    return [annotation]


def _value(text: str, annotation: object) -> object:
    """A text as the value it spells: `1,2` where there may be several, `none` where there may be nothing."""
    kinds = _alternatives(annotation)
    many = [get_origin(kind) is tuple for kind in kinds]
    if text.lower() == "none" and type(None) in kinds:
        return None
    if all(alone or kind is type(None) for alone, kind in zip(many, kinds, strict=True)) or (any(many) and "," in text):
        return [_literal(part.strip()) for part in text.rstrip(",").split(",") if part.strip()]
    return _literal(text)


def _literal(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
