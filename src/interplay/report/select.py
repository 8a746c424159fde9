"""Which rows of the records a figure or a table shows.

Figures over all seeds and ops are rows of their own in the records (seed and op "all"), computed there from paired
problems; the page looks them up and computes none. A study of one seed may have only that seed's rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from interplay.report import wording
from interplay.report.records import Records
from interplay.schema.measured import Reliability, Result
from interplay.schema.row import SeedOrAll

PASS = "pass@k"
R = TypeVar("R", Result, Reliability)
Lane = dict[str, Sequence[int]]  # regimes that share no op, with their ops


def pooled(results: Iterable[Result]) -> list[Result]:
    """The rows over all seeds where there are any for that arm, else those of the single seed."""
    rows = list(results)
    with_all = {row.arm for row in rows if row.seed == "all"}
    seeds: dict[str, set[SeedOrAll]] = {}
    for row in rows:
        seeds.setdefault(row.arm, set()).add(row.seed)
    return [row for row in rows if row.seed == "all" or (row.arm not in with_all and len(seeds[row.arm]) == 1)]


def pass_rows(records: Records, rule: str = "strict", over_ops: bool = True) -> list[Result]:
    """Pooled pass@k with a number: over all ops of a regime, or op by op."""
    rows = (row for row in records.results if row.metric == PASS and row.rule == rule)
    return [row for row in pooled(rows) if (row.op == "all") is over_ops and row.value is not None]


def regimes_of(records: Records) -> dict[str, str]:
    """The study's regimes with their op range, `id` -> `id · op 2–3`."""
    return {name: f"{name} · op {op_range(ops)}" if ops else name for name, ops in records.study.regimes.items()}


def op_range(ops: Sequence[int]) -> str:
    """2–4 for 2, 3, 4; 2, 5 for 2, 5."""
    ops = sorted(ops)
    if len(ops) > 1 and list(ops) == list(range(ops[0], ops[-1] + 1)):
        return f"{ops[0]}–{ops[-1]}"
    return ", ".join(map(str, ops))


def lanes(records: Records) -> list[Lane]:
    """The regimes in as few groups as it takes that no group asks one op twice: two contexts at one op are two lanes."""
    found: list[Lane] = []
    for name, ops in records.study.regimes.items():
        free = (lane for lane in found if not any(set(ops) & set(others) for others in lane.values()))
        lane = next(free, None)
        if lane is None:
            lane = {}
            found.append(lane)
        lane[name] = ops
    return found


def sizes(rows: Iterable[Result]) -> str:
    """n of some rows, in words; a range is two ends."""
    known = sorted({(r.n_problems or 0, r.n_samples or 0, r.n_seeds or 0) for r in rows})
    if not known:
        return wording.DASH
    low, high = known[0], known[-1]
    text = wording.sample_size(*high)
    return text if low[0] == high[0] else f"{low[0]:,} to {text}"


def ks_of(rows: Iterable[Result]) -> list[int]:
    """Every k that has a row."""
    return sorted({row.k for row in rows})


def in_study_order(records: Records, rows: Iterable[R]) -> list[R]:
    """By regime, then arm, as the study lists them."""
    regimes, arms = list(records.study.regimes), list(records.arms)
    known = [row for row in rows if row.regime in regimes]
    return sorted(known, key=lambda row: (regimes.index(row.regime), arms.index(row.arm)))
