"""docs/tuning.md: what was tried on held-out problems, method by method, and which row is best; from records of `tuning` alone.

The best row has the highest mean of pass@1 and of pass@k at the largest k, on the edge and over its seeds; of those within half
a point of it the lower rate, then fewer steps. Pass@1 alone keeps rising while a model forgets how else to solve a problem. The
rule is fixed here, so nobody picks a row with a contrast in sight.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from interplay.files import write_text
from interplay.report import markdown
from interplay.report.methods import problems_asked
from interplay.report.records import Records, read_records

HEADER = ("", "row", "learning rate", "RL steps", "edge pass@1", "each seed", "edge pass@{top}", "mean", "id pass@1")
BEST = "best"
EQUAL = 0.005  # rows so near to the best count as equal: two seeds of 200 problems cannot tell them apart


class Tried(NamedTuple):
    """One row: a method's rate and length, and what it solves of the held-out problems."""

    name: str
    method: str
    rate: float
    steps: float
    edge: float
    by_seed: tuple[float, ...]
    edge_top: float
    id: float

    @property
    def score(self) -> float:
        """Right at once and right in many tries, each counting half."""
        return (self.edge + self.edge_top) / 2


def build_tuning(folders: Iterable[Path], out: Path) -> Path:
    """Write the page. Raises ValueError where a folder does not hold records of `tuning`."""
    parts = [
        "# Tuning",
        "Learning rates and steps are chosen on problems of the split `val` and on seeds from 100 on; what studies "
        "report is asked problems of the split `test` and trained on other seeds. Where several methods are searched, "
        "they are searched equally wide. Best is the highest mean of pass@1 and of pass@k at the largest k, on the edge; of "
        f"rows within {EQUAL:g} of it, which count as equal, the lower rate, then fewer steps.",
    ]
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        records = read_records(folder)
        if records.study.study != "tuning":
            raise ValueError(f"{folder} holds records of {records.study.study}, not of tuning")
        parts += [f"## {markdown.escaped(records.study.scale)}", *_of_scale(records, folder)]
    out.parent.mkdir(parents=True, exist_ok=True)
    return write_text(out, "\n\n".join(parts) + "\n")


def tried(records: Records) -> list[Tried]:
    """Every row, in the order of the study."""
    top, several = max(records.ks), len(records.study.seeds) > 1
    cells = {
        (r.arm, str(r.seed), r.regime, r.k): r.value for r in records.results if r.rule == "strict" and r.op == "all"
    }
    pooled = "all" if several else str(records.study.seeds[0])
    found = []
    for arm, factors in records.factors.items():
        if "method" not in factors:
            continue

        def value(regime: str, k: int, seed: str = pooled, arm: str = arm) -> float:
            return float(cells[arm, seed, regime, k] or 0.0)

        by_seed = tuple(value("edge", 1, str(seed)) for seed in records.study.seeds)
        found.append(
            Tried(arm, str(factors["method"]), float(factors["learning rate"]), float(factors["steps"]), value("edge", 1),
                  by_seed, value("edge", top), value("id", 1))
        )  # fmt: skip
    return found


def best(rows: Iterable[Tried]) -> dict[str, Tried]:
    """The best row of each method."""
    by_method: dict[str, list[Tried]] = {}
    for row in rows:
        by_method.setdefault(row.method, []).append(row)
    found = {}
    for method, tried_rows in by_method.items():
        top = max(row.score for row in tried_rows)
        equal = [row for row in tried_rows if row.score >= top - EQUAL]
        found[method] = min(equal, key=lambda row: (row.rate, row.steps))
    return found


def _of_scale(records: Records, folder: Path) -> list[str]:
    rows = tried(records)
    chosen = {row.name for row in best(rows).values()}
    header = [name.format(top=max(records.ks)) for name in HEADER]
    table = markdown.table(header, [_cells(row, row.name in chosen) for row in rows])
    seeds = ", ".join(map(str, records.study.seeds))
    samples = records.study.settings["samples"]
    asked = f"problems with {samples} samples each: {problems_asked(records)}"
    said = f"Seeds {seeds}; {asked}; records in `{folder.name}`. {_edges(rows, chosen)}".strip()
    return [said, f"```sh\n{_command(records)}\n```", table]


def _command(records: Records) -> str:
    """What ran these rows, from the settings that are on record."""
    study, words = records.study, []
    for name, values in (study.settings["tuning"] | {"seeds": study.seeds}).items():
        key = name if name == "seeds" else f"tuning.{name}"
        words.append(f"--set {key}={','.join(f'{v:g}' if isinstance(v, float) else str(v) for v in values)}")
    return f"interplay run tuning --scale {study.scale} {' '.join(words)}"


def _cells(row: Tried, is_best: bool) -> tuple[str, ...]:
    seeds = " ".join(f"{value:.3f}" for value in row.by_seed)
    numbers = (f"{row.edge:.3f}", seeds, f"{row.edge_top:.3f}", f"{row.score:.3f}", f"{row.id:.3f}")
    return (BEST if is_best else "", row.name, f"{row.rate:g}", f"{row.steps:g}", *numbers)


def _edges(rows: list[Tried], chosen: set[str]) -> str:
    """A best row at the end of what was tried may not be the best there is, so it is said."""
    said, longest = [], []
    for row in rows:
        if row.name not in chosen:
            continue
        others = [other for other in rows if other.method == row.method]
        rates, steps = [other.rate for other in others], [other.steps for other in others]
        if len(set(rates)) > 1 and row.rate in (min(rates), max(rates)):
            said.append(f"The best rate of {row.method} is at the end of those tried: try further.")
        if len(set(steps)) > 1 and row.steps == max(steps):
            longest.append(row.method)
    if longest:
        said.append(f"The longest run is the best of {', '.join(longest)}: longer ones were not tried.")
    return " ".join(said)
