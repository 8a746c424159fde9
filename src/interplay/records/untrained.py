"""Arms that are not the treatment they are named after: RL that never took a gradient, a range of ops that never rose.

The weights of the first are those of its start, and the second is RL on its first ops. Their numbers are right, and say nothing
of the treatment.
"""

from __future__ import annotations

from interplay.records.measured import Arms, Measured
from interplay.rl.pools import Adaptive
from interplay.stages.kinds import RLStage
from interplay.stages.stage import upstream
from interplay.studies.study import Arm, Study
from interplay.train.metrics import read_metrics


def untrained(study: Study, arms: Arms, treatment: str, control: str) -> str:
    """Why a contrast of two arms does not compare what they are named after, in every training; empty where it does."""
    labels = {arm.name: arm.label for arm in study.arms}
    for name, other in ((treatment, control), (control, treatment)):
        reasons = [_why(one, than) for one, than in zip(arms[name], arms[other], strict=True)]
        if all(reasons):
            return f"{labels[name]}: {min(reasons)}"
    return ""


def _why(one: Measured, other: Measured) -> str:
    """Of the RL that the other arm did not go through."""
    return next((reason for address, reason in one.rl.items() if reason and address not in other.rl), "")


def idle_rl(arm: Arm) -> dict[str, str]:
    """The RL stages that an arm went through, by address, each with why it is no treatment."""
    stages = [stage for stage in upstream(arm.checkpoint) if isinstance(stage, RLStage)]
    return {stage.address: _idle(stage) for stage in stages}


def _idle(stage: RLStage) -> str:
    rows = read_metrics(stage.folder / "metrics.jsonl")
    if rows and all(row.get("rl/grad_norm") == 0 for row in rows):
        return "no group of samples ever differed in reward, so RL took no gradient"
    selection = stage.config.selection
    if isinstance(selection, Adaptive) and rows and all(row.get("rl/top_op") == selection.start_op for row in rows):
        return f"its range never rose, so this is RL on op {selection.start_op} and below"
    return ""
