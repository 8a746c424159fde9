"""A table as a reader sees it, and the same as CSV and LaTeX to copy.

An estimate is one cell on the page ("0.612 [0.580, 0.640]") and three columns in CSV, so that nothing has to be taken
apart again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field

from interplay.report import wording
from interplay.report.theme import ArmStyle


@dataclass(frozen=True)
class Estimate:
    """A number with its interval; an effect carries its sign."""

    value: float | None
    lo: float | None
    hi: float | None
    sign: bool = False

    @property
    def number(self) -> str:
        return (wording.signed if self.sign else wording.decimal)(self.value)

    @property
    def interval(self) -> str:
        return wording.interval(self.lo, self.hi, self.sign)

    def __str__(self) -> str:
        return f"{self.number} {self.interval}".strip()


@dataclass(frozen=True)
class Label:
    """The name of an arm, with its colour."""

    style: ArmStyle

    def __str__(self) -> str:
        return self.style.label


Cell = str | Estimate | Label


@dataclass(frozen=True)
class Table:
    """Rows under a header. `forest` is the range over which a column `forest_of` is drawn, or None.

    `folded` is the line behind which the page folds it away, if it does.
    """

    name: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    forest: tuple[float, float] | None = None
    colors: tuple[str, ...] = field(default=())
    folded: str = ""

    def csv(self) -> str:
        """The table as CSV, an estimate in three columns."""
        estimates = [any(isinstance(row[i], Estimate) for row in self.rows) for i in range(len(self.header))]
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        spread = [[h, f"{h} lo", f"{h} hi"] if many else [h] for h, many in zip(self.header, estimates, strict=True)]
        writer.writerow([_inert(name) for names in spread for name in names])
        for row in self.rows:
            cells = [_plain(cell) if not many else _three(cell) for cell, many in zip(row, estimates, strict=True)]
            writer.writerow([value for values in cells for value in values])
        return out.getvalue()

    def latex(self) -> str:
        """The table for a paper (booktabs)."""
        lines = [f"\\begin{{tabular}}{{{'l' * len(self.header)}}}", "\\toprule"]
        lines += [_latex_row(self.header), "\\midrule"]
        lines += [_latex_row(str(cell) for cell in row) for row in self.rows]
        return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _plain(cell: Cell) -> list[str]:
    return [_inert(str(cell))]


def _inert(text: str) -> str:
    """On one line; what a spreadsheet would take for a formula gets a quote before it. Some read wide letters, too."""
    line = " ".join(text.split())
    return f"'{line}" if line[:1] in _BEGIN_FORMULAS else line


def _three(cell: Cell) -> list[str]:
    values = (cell.value, cell.lo, cell.hi) if isinstance(cell, Estimate) else (None, None, None)
    return ["" if value is None else f"{value:.6g}" for value in values]


_BEGIN_FORMULAS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_LATEX = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "\\": r"\textbackslash{}",
          "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "×": r"$\times$", "–": "--"}  # fmt: skip


def _latex_row(cells: Iterable[str]) -> str:
    return " & ".join(_latex_cell(cell) for cell in cells) + r" \\"


def _latex_cell(cell: str) -> str:
    """Text on one line; letters that nobody could print are left out."""
    return "".join(_LATEX.get(letter, letter) for letter in " ".join(cell.split()) if letter.isprintable())
