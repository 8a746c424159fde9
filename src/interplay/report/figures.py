"""The figures of a report, in reading order.

Each takes the records and gives a `Figure`, or None where the records hold nothing to draw. Every drawn point says in
words what it is, with interval and n: screen readers read it and the page shows it under the pointer.
"""

from __future__ import annotations

from interplay.report import dynamics, effects, faults
from interplay.report.by_op import by_op, nll_change
from interplay.report.capability import pass_at_k
from interplay.report.charts import Figure
from interplay.report.compute import compute, compute_dose
from interplay.report.dose import dose
from interplay.report.glance import glance
from interplay.report.records import Records
from interplay.report.theme import ArmStyle

Styles = dict[str, ArmStyle]


def all_figures(records: Records, styles: Styles) -> list[Figure]:
    """Every figure that the records can give, in reading order."""
    made = (
        glance(records, styles),
        dose(records, styles),
        pass_at_k(records, styles),
        effects.forest(records, styles),
        effects.matrix(records, styles),
        compute(records, styles),
        compute_dose(records),
        by_op(records, styles),
        nll_change(records, styles),
        dynamics.learning(records, styles),
        dynamics.cells(records, styles),
        faults.silent(records, styles),
        faults.error_classes(records, styles),
        faults.hacking(records, styles),
    )
    return [figure for figure in made if figure is not None]


def main_figure(drawn: list[Figure]) -> Figure | None:
    """The one that answers the study's question first: the dose where one was varied, else all arms at a glance."""
    return next((figure for name in ("dose", "glance") for figure in drawn if figure.name == name), None)
