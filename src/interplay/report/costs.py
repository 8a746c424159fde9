"""What each arm cost after pre-training, by two counts.

nominal   as papers count: 6 FLOPs per parameter and position of supervised training; of RL 8, with a reference model 10
measured  counted from the shapes that were computed: a group's prompt is read once, and groups without signal are not
          learned from

Arms that are equal by the one need not be by the other, so both stand side by side.
"""

from __future__ import annotations

from typing import NamedTuple

from interplay.report.records import Records

AFTER = ("midtrain", "rl")  # kinds of stages that follow pre-training


class Spent(NamedTuple):
    """Mean over the seeds of what an arm's stages after pre-training took, in tokens and FLOPs."""

    tokens: float
    nominal: float
    measured: float


def spent(records: Records) -> dict[str, Spent]:
    """By arm; arms without such a stage spent nothing."""
    found: dict[str, list[Spent]] = {}
    for arm in records.study.arms:
        stages = [records.study.stages[address] for address in arm.stages]
        own = [stage.summary for stage in stages if stage.kind in AFTER]
        sums = (sum(float(s.get(name) or 0) for s in own) for name in ("tokens", "nominal_flops", "flops"))
        found.setdefault(arm.arm, []).append(Spent(*sums))
    return {arm: Spent(*(sum(part) / len(each) for part in zip(*each, strict=True))) for arm, each in found.items()}
