"""Shortcut baselines, op by op: what guessing reaches, how many steps are copies, which structures training had served.

All but what was served is the same for every seed. That is a mean over the seeds that have the table: seeds that were kept
before there was one may stand beside them.
"""

from __future__ import annotations

from math import fsum

from interplay.report import wording
from interplay.report.records import Records
from interplay.report.table import Cell, Table
from interplay.schema.measured import AskedOf

HEADER = (
    "regime",
    "op",
    "mode",
    "guesser",
    "guessed",
    "copies",
    "structures",
    "shapes",
    "served",
    "looked at",
    "problems",
)


def shortcut_table(records: Records) -> Table | None:
    """A row for each regime, op and mode; None where the records have no such table."""
    cells: dict[tuple[str, int, str], list[AskedOf]] = {}
    for row in records.worlds:
        cells.setdefault((row.regime, row.op, row.mode), []).append(row)
    rows = tuple(_cells(found) for found in cells.values())
    return Table("shortcuts", _caption(records), HEADER, rows) if rows else None


def _cells(found: list[AskedOf]) -> tuple[Cell, ...]:
    one = found[0]
    served = [row.served for row in found if row.served is not None]
    looked = [row.looked_at for row in found if row.looked_at is not None]
    return (
        one.regime, str(one.op), one.mode, one.guesser or wording.DASH, wording.decimal(one.guessed),
        wording.decimal(one.copies), f"{one.structures:,}", f"{one.shapes:,}",
        wording.decimal(fsum(served) / len(served) if served else None),
        f"{round(sum(looked) / len(looked)):,}" if looked else wording.DASH, f"{one.problems:,}",
    )  # fmt: skip


def _caption(records: Records) -> str:
    told = (
        "What can be had without reasoning. Guessed: right answers of the best player who sees a problem's numbers and not its "
        "graph, the best on these problems, so that of few problems it is flattered. Copies: share of the steps that only "
        "repeat a quantity. Structures: different ones, names aside; shapes: numbers aside, too."
    )
    arms = dict.fromkeys(records.arms[row.arm] for row in records.worlds if row.arm)
    if not arms:
        return told
    seeds = wording.plural(len({row.seed for row in records.worlds}), "seed")
    return (
        f"{told} Served: problems whose structure is among those of so many documents of the same op and mode that the "
        f"pre-training of {' and '.join(arms)} served, mean over {seeds}; where it served more, more may be known."
    )
