"""The records of a finished study: tidy tables that the report, and anybody else, reads. Every number comes from here.

What each table is and what its columns mean is said in `interplay.schema`; each module here computes the rows of one.
The same results give the same bytes in every store; times and the machine stand in study.json alone.
"""

from __future__ import annotations

from pathlib import Path

from interplay.files import write_text
from interplay.records.about import about, command_line
from interplay.records.effects import claim_rows, control_mean, effect_row
from interplay.records.errors import error_rows, outcome_rows
from interplay.records.examples import example_rows
from interplay.records.explored import write_explored
from interplay.records.gold import nll_rows
from interplay.records.measured import Arms, measure
from interplay.records.reliability import reliability_rows
from interplay.records.results import result_rows
from interplay.records.training import cell_rows, curve_rows, silent_rows
from interplay.schema.measured import Effect, ErrorCount, GoldRow, OutcomeCount, Reliability, Result
from interplay.schema.sampled import Example
from interplay.schema.study import Claim
from interplay.schema.study import Study as StudyRecord
from interplay.schema.text import csv_text, document, json_lines
from interplay.schema.training import CellPoint, CurvePoint, Silent
from interplay.studies.foresight import Control, designs, spread_of
from interplay.studies.study import Study

__all__ = ["command_line", "write_records"]


def write_records(study: Study, folder: Path, command: str) -> None:
    """Write every record of a study whose stages are all cached."""
    arms, spread = measure(study), spread_of(study.settings.scale)
    foreseen = designs(study, spread, _controls(study, arms))
    effects = [effect_row(study, contrast, arms) for contrast in study.contrasts]
    everybody = [member for members in arms.values() for member in members]
    faults = [row for member in everybody for row in error_rows(member)]
    outcomes = [row for member in everybody for row in outcome_rows(member)]
    write_text(folder / "results.csv", csv_text(Result, result_rows(study, arms)))
    write_text(folder / "reliability.csv", csv_text(Reliability, reliability_rows(study, arms)))
    write_text(folder / "effects.csv", csv_text(Effect, effects))
    write_text(folder / "errors.csv", csv_text(ErrorCount, faults))
    write_text(folder / "outcomes.csv", csv_text(OutcomeCount, outcomes))
    write_text(folder / "curves.csv", csv_text(CurvePoint, curve_rows(study)))
    write_text(folder / "silent.csv", csv_text(Silent, silent_rows(study)))
    cells, golds = list(cell_rows(study)), list(nll_rows(study, arms))
    for name, row, rows in (("cells", CellPoint, cells), ("nll", GoldRow, golds)):
        path = folder / f"{name}.csv"
        if rows:
            write_text(path, csv_text(row, rows))
        else:
            path.unlink(missing_ok=True)  # of an earlier run that measured it
    write_text(folder / "claims.json", document(tuple[Claim, ...], claim_rows(study, arms, foreseen)))
    write_text(folder / "examples.jsonl", json_lines(Example, example_rows(study)))
    write_explored(study.arms, folder)
    write_text(folder / "study.json", document(StudyRecord, about(study, spread, foreseen, command)))


def _controls(study: Study, arms: Arms) -> dict[str, Control]:
    """What the control of each contrast solves, by the contrast's name."""
    return {c.name: Control(control_mean(c, arms, 1), control_mean(c, arms)) for c in study.contrasts}
