"""The records of a finished study: tidy tables that the report, and anybody else, reads. Every number comes from here.

results.csv     pass@k per arm, seed, regime, op and rule, with intervals
reliability.csv what pass@k hides: cover, G-Pass@k, majority, right answers with wrong steps, and plain guessing
effects.csv     each contrast with its paired interval
claims.json     each claim, its rule and what this run says
errors.csv      first faults per arm and regime
curves.csv      loss, reward and length over training, thinned
silent.csv      groups from which RL learns nothing, per op
cells.csv       loss per cell on the token grid, where it was measured
nll.csv         likelihood of the gold solutions and its change, where it was measured
examples.jsonl  a few sampled solutions with each step's verdict
samples.parquet, problems.parquet  many more of them, for the explorer
study.json      what was trained on what, settings, addresses, compute

The same results give the same bytes in every store; times and the machine stand in study.json alone.
"""

from __future__ import annotations

from pathlib import Path

from interplay.records.about import about, command_line
from interplay.records.effects import EFFECTS, claim_rows, effect_row
from interplay.records.errors import ERRORS, error_rows
from interplay.records.examples import example_rows
from interplay.records.explored import write_explored
from interplay.records.files import write_csv, write_json, write_jsonl
from interplay.records.gold import NLL, nll_rows
from interplay.records.measured import measure
from interplay.records.reliability import RELIABILITY, reliability_rows
from interplay.records.results import RESULTS, result_rows
from interplay.records.training import CELLS, CURVE_POINTS, SILENT, cell_rows, curve_rows, silent_rows
from interplay.studies.study import Study

__all__ = ["command_line", "write_records"]


def write_records(study: Study, folder: Path, command: str) -> None:
    """Write every record of a study whose stages are all cached."""
    arms = measure(study)
    write_csv(folder / "results.csv", RESULTS, result_rows(study, arms))
    write_csv(folder / "reliability.csv", RELIABILITY, reliability_rows(study, arms))
    write_csv(folder / "effects.csv", EFFECTS, [effect_row(study, contrast, arms) for contrast in study.contrasts])
    write_csv(folder / "errors.csv", ERRORS, [r for members in arms.values() for m in members for r in error_rows(m)])
    write_csv(folder / "curves.csv", CURVE_POINTS, curve_rows(study))
    write_csv(folder / "silent.csv", SILENT, silent_rows(study))
    for name, columns, rows in (("cells", CELLS, list(cell_rows(study))), ("nll", NLL, list(nll_rows(study, arms)))):
        path = folder / f"{name}.csv"
        if rows:
            write_csv(path, columns, rows)
        else:
            path.unlink(missing_ok=True)  # of an earlier run that measured it
    write_json(folder / "claims.json", claim_rows(study, arms))
    write_jsonl(folder / "examples.jsonl", example_rows(study))
    write_explored(study.arms, folder)
    write_json(folder / "study.json", about(study, arms, command))
