"""results.csv: pass@k per arm, seed, regime, op and rule, with intervals.

A study of several seeds has the rows of all of them together (seed "all"), which figures show, and fewer of each: what
spread between seeds is read from does not need every rule at every k.
"""

from __future__ import annotations

from collections.abc import Iterable

from interplay.evals.intervals import mean_interval
from interplay.records.measured import Arms, Group, estimate_fields, groups_of
from interplay.schema.verdicts import RULES
from interplay.studies.study import Study


def result_rows(study: Study, arms: Arms) -> Iterable[dict[str, object]]:
    """pass@k with intervals: every rule and k per regime, pass@1 and the largest k per op."""
    samples = study.settings.samples
    for group in groups_of(arms):
        for regime, ops in study.regimes.items():
            for op, rule, k in _wanted(study, group, len(arms[group.arm]) > 1, ops):
                op_name = "all" if op is None else str(op)
                values = [m.pass_at(k, rule, regime, op) for m in group.measured]
                estimate = mean_interval(values, names=("results", regime, op_name), n_samples=samples)
                yield {
                    "study": study.name, "scale": study.settings.scale, "arm": group.arm, "seed": group.seed,
                    "regime": regime, "op": op_name, "rule": rule, "metric": "pass@k", "k": k,
                    **estimate_fields(estimate), "address": group.address,
                }  # fmt: skip


def _wanted(study: Study, group: Group, one_of_several: bool, ops: list[int]) -> list[tuple[int | None, str, int]]:
    """(op or None for all, rule, k) of a group, the ops last because each has its own resamples of problems."""
    ks = sorted(set(study.settings.ks))
    ends = sorted({ks[0], ks[-1]})
    slim = one_of_several and group.seed != "all"
    rules: list[tuple[int | None, str, int]] = [
        (None, rule, k) for rule in RULES for k in (ends if slim and rule != "strict" else ks)
    ]
    by_op = ("strict",) if slim else ("strict", "answer")
    return rules + [(op, rule, k) for op in ops for rule in by_op for k in ends]
