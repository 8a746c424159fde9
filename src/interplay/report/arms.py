"""What was trained on what, as a table: a row per arm, a column per kind of stage, shared stages drawn as one cell.

Arms that share a stage (the same addresses at every seed) and stand next to each other share its cell, so that the
table reads as the tree of the study.
"""

from __future__ import annotations

from dataclasses import dataclass

from interplay.report import wording
from interplay.report.records import Records
from interplay.report.theme import ArmStyle
from interplay.schema.study import Arm, Stage

TRAINED = ("tokenizer", "pretrain", "midtrain", "rl")
UNITS = (("tokens", "tokens"), ("steps", "steps"), ("documents", "documents"), ("flops", "FLOPs"))


@dataclass(frozen=True)
class StageCell:
    """The stages of one kind, in the arms of `rows` table rows; empty when the arm skips that kind."""

    what: tuple[str, ...]
    costs: tuple[str, ...]
    wall: str
    rows: int


@dataclass(frozen=True)
class ArmRow:
    """One arm: its name and the cells that begin in its row."""

    style: ArmStyle
    description: str
    cells: tuple[StageCell | None, ...]


def stage_kinds(records: Records) -> list[str]:
    """The kinds of training stages that occur, in the order in which they run."""
    seen = {stage.kind for stage in records.study.stages.values()} - {"evaluate"}
    return [kind for kind in TRAINED if kind in seen] + sorted(seen - set(TRAINED))


def arm_rows(records: Records, styles: dict[str, ArmStyle]) -> list[ArmRow]:
    """The table, row by row; None where the cell above reaches down."""
    by_arm = {name: [arm for arm in records.study.arms if arm.arm == name] for name in styles}
    names = list(styles)
    rows: dict[str, list[StageCell | None]] = {name: [] for name in names}
    for kind in stage_kinds(records):
        keys = [_addresses(records, by_arm[name], kind) for name in names]
        for place, name in enumerate(names):
            if place and keys[place] and keys[place] == keys[place - 1]:
                rows[name].append(None)
                continue
            reach = place + 1
            while keys[place] and reach < len(names) and keys[reach] == keys[place]:
                reach += 1
            stages = [records.study.stages[address] for address in keys[place]]
            rows[name].append(_cell(stages, reach - place))
    return [ArmRow(styles[name], by_arm[name][0].description, tuple(rows[name])) for name in names]


def _addresses(records: Records, arms: list[Arm], kind: str) -> tuple[str, ...]:
    """The arm's stages of a kind at every seed."""
    known = records.study.stages
    return tuple(address for arm in arms for address in arm.stages if known[address].kind == kind)


def _cell(stages: list[Stage], rows: int) -> StageCell:
    what = tuple(dict.fromkeys(stage.what for stage in stages if stage.what))
    costs = [f"{_range(stages, key)} {unit}" for key, unit in UNITS if _values(stages, key)]
    wall = _values(stages, "wall_s")
    return StageCell(what, tuple(costs), wording.duration(sum(wall) / len(wall)) if wall else "", rows)


def _values(stages: list[Stage], key: str) -> list[float]:
    found: list[object] = [stage.summary.get(key) for stage in stages]
    return [float(value) for value in found if isinstance(value, int | float) and value]


def _range(stages: list[Stage], key: str) -> str:
    """One size where all seeds agree, else the smallest and the largest."""
    values = _values(stages, key)
    low, high = wording.size(min(values)), wording.size(max(values))
    return low if low == high else f"{low}–{high}"


def addresses(records: Records) -> list[tuple[str, int, list[tuple[str, Stage]]]]:
    """Label, seed and addressed stages of every arm at every seed."""
    known = records.study.stages
    return [(arm.label, arm.seed, [(name, known[name]) for name in arm.stages]) for arm in records.study.arms]
