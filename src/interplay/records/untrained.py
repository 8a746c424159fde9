"""Arms that are not the treatment they are named after: RL that never took a gradient, a range of ops that never rose.

The weights of the first are those of its start, and the second is RL on its first ops. Their numbers are right, and say nothing
of the treatment.
"""

from __future__ import annotations

from interplay.rl.pools import Adaptive
from interplay.stages.kinds import RLStage
from interplay.stages.stage import upstream
from interplay.studies.study import Arm, Study
from interplay.train.metrics import read_metrics


def untrained(study: Study, treatment: str, control: str) -> str:
    """Why a contrast of two arms does not compare what they are named after, in every training; empty where it does."""
    arms = {(arm.name, arm.seed): arm for arm in study.arms}
    for name, other in ((treatment, control), (control, treatment)):
        pairs = [(arm, arms[other, seed]) for (found, seed), arm in arms.items() if found == name]
        reasons = [_why(arm, than) for arm, than in pairs]
        if all(reasons):
            return f"{pairs[0][0].label}: {min(reasons)}"
    return ""


def _why(arm: Arm, other: Arm) -> str:
    """Of the RL that the other arm did not go through."""
    shared = {stage.address for stage in _rl(other)}
    found = (_idle(stage) for stage in _rl(arm) if stage.address not in shared)
    return next((reason for reason in found if reason), "")


def _rl(arm: Arm) -> list[RLStage]:
    return [stage for stage in upstream(arm.checkpoint) if isinstance(stage, RLStage)]


def _idle(stage: RLStage) -> str:
    rows = read_metrics(stage.folder / "metrics.jsonl")
    if rows and all(row.get("rl/grad_norm") == 0 for row in rows):
        return "no group of samples ever differed in reward, so RL took no gradient"
    selection = stage.config.selection
    if isinstance(selection, Adaptive) and rows and all(row.get("rl/top_op") == selection.start_op for row in rows):
        return f"its range never rose, so this is RL on op {selection.start_op} and below"
    return ""
