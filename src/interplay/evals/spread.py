"""How far the effect of two trainings of one setting differ: what a plan must know and no single training shows.

It is measured by replicates (the study `noise`) per regime and k, and carried over to other controls by the square root of
m (1 - m), m the control's mean pass@k: near 0 and 1 there is little room to differ. From the id to the edge regime of `micro`
that is right within a factor of three, where a fixed step in log-odds is off by six and more. Where nothing was measured a
rough value stands in, and what is planned with it says so.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from interplay.evals.simulate import Design, concentration_of

ROUGH, ROUGH_PER_DOUBLING = 0.07, 0.012  # over sqrt(m (1 - m)): .03 of pass@1 and .06 of pass@32 half solved
NEAREST = 0.01  # means nearer to 0 or 1 than this spread as one that is so near: rounding decides there


class Replicates(NamedTuple):
    """What replicates of one treatment and its control showed at one regime and k.

    control_mean  mean pass@k of the control over problems and trainings
    training_sd   standard deviation between trainings of the effect, without what drawing samples adds
    """

    regime: str
    k: int
    n_seeds: int
    control_mean: float
    training_sd: float

    @property
    def relative(self) -> float:
        """The standard deviation over sqrt(m (1 - m))."""
        return self.training_sd / _room(self.control_mean)


class Spread(NamedTuple):
    """Replicates by regime and k, and where they come from."""

    rows: tuple[Replicates, ...]
    source: str

    def training_sd(self, regime: str, k: int, control: float) -> float:
        """Of an effect on a control with this mean pass@k: from its regime at the nearest k, or the widest regime there is."""
        rows = [row for row in self.rows if row.regime == regime] or list(self.rows)
        if not rows:
            return (ROUGH + ROUGH_PER_DOUBLING * math.log2(k)) * _room(control)
        nearest = min(abs(math.log(row.k / k)) for row in rows)
        return max(row.relative for row in rows if abs(math.log(row.k / k)) == nearest) * _room(control)

    def control(self, regime: str, k: int) -> float | None:
        """The control's mean pass@k where it was measured."""
        return next((row.control_mean for row in self.rows if (row.regime, row.k) == (regime, k)), None)

    def design(self, plain: Design, regime: str, pass_at_1: float | None = None, at_k: float | None = None) -> Design:
        """The design with the control and the spread of a regime: measured where they were, else as they stand."""
        first = self.control(regime, 1) if pass_at_1 is None else pass_at_1
        if first is None:
            return replace(plain, training_sd=self.training_sd(regime, plain.k, plain.mean))
        first = min(max(first, 0.002), 0.998)
        last = at_k if at_k is not None else self.control(regime, plain.k)
        problems = plain.concentration if last is None or plain.k == 1 else concentration_of(first, last, plain.k)
        told = replace(plain, baseline=first, concentration=problems)
        return replace(told, training_sd=self.training_sd(regime, plain.k, told.mean))


NO_REPLICATES = Spread((), "assumed: no replicates of this scale were measured")


def read_spread(path: Path, source: str) -> Spread:
    """Replicates from a table with the columns of `Replicates`, as effects.csv has them.

    Rows of single ops and of other rules than the strict one are left out. Raises ValueError naming what is wrong.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if missing := set(Replicates._fields) - set(reader.fieldnames or ()):
            raise ValueError(f"{path}: a table of replicates needs a column {min(missing)!r}")
        return Spread(tuple(_rows(reader, path)), source)


def _rows(reader: Iterable[Mapping[str, str]], path: Path) -> Iterable[Replicates]:
    for number, row in enumerate(reader, 1):
        if row.get("op", "all") != "all" or row.get("rule", "strict") != "strict":
            continue
        try:
            yield Replicates(
                row["regime"], int(row["k"]), int(row["n_seeds"]), float(row["control_mean"]), float(row["training_sd"])
            )
        except ValueError as error:
            raise ValueError(f"{path}: row {number}: {error}") from None


def _room(mean: float) -> float:
    near = min(max(mean, NEAREST), 1.0 - NEAREST)
    return math.sqrt(near * (1.0 - near))
