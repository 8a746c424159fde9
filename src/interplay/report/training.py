"""What training left behind, row by row: curves, groups without signal, loss per cell."""

from __future__ import annotations

from typing import Any

from pydantic import FiniteFloat, model_validator

from interplay.report.fields import Figure, Record, SeedOrAll, Whole, absent


class CurvePoint(Record):
    """The metrics of one stage around one step."""

    arm: str
    seed: SeedOrAll
    stage: str
    step: int
    tokens: Figure = None
    values: dict[str, FiniteFloat]

    @model_validator(mode="before")
    @classmethod
    def _metrics_are_columns(cls, row: Any) -> Any:
        """`area/name` is a metric; one that a stage does not have is an empty cell."""
        if not isinstance(row, dict) or "values" in row:
            return row
        found = {name: value for name, value in row.items() if "/" in name and absent(value) is not None}
        return {name: value for name, value in row.items() if "/" not in name} | {"values": found}


class Silent(Record):
    """Share of RL's groups without signal, for one op, over a part of the run."""

    arm: str
    seed: SeedOrAll
    op: SeedOrAll
    part: str
    steps: int
    silent_wrong: Figure
    silent_right: Figure
    hacked: Figure = None


class CellPoint(Record):
    """Loss on the held-out solutions of one cell at one point of the token grid."""

    arm: str
    seed: SeedOrAll
    stage: str
    tokens: FiniteFloat
    cell: str
    op: int
    loss: Figure
    solution_nll: Figure
    problems: Whole = None
