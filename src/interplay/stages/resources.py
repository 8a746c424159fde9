"""What a stage asks of a cluster, by kind of stage: defaults, a TOML file, single changes.

partition = "gpu"        for every kind
gpus = 1
[rl]                     for one kind
hours = 12
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, ValidationError

from interplay.config import Config, key_value
from interplay.stages.kinds import KINDS


class Resources(Config):
    """Of one job. `setup` are shell lines that run before it; `extra` are further sbatch options."""

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    cpus: PositiveInt = 4
    gpus: NonNegativeInt = 0
    mem_gb: PositiveFloat = 16
    hours: PositiveFloat = 4
    setup: tuple[str, ...] = ()
    extra: Mapping[str, str | int | bool] = {}


ResourcesByKind = Mapping[str, Resources]
BUILT_IN: Mapping[str, Mapping[str, object]] = {"tokenizer": {"gpus": 0, "hours": 1}}
OF_SCALE: Mapping[str, Mapping[str, object]] = {  # of every kind, where the scale is made for GPUs
    "small": {"gpus": 1, "cpus": 8, "mem_gb": 32, "hours": 4},
    "paper": {"gpus": 1, "cpus": 16, "mem_gb": 64, "hours": 24},
}


def kinds() -> list[str]:
    """The kinds of stages there are."""
    return [cls.model_fields["kind"].default for cls in KINDS]


def resources_by_kind(given: Sequence[str], scale: str = "", gpus: int = 0) -> dict[str, Resources]:
    """What each kind asks for at that scale; each of `given` is a TOML file or [KIND.]KEY=VALUE, later ones win.

    What is said of a kind wins over what is said of all; `gpus` is what a kind takes of which nothing is said. Raises
    ValueError naming what is wrong.
    """
    for_all: dict[str, object] = {"gpus": gpus, **OF_SCALE.get(scale, {})}
    for_kind = {kind: dict(BUILT_IN.get(kind, {})) for kind in kinds()}
    for text in given:
        for name, value in (_assignment(text) if "=" in text else _read(Path(text))).items():
            if name in for_kind and isinstance(value, dict):
                for_kind[name] |= value
            elif isinstance(value, dict) and name != "extra":
                raise ValueError(f"--resources: no kind of stage {name!r}; the kinds are {', '.join(for_kind)}")
            else:
                for_all[name] = value
    return {kind: _validated(kind, for_all | own) for kind, own in for_kind.items()}


def _assignment(text: str) -> dict[str, object]:
    key, value = key_value(text, "--resources")
    kind, dot, name = key.rpartition(".")
    return {kind: {name: value}} if dot else {name: value}


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"--resources takes a TOML file or [KIND.]KEY=VALUE; {path}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:  # the last: nested too deeply
        raise ValueError(f"--resources {path}: {error}") from error


def _validated(kind: str, fields: Mapping[str, object]) -> Resources:
    try:
        return Resources.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        known = f"; there are {', '.join(Resources.model_fields)}" if first["type"] == "extra_forbidden" else ""
        raise ValueError(f"--resources {kind}.{where}: {first['msg']}, got {first['input']!r}{known}") from error
