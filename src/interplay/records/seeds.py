"""One seed of a study in a folder of its own: all that is needed of it, beside other seeds, to say what the study found.

A study's records are made from such folders alone, wherever their seeds ran. So a seed is committed as it comes, and a later
day, or another machine, adds seeds instead of training the first ones again. A folder holds

settings.json      what the seed was made with, seeds left out: equal for all seeds of a study
seed.json          the seed, its arms and the addresses of their stages
problems.parquet   the problems that were asked: equal for all seeds
counts.parquet     of each arm and problem, the samples that are right under each rule
*.csv, *.jsonl     faults, outcomes, curves, groups without signal, held-out losses, guessing, some solutions; what the problems
                   can be had for without reasoning; of a study that asks it, similarity to what was served
about.json         machine, software, time: the one file that the same seed may have differently
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.compute as pc

from interplay import __version__
from interplay.files import staged_folder, write_table, write_text
from interplay.records.about import machine, software, stage_summary
from interplay.records.errors import error_rows, outcome_rows
from interplay.records.evaluated import Evaluated, same_problems
from interplay.records.examples import example_rows
from interplay.records.measured import Measured
from interplay.records.reliability import GUESSER, guess_rows
from interplay.records.seedless import settings_document
from interplay.records.similar import similarity_rows
from interplay.records.training import cell_rows, curve_rows, silent_rows
from interplay.records.untrained import idle_rl
from interplay.records.worlds import world_rows
from interplay.schema import VERSION
from interplay.schema.kept import Asked, Counted, KeptAbout, KeptSeed
from interplay.schema.measured import AskedOf, ErrorCount, OutcomeCount, Reliability, SimilarityCount
from interplay.schema.parquet import read_table, table_of
from interplay.schema.row import Row
from interplay.schema.sampled import Example
from interplay.schema.text import csv_text, document, json_lines, read_document
from interplay.schema.training import CellPoint, CurvePoint, Silent
from interplay.stages.stage import upstream
from interplay.studies.study import Study

SEEDS, SEED, SETTINGS, ABOUT = "seeds", "seed.json", "settings.json", "about.json"
ROWS: Mapping[str, type[Row]] = {  # tables whose rows stand in the study's records, seed after seed
    "errors.csv": ErrorCount, "outcomes.csv": OutcomeCount, "curves.csv": CurvePoint, "silent.csv": Silent,
    "cells.csv": CellPoint, "similarity.csv": SimilarityCount, "worlds.csv": AskedOf,
}  # fmt: skip
LATER = ("worlds.csv",)  # of these: seeds that were kept before there was such a table lack it, and are the same seeds
OF_SOME = ("similarity.csv", *LATER)  # of these: not in every seed's folder; the former only where the study asks it
GUESSES, EXAMPLES = "guesses.csv", "examples.jsonl"


class Kept(NamedTuple):
    """A seed's folder, read: its arms as they were measured."""

    folder: Path
    said: KeptSeed
    about: KeptAbout
    arms: dict[str, Measured]


def seed_folder(root: Path, seed: int) -> Path:
    """Where a seed lies among the others."""
    return root / f"seed-{seed}"


def write_seed(study: Study, seed: int, folder: Path, command: str, jobs: int | None = None) -> None:
    """Write the folder of one seed of a study whose stages are all in the store. It appears whole or not at all."""
    own = study.of_seeds([seed])
    found = [Evaluated(arm) for arm in own.arms]
    for other in found[1:]:
        same_problems(found[0], other)
    ks = study.settings.ks
    counts = [row for one in found for row in one.count_rows(ks)]
    guesses = list(guess_rows(found[0], study.regimes, ks))
    blind = {row["regime"]: row["value"] for row in guesses if row["metric"] == GUESSER}
    tables: dict[str, list[dict[str, object]]] = {
        "errors.csv": [row for one in found for row in error_rows(one)],
        "outcomes.csv": [row for one in found for row in outcome_rows(one, blind)],
        "curves.csv": list(curve_rows(own)), "silent.csv": list(silent_rows(own)), "cells.csv": list(cell_rows(own)),
        "similarity.csv": list(similarity_rows(own, found)), "worlds.csv": list(world_rows(found)),
    }  # fmt: skip
    with staged_folder(folder) as staging:
        write_text(staging / SETTINGS, settings_document(own))
        write_text(staging / SEED, document(KeptSeed, _said(own, seed)))
        write_text(staging / ABOUT, document(KeptAbout, _about(own, command, jobs)))
        write_table(staging / "problems.parquet", table_of(found[0].problem_rows(), Asked))
        write_table(staging / "counts.parquet", table_of(counts, Counted))
        for name, rows in tables.items():
            if rows or name not in OF_SOME:
                write_text(staging / name, csv_text(ROWS[name], rows))
        write_text(staging / GUESSES, csv_text(Reliability, guesses))
        write_text(staging / EXAMPLES, json_lines(Example, example_rows(own)))


def read_seed(folder: Path) -> Kept:
    """A seed's folder. Raises ValueError naming the file that is missing or damaged."""
    said: KeptSeed = read_document(folder / SEED, KeptSeed)
    about: KeptAbout = read_document(folder / ABOUT, KeptAbout)
    if said.schema_version != VERSION:
        raise ValueError(
            f"{folder / SEED} is of version {said.schema_version} of the tables; this is version {VERSION}"
        )
    problems = read_table(folder / "problems.parquet", Asked)
    counts = read_table(folder / "counts.parquet", Counted)
    arms = {}
    for arm in said.arms:
        own = counts.filter(pc.equal(counts["arm"], arm.arm))
        if len(own) != len(problems):
            raise ValueError(
                f"{folder / 'counts.parquet'} has {len(own)} problems of the arm {arm.arm!r}, not {len(problems)}"
            )
        arms[arm.arm] = Measured(arm, said.seed, problems, own)
    return Kept(folder, said, about, arms)


def seeds_below(folder: Path) -> list[Path]:
    """The folders of seeds that a folder is or holds, at any depth, in order. Raises ValueError where it is no folder."""
    if not folder.is_dir():
        raise ValueError(f"no such folder: {folder}")
    return sorted(path.parent for path in folder.rglob(SEED) if not path.parent.name.startswith("."))


def _said(study: Study, seed: int) -> dict[str, object]:
    arms = [
        {"arm": arm.name, "stages": [stage.address for stage in upstream(arm.evaluation)], "rl": idle_rl(arm)}
        for arm in study.arms
    ]
    return {"schema_version": VERSION, "study": study.name, "scale": study.settings.scale, "seed": seed, "arms": arms}


def _about(study: Study, command: str, jobs: int | None) -> dict[str, object]:
    stages = {stage.address: stage_summary(stage) for stage in study.stages}
    return {
        "version": __version__, "command": command, "software": software(), "stages": stages,
        "machine": machine(study.arms[0].evaluation.runtime.threads, jobs),
    }  # fmt: skip


def joined_rows(name: str, folders: list[Path]) -> str:
    """A table of several seeds as one: the rows of each that has it, under one header; empty where none has."""
    texts = [(folder / name).read_text(encoding="utf-8") for folder in folders]
    bodies = [text.partition("\n") for text in texts]
    return "".join(f"{header}\n" for header, _, _ in bodies[:1]) + "".join(body for _, _, body in bodies)


def settings_of(folder: Path) -> Any:
    """What a seed was made with, as JSON."""
    try:
        return json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder / SETTINGS} cannot be read: {error}") from None


def tables_in(folder: Path) -> Iterator[Path]:
    """Every file by which the same seed must be the same."""
    return (path for path in sorted(folder.iterdir()) if path.name != ABOUT and not path.name.startswith("."))
