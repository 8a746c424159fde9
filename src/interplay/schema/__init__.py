"""Every table that the project writes and reads: where it lies, and the class that says its columns.

The classes are in the modules of this package, by subject. `docs/reports.md` lists the tables from here.
"""

from __future__ import annotations

from typing import NamedTuple

from interplay.schema.kept import Asked, Counted, KeptAbout, KeptSeed, KeptSettings
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
from interplay.schema.row import VERSION, Row
from interplay.schema.sampled import Example, Gold, KeptProblem, KeptSample, Problem, Rollout, Sample
from interplay.schema.study import Claim, Study
from interplay.schema.training import CellPoint, CurvePoint, Silent

__all__ = ["TABLES", "VERSION", "Table"]


class Table(NamedTuple):
    """A file of rows, or of one document."""

    place: str
    file: str
    row: type[Row]


STUDY, SEED, EVALUATION, RL = "a study's records", "the folder of a kept seed", "an evaluation", "an RL stage"
TABLES = (
    Table(STUDY, "study.json", Study),
    Table(STUDY, "claims.json", Claim),
    Table(STUDY, "results.csv", Result),
    Table(STUDY, "reliability.csv", Reliability),
    Table(STUDY, "effects.csv", Effect),
    Table(STUDY, "errors.csv", ErrorCount),
    Table(STUDY, "outcomes.csv", OutcomeCount),
    Table(STUDY, "curves.csv", CurvePoint),
    Table(STUDY, "silent.csv", Silent),
    Table(STUDY, "cells.csv", CellPoint),
    Table(STUDY, "similarity.csv", SimilarityCount),
    Table(STUDY, "worlds.csv", AskedOf),
    Table(STUDY, "nll.csv", GoldRow),
    Table(STUDY, "examples.jsonl", Example),
    Table(STUDY, "problems.parquet", KeptProblem),
    Table(STUDY, "samples.parquet", KeptSample),
    Table(SEED, "settings.json", KeptSettings),
    Table(SEED, "seed.json", KeptSeed),
    Table(SEED, "about.json", KeptAbout),
    Table(SEED, "problems.parquet", Asked),
    Table(SEED, "counts.parquet", Counted),
    Table(EVALUATION, "problems.parquet", Problem),
    Table(EVALUATION, "samples.parquet", Sample),
    Table(EVALUATION, "gold.parquet", Gold),
    Table(RL, "rollouts.parquet", Rollout),
)
