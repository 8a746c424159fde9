"""The records of a finished study: tidy tables that the report, and anybody else, reads. Every number comes from here.

What each table is and what its columns mean is said in `interplay.schema`; each module here computes the rows of one.
The same results give the same bytes in every store; times and the machine stand in study.json alone.
"""

from __future__ import annotations

from pathlib import Path

from interplay.records.about import about, command_line
from interplay.records.effects import claim_rows, effect_row
from interplay.records.errors import error_rows
from interplay.records.examples import example_rows
from interplay.records.explored import write_explored
from interplay.records.files import write_csv, write_json, write_jsonl
from interplay.records.gold import nll_rows
from interplay.records.measured import measure
from interplay.records.reliability import reliability_rows
from interplay.records.results import result_rows
from interplay.records.training import cell_rows, curve_rows, silent_rows
from interplay.schema.measured import Effect, ErrorCount, GoldRow, Reliability, Result
from interplay.schema.sampled import Example
from interplay.schema.study import Claim
from interplay.schema.study import Study as StudyRecord
from interplay.schema.training import CellPoint, CurvePoint, Silent
from interplay.studies.study import Study

__all__ = ["command_line", "write_records"]


def write_records(study: Study, folder: Path, command: str) -> None:
    """Write every record of a study whose stages are all cached."""
    arms = measure(study)
    effects = [effect_row(study, contrast, arms) for contrast in study.contrasts]
    faults = [row for members in arms.values() for member in members for row in error_rows(member)]
    write_csv(folder / "results.csv", Result, result_rows(study, arms))
    write_csv(folder / "reliability.csv", Reliability, reliability_rows(study, arms))
    write_csv(folder / "effects.csv", Effect, effects)
    write_csv(folder / "errors.csv", ErrorCount, faults)
    write_csv(folder / "curves.csv", CurvePoint, curve_rows(study))
    write_csv(folder / "silent.csv", Silent, silent_rows(study))
    cells, golds = list(cell_rows(study)), list(nll_rows(study, arms))
    for name, row, rows in (("cells", CellPoint, cells), ("nll", GoldRow, golds)):
        path = folder / f"{name}.csv"
        if rows:
            write_csv(path, row, rows)
        else:
            path.unlink(missing_ok=True)  # of an earlier run that measured it
    write_json(folder / "claims.json", tuple[Claim, ...], claim_rows(study, arms))
    write_jsonl(folder / "examples.jsonl", Example, example_rows(study))
    write_explored(study.arms, folder)
    write_json(folder / "study.json", StudyRecord, about(study, arms, command))
