"""More arms for a seed that is kept: those it lacks run, and its folder becomes what one run of all arms leaves.

An arm that is kept runs again beside them and must come out as it was. On another kind of processor it does not: then nobody
knows how the trainings differ that the arms came from, and nothing is put together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from interplay.files import staged_folder, write_table, write_text
from interplay.records.seedless import settings_document
from interplay.records.seeds import ABOUT, EXAMPLES, GUESSES, LATER, OF_SOME, ROWS, SEED, SETTINGS
from interplay.records.training import trained_stages
from interplay.schema.kept import Asked, Counted, KeptAbout, KeptArm, KeptSeed
from interplay.schema.measured import Reliability
from interplay.schema.parquet import marked, read_table
from interplay.schema.row import Row
from interplay.schema.sampled import Example
from interplay.schema.text import csv_text, document, json_lines, read_cells, read_document
from interplay.stages.stage import Stage, upstream
from interplay.studies.study import Arm, Study

TRAINED = ("curves.csv", "silent.csv", "cells.csv")  # a stage's rows stand under the first arm that it belongs to
BY_ARM = ("errors.csv", "outcomes.csv", "similarity.csv")
KINDS: Mapping[str, type[Row]] = {**ROWS, GUESSES: Reliability, EXAMPLES: Example}

Table = list[dict[str, Any]]


class Part:
    """A seed's folder with some of the arms."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: KeptSeed = read_document(folder / SEED, KeptSeed)
        self.arms: dict[str, KeptArm] = {arm.arm: arm for arm in self.said.arms}

    @cached_property
    def counts(self) -> pa.Table:
        return read_table(self.folder / "counts.parquet", Counted)

    @cached_property
    def problems(self) -> pa.Table:
        return read_table(self.folder / "problems.parquet", Asked)

    def counts_of(self, arm: str) -> pa.Table:
        return self.counts.filter(pc.equal(self.counts["arm"], arm))

    @cached_property
    def tables(self) -> dict[str, Table]:
        """Rows as they stand in the files; none of a table that not every seed has, where this one does not.

        Raises ValueError naming the table that is missing or damaged.
        """
        lacking = [name for name in OF_SOME if not (self.folder / name).exists()]
        return {name: [] if name in lacking else read_cells(self.folder / name, row) for name, row in KINDS.items()}

    def of_arm(self, name: str, arm: str) -> Table:
        return [row for row in self.tables[name] if row["arm"] == arm]

    def examples(self, arm: str, last: bool) -> Table:
        """Of the first arm wrong solutions, of the last these and right ones; a seed with one arm has both lists of it."""
        rows = self.of_arm(EXAMPLES, arm)
        if len(self.arms) > 1:
            return rows
        wrong = sum(not row["strict"] for row in rows) // 2
        return rows[wrong:] if last else rows[:wrong]

    def of_stage(self, name: str, stage: Stage) -> Table | None:
        """What a table of training says of a stage, whichever arm it is under; None where none of the arms has it."""
        owner = next((arm.arm for arm in self.said.arms if stage.address in arm.stages), None)
        if owner is None:
            return None
        return [row | {"arm": ""} for row in self.of_arm(name, owner) if row.get("stage", "rl") == stage.kind]


def to_run(study: Study, kept: Mapping[int, Path]) -> Study:
    """What a run of the study has to do: the seeds that are not kept, and of one that lacks arms these and the first it has.

    Raises ValueError where arms of the study cannot be added.
    """
    arms = []
    for seed in study.settings.seeds:
        own = study.of_seeds([seed]).arms
        part = Part(kept[seed]) if seed in kept else None
        have = [arm.name for arm in own if part and arm.name in part.arms]
        if len(have) < len(own):
            if part:
                _refuse_others(own, part)
            arms += [arm for arm in own if arm.name not in have[1:]]
    return study.of_seeds(list(dict.fromkeys(arm.seed for arm in arms)))._replace(arms=tuple(arms))


def write_extended(study: Study, kept: Path, added: Path, folder: Path) -> None:
    """Write the folder of a seed from two that hold its arms between them; `study` is of this seed and all arms.

    Raises ValueError where the two differ in what both have, and writes nothing then.
    """
    parts = Part(kept), Part(added)
    _refuse_unequal(study, *parts)
    names = [arm.name for arm in study.arms]
    source = {name: next(part for part in parts if name in part.arms) for name in names}
    first, last = source[names[0]], source[names[-1]]
    counts = pa.concat_tables([source[name].counts_of(name) for name in names]).combine_chunks()
    tables = {name: [row for arm in names for row in source[arm].of_arm(name, arm)] for name in BY_ARM}
    tables |= {name: list(_trained_rows(study, parts, name)) for name in TRAINED}
    tables |= {name: next(filter(None, (part.tables[name] for part in (first, *parts))), []) for name in LATER}
    said = parts[0].said.model_dump(mode="json") | {"arms": [source[name].arms[name].model_dump() for name in names]}
    with staged_folder(folder) as staging:
        write_text(staging / SETTINGS, settings_document(study))
        write_text(staging / SEED, document(KeptSeed, said))
        write_text(staging / ABOUT, document(KeptAbout, _about(study, parts)))
        write_table(staging / "problems.parquet", marked(first.problems, Asked))
        write_table(staging / "counts.parquet", marked(counts, Counted))
        for name, rows in tables.items():
            if rows or any((part.folder / name).exists() for part in parts):
                write_text(staging / name, csv_text(ROWS[name], rows))
        write_text(staging / GUESSES, csv_text(Reliability, first.tables[GUESSES]))
        examples = [*first.examples(names[0], last=False), *last.examples(names[-1], last=True)]
        write_text(staging / EXAMPLES, json_lines(Example, examples))


def _trained_rows(study: Study, parts: Sequence[Part], name: str) -> Iterator[dict[str, Any]]:
    """Of each training stage once, under the first arm of the study that has it."""
    for arm, stage in trained_stages(study):
        for row in next(filter(None, (part.of_stage(name, stage) for part in parts)), []):
            yield row | {"arm": arm.name}


def _about(study: Study, parts: Sequence[Part]) -> dict[str, object]:
    """As it was kept, with the command that added the arms, and every stage."""
    found: list[KeptAbout] = [read_document(part.folder / ABOUT, KeptAbout) for part in parts]
    kept, added = found
    stages = kept.stages | added.stages
    return kept.model_dump(mode="json") | {
        "command": f"{kept.command}; {added.command}",
        "stages": {stage.address: stages[stage.address] for stage in study.stages},
    }


def _refuse_others(arms: Sequence[Arm], part: Part) -> None:
    """Raises ValueError for a seed that arms cannot be added to, before they run.

    Solutions are kept of the first arm and of the last. Tables of training name the kind of a stage: of two of a kind in one
    arm nobody could tell the rows apart.
    """
    _ = part.tables  # what is damaged is said now
    had, now = list(part.arms), [arm.name for arm in arms if arm.name in part.arms]
    if had != now:
        raise ValueError(
            f"{part.folder} has its arms in another order, {', '.join(had)}, than this run, {', '.join(now)}"
        )
    for arm in arms:
        kinds = [stage.kind for stage in upstream(arm.checkpoint)]
        if len(set(kinds)) < len(kinds):
            raise ValueError(
                f"the arm {arm.name} has two stages of one kind: to such a study no arms can be added, "
                "keep its seeds in another folder"
            )


def _refuse_unequal(study: Study, kept: Part, added: Part) -> None:
    for what, same in _compared(study, kept, added):
        if not same:
            raise ValueError(
                f"{kept.folder} cannot take more arms: what it has, run again, comes out otherwise ({what}); another processor "
                "or version ran it, or it was changed since: run all arms into another folder"
            )


def _compared(study: Study, kept: Part, added: Part) -> Iterator[tuple[str, bool]]:
    """Everything that both parts have, by its name, and whether it is the same."""
    yield "problems.parquet", kept.problems.equals(added.problems)
    if kept.said.arms[0].arm == added.said.arms[0].arm:
        yield GUESSES, kept.tables[GUESSES] == added.tables[GUESSES]
    for arm in kept.arms.keys() & added.arms.keys():
        yield f"{SEED}: {arm}", kept.arms[arm] == added.arms[arm]
        yield f"counts.parquet: {arm}", kept.counts_of(arm).equals(added.counts_of(arm))
        for name in BY_ARM:
            yield f"{name}: {arm}", kept.of_arm(name, arm) == added.of_arm(name, arm)
    for _, stage in trained_stages(study):
        for name in TRAINED:
            one, other = kept.of_stage(name, stage), added.of_stage(name, stage)
            yield f"{name}: {stage.address}", None in (one, other) or one == other
