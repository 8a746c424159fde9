"""The tables of a report: what a reader sees, and the same as CSV and LaTeX to copy.

An estimate is one cell on the page ("0.612 [0.580, 0.640]") and three columns in CSV, so that nothing has to be taken
apart again. Every estimate stands beside its n.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from interplay.report import dynamics, select, wording
from interplay.report.records import Effect, Records, Result
from interplay.report.theme import ArmStyle

Styles = dict[str, ArmStyle]
N = "problems × samples"


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
    """Rows under a header. `forest` is the range over which a column `forest_of` is drawn, or None."""

    name: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    forest: tuple[float, float] | None = None
    colors: tuple[str, ...] = field(default=())

    def csv(self) -> str:
        """The table as CSV, an estimate in three columns."""
        estimates = [any(isinstance(row[i], Estimate) for row in self.rows) for i in range(len(self.header))]
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        spread = [[h, f"{h} lo", f"{h} hi"] if many else [h] for h, many in zip(self.header, estimates, strict=True)]
        writer.writerow([name for names in spread for name in names])
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
    """Text; what a spreadsheet would take for a formula gets a quote before it."""
    text = str(cell)
    return [f"'{text}" if text[:1] in ("=", "+", "@", "-") else text]


def _three(cell: Cell) -> list[str]:
    values = (cell.value, cell.lo, cell.hi) if isinstance(cell, Estimate) else (None, None, None)
    return ["" if value is None else f"{value:.6g}" for value in values]


_LATEX = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "\\": r"\textbackslash{}",
          "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "×": r"$\times$", "–": "--"}  # fmt: skip


def _latex_row(cells: Iterable[str]) -> str:
    return " & ".join("".join(_LATEX.get(letter, letter) for letter in cell) for cell in cells) + r" \\"


def effects(records: Records, styles: Styles) -> Table | None:
    """Every effect with its interval and n, and the range for the forest column."""
    rows = tuple(
        (
            effect.label,
            f"{styles[effect.treatment].label} vs {styles[effect.control].label}",
            effect.regime,
            _measure(effect.k, effect.rule),
            Estimate(effect.effect, effect.lo, effect.hi, sign=True),
            wording.compact_size(effect.n_problems, effect.n_samples, effect.n_seeds),
        )
        for effect in records.effects
    )
    header = ("effect", "treatment vs control", "regime", "measure", "difference", N)
    colors = tuple(_forest_color(effect, styles) for effect in records.effects)
    caption = "Differences of shares, paired by problem, with 95 % intervals. Grey: the interval contains zero."
    return Table("effects", caption, header, rows, _forest_range(records.effects), colors) if rows else None


def _measure(k: int, rule: str) -> str:
    return f"pass@{k}" if rule == "strict" else f"pass@{k}, {rule}"


def _forest_color(effect: Effect, styles: Styles) -> str:
    if effect.lo is None or effect.hi is None or effect.lo <= 0 <= effect.hi:
        return "var(--muted)"
    return styles[effect.treatment].css


def _forest_range(effects: Iterable[Effect]) -> tuple[float, float]:
    """Zero and all intervals, with a little room."""
    ends = [0.0] + [end for e in effects for end in (e.lo, e.hi, e.effect) if end is not None]
    room = 0.06 * (max(ends) - min(ends)) or 0.01
    return min(ends) - room, max(ends) + room


def numbers(records: Records, styles: Styles) -> Table | None:
    """pass@k of every regime and arm: the numbers behind the curves."""
    rows = select.in_study_order(records, select.pass_rows(records))
    return _wide(rows, styles, "pass_at_k", "pass@k under the strict rule.", lambda row: f"pass@{row.k}")


def rules(records: Records, styles: Styles) -> Table | None:
    """pass@1 of every regime and arm under each rule, side by side."""
    found = [rule for rule in wording.RULES if any(row.rule == rule for row in records.results)]
    rows = [row for rule in found for row in select.pass_rows(records, rule) if row.k == 1]
    caption = "pass@1 of the same samples under each rule."
    return _wide(select.in_study_order(records, rows), styles, "rules", caption, lambda row: row.rule)


def _wide(rows: list[Result], styles: Styles, name: str, caption: str, column: Callable[[Result], str]) -> Table | None:
    """One line per regime and arm, one column per `column(row)`."""
    columns = tuple(dict.fromkeys(column(row) for row in rows))
    lines: dict[tuple[str, str], dict[str, Result]] = {}
    for row in rows:
        lines.setdefault((row.regime, row.arm), {})[column(row)] = row
    cells: list[tuple[Cell, ...]] = []
    for (regime, arm), found in lines.items():
        first = next(iter(found.values()))
        estimates = [_estimate(found.get(name)) for name in columns]
        known = wording.compact_size(first.n_problems, first.n_samples, first.n_seeds)
        cells.append((regime, Label(styles[arm]), *estimates, known))
    return Table(name, caption, ("regime", "arm", *columns, N), tuple(cells)) if cells else None


def _estimate(row: Result | None) -> Estimate:
    return Estimate(None, None, None) if row is None else Estimate(row.value, row.lo, row.hi)


def error_classes(records: Records, styles: Styles) -> Table | None:
    """Samples by first fault; and how many have the right answer in spite of it."""
    counts = dynamics.error_counts(records)
    seen: dict[str, int] = {}
    for (_, _, error), count in counts.items():
        seen[error] = seen.get(error, 0) + count
    errors = sorted((error for error in seen if error != "none"), key=lambda error: -seen[error])
    hacked = dynamics.hacked_counts(records)
    rows: list[tuple[Cell, ...]] = []
    for regime in records.study.regimes:
        for arm, style in styles.items():
            total = sum(n for (a, r, _), n in counts.items() if (a, r) == (arm, regime))
            if total:
                shares = [counts.get((arm, regime, error), 0) / total for error in ("none", *errors)]
                right = hacked.get((arm, regime))
                last = wording.DASH if right is None else wording.decimal(right / total)
                spelled = [wording.decimal(share) for share in shares]
                rows.append((regime, Label(style), *spelled, last, f"{total:,}"))
    names = tuple(wording.error_name(error) for error in errors)
    header = ("regime", "arm", "strictly right", *names, "right answer, wrong steps", "samples")
    return Table("error_classes", "Shares of all samples by first fault.", header, tuple(rows)) if rows else None


def settings(values: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Settings as name and spelling, in the order of the record; a nested one as `optimizer.lr`."""
    flat: list[tuple[str, str]] = []
    for name, value in values.items():
        nested = isinstance(value, dict) and value
        flat += settings(value, f"{prefix}{name}.") if nested else [(prefix + name, _spelled(value))]
    return flat


def _spelled(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_spelled, value)) or "none"
    return "none" if value is None or value == {} else str(value)
