"""How the likelihood of the gold solutions changed against the arm that each arm was trained from."""

from __future__ import annotations

from interplay.report import charts, wording
from interplay.report.charts import Figure
from interplay.report.heat import HeatCell, columns_for, heat_panel
from interplay.report.place import placed
from interplay.report.records import Records
from interplay.report.theme import Styles
from interplay.schema.measured import GoldRow


@placed("gold")
def nll_change(records: Records, styles: Styles) -> Figure | None:
    """How the NLL of the gold solutions changed against the arm each was trained from: op across, arm down."""
    rows = [row for row in records.nll if row.op != "all" and row.change is not None]
    largest = max((abs(row.change or 0.0) for row in rows), default=0.0) or 1.0
    labels = [styles[arm].label for arm in styles if any(row.arm == arm for row in rows)]
    panels = [heat_panel("", [_change_cell(row, largest, styles) for row in rows], "op")] if rows else []
    known = sorted({wording.sample_size(row.n_problems, None, row.n_seeds) for row in rows})
    caption = (
        "Change of the NLL of gold solutions (nats per solution) against the arm that each arm was trained from, paired "
        f"by problem; {'; '.join(known)} per cell. Below zero (blue): gold became likelier. Grey numbers: the 95 % "
        "interval holds zero."
    )
    across = columns_for(panels, labels)
    return charts.figure("nll_change", "Likelihood of the gold solutions", caption, panels, (), (), across)


def _change_cell(row: GoldRow, largest: float, styles: Styles) -> HeatCell:
    change = row.change or 0.0
    ends = wording.interval(row.change_lo, row.change_hi, sign=True)
    known = wording.sample_size(row.n_problems, None, row.n_seeds)
    tip = (
        f"{styles[row.arm].label}, {row.regime}, op {row.op}: {wording.signed(change, 2)} {ends} nats, to "
        f"{wording.decimal(row.nll, 2)}; {known}"
    )
    sure = row.change_lo is not None and row.change_hi is not None and not row.change_lo <= 0 <= row.change_hi
    digits = 1 if largest >= 10 else 2
    column, text = (row.regime, str(row.op)), wording.signed(change, digits)
    return HeatCell(styles[row.arm].label, column, text, -change / largest, tip, sure)
