"""The records of a study, read from its folder and checked once, so that nothing after this can meet a bad value.

A report is made from these alone. A missing or damaged file is one `ValueError` naming the file, the row and the column.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from interplay.schema.measured import (
    AskedOf,
    Effect,
    ErrorCount,
    GoldRow,
    OutcomeCount,
    Reliability,
    Result,
    SimilarityCount,
)
from interplay.schema.row import Factor, Row
from interplay.schema.sampled import Example
from interplay.schema.study import Claim, Study
from interplay.schema.text import read_document, read_rows
from interplay.schema.training import CellPoint, CurvePoint, Silent

R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Records:
    """Everything the page is made from."""

    study: Study
    results: tuple[Result, ...]
    effects: tuple[Effect, ...]
    errors: tuple[ErrorCount, ...]
    curves: tuple[CurvePoint, ...]
    claims: tuple[Claim, ...]
    examples: tuple[Example, ...]
    reliability: tuple[Reliability, ...] = ()
    outcomes: tuple[OutcomeCount, ...] = ()
    silent: tuple[Silent, ...] = ()
    cells: tuple[CellPoint, ...] = ()
    nll: tuple[GoldRow, ...] = ()
    similarity: tuple[SimilarityCount, ...] = ()
    worlds: tuple[AskedOf, ...] = ()

    @property
    def arms(self) -> dict[str, str]:
        """Label of every arm by its name, in the study's order."""
        return {arm.arm: arm.label for arm in self.study.arms}

    @property
    def factors(self) -> dict[str, dict[str, Factor]]:
        """What was varied, by arm."""
        return {arm.arm: arm.factors for arm in self.study.arms}

    @property
    def starts(self) -> dict[str, str]:
        """The arm that each arm was trained from, where the study has it."""
        arms = self.arms
        return {arm.arm: arm.start for arm in self.study.arms if arm.start in arms}

    @property
    def ks(self) -> list[int]:
        """Every k that pass@k was measured at."""
        return sorted({row.k for row in self.results})


def read_records(directory: Path) -> Records:
    """Read the record files of `directory`. Raises ValueError naming the file that is missing or damaged."""
    study, claims = read_claims(directory)
    records = Records(
        study=study,
        results=read_rows(directory / "results.csv", Result),
        effects=read_rows(directory / "effects.csv", Effect),
        errors=read_rows(directory / "errors.csv", ErrorCount),
        curves=read_rows(directory / "curves.csv", CurvePoint),
        claims=claims,
        examples=read_rows(directory / "examples.jsonl", Example),
        reliability=_rows_if_there(directory / "reliability.csv", Reliability),
        outcomes=_rows_if_there(directory / "outcomes.csv", OutcomeCount),
        silent=_rows_if_there(directory / "silent.csv", Silent),
        cells=_rows_if_there(directory / "cells.csv", CellPoint),
        nll=_rows_if_there(directory / "nll.csv", GoldRow),
        similarity=_rows_if_there(directory / "similarity.csv", SimilarityCount),
        worlds=_rows_if_there(directory / "worlds.csv", AskedOf),
    )
    _refuse_unknown_arms(directory, records)
    return records


def read_claims(directory: Path) -> tuple[Study, tuple[Claim, ...]]:
    """The study and its claims alone. Raises ValueError naming the file that is missing or damaged."""
    study: Study = read_document(directory / "study.json", Study)
    claims: tuple[Claim, ...] = read_document(directory / "claims.json", tuple[Claim, ...])
    return study, claims


def _rows_if_there(path: Path, row: type[R]) -> tuple[R, ...]:
    """Rows of a record that a study has only where it was measured."""
    return read_rows(path, row) if path.exists() else ()


def _refuse_unknown_arms(directory: Path, records: Records) -> None:
    known = set(records.arms)
    named = {
        "results.csv": {row.arm for row in records.results},
        "effects.csv": {row.treatment for row in records.effects} | {row.control for row in records.effects},
        "errors.csv": {row.arm for row in records.errors},
        "curves.csv": {row.arm for row in records.curves},
        "examples.jsonl": {row.arm for row in records.examples},
        "reliability.csv": {row.arm for row in records.reliability} - {""},
        "outcomes.csv": {row.arm for row in records.outcomes},
        "silent.csv": {row.arm for row in records.silent},
        "cells.csv": {row.arm for row in records.cells},
        "nll.csv": {row.arm for row in records.nll},
        "similarity.csv": {row.arm for row in records.similarity},
        "worlds.csv": {row.arm for row in records.worlds} - {""},
    }
    for name, arms in named.items():
        if arms - known:
            raise ValueError(f"{directory / name}: study.json has no arm {min(arms - known)!r}")
