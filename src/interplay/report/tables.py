"""The tables of a report. Every estimate stands beside its n."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from interplay.report import select, theme, wording
from interplay.report.contrasts import COLOURS, MANY_EFFECTS, extent, measure, on_gains, paint, sides, where
from interplay.report.costs import spent
from interplay.report.counts import error_counts, right_counts
from interplay.report.place import placed
from interplay.report.records import Records
from interplay.report.shortcuts import shortcut_table
from interplay.report.table import Cell, Estimate, Label, Table
from interplay.report.theme import Styles
from interplay.schema.measured import Reliability, Result
from interplay.schema.verdicts import NO_ERROR, RULES

N = "problems × samples"
R = TypeVar("R", Result, Reliability)


@placed("effects", rank=1)
def effects(records: Records, styles: Styles) -> Table | None:
    """Every effect with its interval and n, and the range for the forest column."""
    rows = tuple(
        (
            effect.label,
            sides(effect, styles),
            where(effect),
            measure(effect),
            Estimate(effect.effect, effect.lo, effect.hi, sign=True),
            wording.compact_size(effect.n_problems, effect.n_samples, effect.n_seeds),
        )
        for effect in records.effects
    )
    header = ("effect", "treatment vs control", "regime", "measure", "difference", N)
    colors = tuple(theme.css_of(paint(effect)) for effect in records.effects)
    folded = f"All {len(rows)} effects with their intervals" if len(rows) > MANY_EFFECTS else ""
    caption = f"Differences of shares, paired by problem, with 95 % intervals. {COLOURS}{on_gains(records.effects)}"
    return Table("effects", caption, header, rows, extent(records.effects), colors, folded) if rows else None


@placed("pass-at-k", rank=1)
def numbers(records: Records, styles: Styles) -> Table | None:
    """pass@k of every regime and arm: the numbers behind the curves."""
    rows = select.in_study_order(records, select.pass_rows(records))
    made = _wide(rows, styles, "pass_at_k", "pass@k under the strict rule.", lambda row: f"pass@{row.k}")
    return made and replace(made, folded="The numbers behind the curves")


@placed("rules")
def rules(records: Records, styles: Styles) -> Table | None:
    """pass@1 of every regime and arm under each rule, side by side."""
    found = [rule for rule in RULES if any(row.rule == rule for row in records.results)]
    rows = [row for rule in found for row in select.pass_rows(records, rule) if row.k == 1]
    caption = (
        "pass@1 of the same samples under each rule; guesser: right answers of the best player who sees a problem's "
        "numbers and not its graph, which is what the answer alone has to be read against."
    )
    made = _wide(select.in_study_order(records, rows), styles, "rules", caption, lambda row: row.rule)
    return made and _beside_guessers(made, records)


def _beside_guessers(made: Table, records: Records) -> Table:
    """A column more, before n: what a player reaches who knows nothing of the graph, the same for every arm."""
    found = [row for row in records.reliability if not row.arm]
    best = {row.regime: row.value for row in found if row.metric == "guesser"}
    best = {row.regime: row.value for row in found if row.metric == "guess@k" and row.k == 1} | best
    if not best:
        return made
    rows = tuple((*row[:-1], wording.decimal(best.get(str(row[0]))), row[-1]) for row in made.rows)
    return replace(made, header=(*made.header[:-1], "guesser", made.header[-1]), rows=rows)


def _wide(rows: Sequence[R], styles: Styles, name: str, caption: str, column: Callable[[R], str]) -> Table | None:
    """One line per regime and arm, one column per `column(row)`."""
    columns: tuple[str, ...] = tuple(dict.fromkeys(column(row) for row in rows))
    lines: dict[tuple[str, str], dict[str, R]] = {}
    for row in rows:
        lines.setdefault((row.regime, row.arm), {})[column(row)] = row
    cells: list[tuple[Cell, ...]] = []
    for (regime, arm), found in lines.items():
        known = compact_of(next(iter(found.values())))
        estimates: list[Cell] = [_estimate(found.get(name)) for name in columns]
        cells.append((regime, Label(styles[arm]), *estimates, known))
    return Table(name, caption, ("regime", "arm", *columns, N), tuple(cells)) if cells else None


def _estimate(row: Result | Reliability | None) -> Estimate:
    return Estimate(None, None, None) if row is None else Estimate(row.value, row.lo, row.hi)


@placed("reliability")
def reliability(records: Records, styles: Styles) -> Table | None:
    """What pass@k hides, for every regime and arm."""
    rows = select.in_study_order(records, [row for row in records.reliability if row.arm])
    caption = "Under the strict rule; majority is a vote on the answer. Intervals of 95 %."
    return _wide(rows, styles, "reliability", caption, _metric)


@placed("shortcuts", rank=1)
def guessing(records: Records, styles: Styles) -> Table | None:
    """What a player who never reads the problem would score."""
    rows = [row for row in records.reliability if not row.arm]
    columns = tuple(dict.fromkeys(_metric(row) for row in rows))
    cells: list[tuple[Cell, ...]] = []
    for regime in dict.fromkeys(row.regime for row in rows):
        found = {_metric(row): row for row in rows if row.regime == regime}
        estimates = [_estimate(found.get(name)) for name in columns]
        known = wording.plural(next(iter(found.values())).n_problems or 0, "problem")
        cells.append((regime, *estimates, known))
    caption = "Answer accuracy of plain guessing: what the rule that looks at the answer alone starts from."
    return Table("guessing", caption, ("regime", *columns, "n"), tuple(cells)) if cells else None


def _metric(row: Reliability) -> str:
    if row.metric == "cover":
        return f"cover@{row.tau:g}"
    if row.metric == "g-pass@k":
        return f"G-pass@{row.k} τ={row.tau:g}"
    return row.metric.replace("@k", f"@{row.k}")


def compact_of(row: Reliability | Result) -> str:
    """n of a row, for the last column."""
    return wording.compact_size(row.n_problems, row.n_samples, row.n_seeds)


@placed("shortcuts")
def shortcuts(records: Records, styles: Styles) -> Table | None:
    """What every op can be had for without reasoning, and how new its problems are."""
    return shortcut_table(records)


@placed("errors", rank=1)
def error_classes(records: Records, styles: Styles) -> Table | None:
    """Samples by first fault; and how many have the right answer in spite of it."""
    counts = error_counts(records)
    seen: Counter[str] = Counter()
    for (_, _, error), count in counts.items():
        seen[error] += count
    errors = [error for error, _ in seen.most_common() if error != NO_ERROR]
    spared = right_counts(records)
    rows: list[tuple[Cell, ...]] = []
    for regime in records.study.regimes:
        for arm, style in styles.items():
            total = sum(n for (a, r, _), n in counts.items() if (a, r) == (arm, regime))
            if total:
                shares = [counts[arm, regime, error] / total for error in (NO_ERROR, *errors)]
                right = spared.get((arm, regime))
                last = wording.DASH if right is None else wording.decimal(right / total)
                spelled = [wording.decimal(share) for share in shares]
                rows.append((regime, Label(style), *spelled, last, f"{total:,}"))
    names = tuple(wording.error_name(error) for error in errors)
    folded = "The numbers, and right answers that are not strictly right"
    header = ("regime", "arm", "strictly right", *names, "right answer, not strict", "samples")
    return (
        Table("error_classes", "Shares of all samples by first fault.", header, tuple(rows), folded=folded)
        if rows
        else None
    )


@placed("trained", rank=2)
def compute(records: Records, styles: Styles) -> Table | None:
    """The numbers, with the measured count as a share of the nominal one."""
    rows = tuple(
        (Label(styles[arm]), wording.size(cost.tokens), wording.size(cost.nominal), wording.size(cost.measured),
         f"{cost.measured / cost.nominal:.0%}" if cost.nominal else wording.DASH)
        for arm, cost in spent(records).items() if cost.measured
    )  # fmt: skip
    header = ("arm", "tokens", "FLOPs, nominal", "FLOPs, measured", "measured / nominal")
    caption = "Mid-training and RL, means over the seeds. Tokens of RL are those sampled."
    return Table("compute", caption, header, rows, folded="The numbers, by both counts") if rows else None


def settings(values: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Settings as name and spelling, in the order of the record; a nested one as `optimizer.lr`."""
    flat: list[tuple[str, str]] = []
    for name, value in values.items():
        nested = isinstance(value, dict) and value
        flat += settings(value, f"{prefix}{name}.") if nested else [(prefix + name, _spelled(value))]
    return flat


def _spelled(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_spelled, value)) or "none"
    return "none" if value is None or value == {} else str(value)
