"""What sets two stages apart: the fields of their resolved configs that differ, each by its dotted name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

NAMES = ("address", "label")  # of a stage, no part of what it is
LONGEST = 48
KIND_WEIGHT = 100  # a part of another kind stands for all its fields


class Absent:
    """Stands for a field that one side does not have."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


class Difference(NamedTuple):
    """A field and its value on either side."""

    field: str
    a: object
    b: object

    def __str__(self) -> str:
        return f"{self.field}: {_short(self.a)} -> {_short(self.b)}"


def differences(a: Mapping[str, object], b: Mapping[str, object]) -> list[Difference]:
    """Every field that differs. Where two parts are of different kinds, that is said once and not field by field."""
    return list(_compare(_without_names(a), _without_names(b), ""))


def distance(found: Sequence[Difference]) -> int:
    """How far apart two stages are that differ in these fields."""
    return sum(KIND_WEIGHT if difference.field.endswith("kind") else 1 for difference in found)


def _without_names(identity: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in identity.items() if name not in NAMES}


def _compare(a: object, b: object, field: str) -> Iterator[Difference]:
    if a == b:  # most of two identities, and compared whole it is not walked through
        return
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        inside = f"{field}." if field else ""
        if "kind" in a and "kind" in b and a["kind"] != b["kind"]:
            yield Difference(f"{inside}kind", a["kind"], b["kind"])
            return
        for name in dict.fromkeys([*a, *b]):
            yield from _compare(a.get(name, ABSENT), b.get(name, ABSENT), inside + name)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for number, (left, right) in enumerate(zip(a, b, strict=True)):
            yield from _compare(left, right, f"{field}[{number}]")
    else:
        yield Difference(field, a, b)


def _short(value: object) -> str:
    if value is ABSENT:
        return "absent"
    text = json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
