"""The records of a finished study: tidy tables that the report, and anybody else, reads. Every number comes from here.

They are made in two steps: each seed is kept in a folder of its own (`seeds.py`), and the tables are made from these folders,
wherever the seeds ran (`merge.py`). What each table is and what its columns mean is said in `interplay.schema`; each
module here computes the rows of one. The same results give the same bytes in every store; times and the machine
stand in study.json and about.json alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from interplay.files import write_text
from interplay.records.about import about, command_line
from interplay.records.effects import claim_rows, control_mean, effect_row
from interplay.records.explored import write_explored
from interplay.records.extend import to_run, write_extended
from interplay.records.gold import nll_rows
from interplay.records.measured import Arms
from interplay.records.merge import copy_seed, measure, read_all
from interplay.records.reliability import reliability_rows
from interplay.records.results import result_rows
from interplay.records.seeds import EXAMPLES, GUESSES, OF_SOME, ROWS, SEEDS, joined_rows, seed_folder, write_seed
from interplay.schema.measured import Effect, GoldRow, Reliability, Result
from interplay.schema.sampled import Example
from interplay.schema.study import Claim
from interplay.schema.study import Study as StudyRecord
from interplay.schema.text import csv_text, document, read_cells, read_rows
from interplay.studies.foresight import Control, designs, kept_spread
from interplay.studies.study import Study

__all__ = ["command_line", "write_records"]


def write_records(
    study: Study, folder: Path, command: str, kept: Mapping[int, Path] | None = None, jobs: int | None = None
) -> None:
    """Write every record of a study: of its seeds those in `kept` from their folders, the others, and arms that kept ones lack,
    from a store that has all of their stages, of which `jobs` could run side by side."""
    elsewhere = kept or {}
    here = [seed for seed in study.settings.seeds if seed not in elsewhere]
    for seed in here:
        write_seed(study, seed, seed_folder(folder / SEEDS, seed), command, jobs)
    rest = to_run(study, elsewhere)
    for seed, source in elsewhere.items():
        target = seed_folder(folder / SEEDS, seed)
        if seed not in rest.settings.seeds:
            copy_seed(source, target)
            continue
        with TemporaryDirectory() as added:
            write_seed(rest, seed, Path(added, "seed"), command, jobs)
            write_extended(study.of_seeds([seed]), source, Path(added, "seed"), target)
    write_tables(study, folder, command)
    if here:
        write_explored(study.of_seeds(here).arms, folder)
    else:
        for name in ("problems.parquet", "samples.parquet"):
            (folder / name).unlink(missing_ok=True)  # of an earlier run; kept seeds have no samples


def write_tables(study: Study, folder: Path, command: str) -> None:
    """Every table that is made from the seeds that lie in the folder."""
    folders = [seed_folder(folder / SEEDS, seed) for seed in study.settings.seeds]
    kept = read_all(folders)
    arms, spread = measure(kept), kept_spread(study.settings)
    foreseen = designs(study, spread, _controls(study, arms))
    effects = [effect_row(study, contrast, arms) for contrast in study.contrasts]
    guesses = read_cells(folders[0] / GUESSES, Reliability)  # the same for every seed
    reliability: list[Mapping[str, object]] = [*reliability_rows(study, arms), *guesses]
    write_text(folder / "results.csv", csv_text(Result, result_rows(study, arms)))
    write_text(folder / "reliability.csv", csv_text(Reliability, reliability))
    write_text(folder / "effects.csv", csv_text(Effect, effects))
    for name, row in ROWS.items():
        having = [one for one in folders if name not in OF_SOME or (one / name).exists()]
        found = [read_rows(one / name, row) for one in having]  # nothing damaged is handed on
        _optional(folder / name, joined_rows(name, having), name not in ("cells.csv", *OF_SOME) or any(found))
    golds = list(nll_rows(study, arms))
    _optional(folder / "nll.csv", csv_text(GoldRow, golds), bool(golds))
    write_text(folder / "claims.json", document(tuple[Claim, ...], claim_rows(study, arms, foreseen)))
    read_rows(folders[0] / EXAMPLES, Example)
    write_text(folder / EXAMPLES, (folders[0] / EXAMPLES).read_text(encoding="utf-8"))
    write_text(folder / "study.json", document(StudyRecord, about(study, kept, spread, foreseen, command)))


def _optional(path: Path, text: str, measured: bool) -> None:
    """A table that is there where it was measured, and not from an earlier run that measured it."""
    if measured:
        write_text(path, text)
    else:
        path.unlink(missing_ok=True)


def _controls(study: Study, arms: Arms) -> dict[str, Control]:
    """What the control of each contrast solves, by the contrast's name."""
    return {c.name: Control(control_mean(c, arms, 1), control_mean(c, arms)) for c in study.contrasts}
