"""Arms that are not the treatment they are named after: RL that never took a gradient, a range of ops that never rose, a filter
that was never measured again.

The first has the weights of its start, the second is RL on its first ops, the third the filter that is measured once. Their
numbers are right, and say nothing of the treatment. Where it is so in every training nothing was tested; where it is so in
some of them, a claim's note names these.
"""

from __future__ import annotations

from interplay.records.measured import Arms, Measured
from interplay.rl.pools import Adaptive, Refreshed
from interplay.rl.scoring import all_silent
from interplay.stages.kinds import RLStage
from interplay.stages.stage import upstream
from interplay.studies.study import Arm, Study
from interplay.train.metrics import read_metrics


def untrained(study: Study, arms: Arms, treatment: str, control: str) -> str:
    """Why a contrast of two arms does not compare what they are named after, in every training; empty where it does.

    Between two arms of one start the RL is what differs, and neither may have been without it. Between arms of different
    starts these are the treatment, and RL that finds nothing to learn from one of them is its outcome: only where it found
    nothing from both was nothing tested.
    """
    found = _reasons(study, arms, treatment, control)
    void = [f"{label}: {min(reasons.values())}" for label, reasons in found if all(reasons.values())]
    starts = {arm.name: arm.start or arm.name for arm in study.arms}
    enough = 1 if starts[treatment] == starts[control] else 2
    return void[0] if len(void) >= enough else ""


def partly_untrained(study: Study, arms: Arms, treatment: str, control: str) -> list[str]:
    """Which trainings of two arms are not what the arms are named after, where that makes no contrast void: a line for each
    reason."""
    if untrained(study, arms, treatment, control):
        return []
    lines = []
    for label, reasons in _reasons(study, arms, treatment, control):
        for reason in sorted(set(filter(None, reasons.values()))):
            *others, last = (str(seed) for seed, why in reasons.items() if why == reason)
            seeds = f"seeds {', '.join(others)} and {last}" if others else f"seed {last}"
            lines.append(f"{label}, {seeds}: {reason}")
    return lines


def _reasons(study: Study, arms: Arms, treatment: str, control: str) -> list[tuple[str, dict[int, str]]]:
    """The label of both arms, and for each of its seeds why it is not what it is named after, empty where it is."""
    labels = {arm.name: arm.label for arm in study.arms}
    return [
        (labels[name], {one.seed: _why(one, than) for one, than in zip(arms[name], arms[other], strict=True)})
        for name, other in ((treatment, control), (control, treatment))
    ]


def _why(one: Measured, other: Measured) -> str:
    """Of the RL that the other arm did not go through."""
    return next((reason for address, reason in one.rl.items() if reason and address not in other.rl), "")


def idle_rl(arm: Arm) -> dict[str, str]:
    """The RL stages that an arm went through, by address, each with why it is no treatment."""
    stages = [stage for stage in upstream(arm.checkpoint) if isinstance(stage, RLStage)]
    return {stage.address: _idle(stage) for stage in stages}


def _idle(stage: RLStage) -> str:
    rows, config = read_metrics(stage.folder / "metrics.jsonl"), stage.config
    if all_silent(rows, config):
        nothing = (
            "no sample ever earned anything"
            if config.baseline == "none"
            else "no group of samples ever differed in reward"
        )
        return f"{nothing}, so RL took no gradient"
    selection = config.selection
    if isinstance(selection, Adaptive) and rows and all(row.get("rl/top_op") == selection.start_op for row in rows):
        return f"its range never rose, so this is RL on op {selection.start_op} and below"
    if isinstance(selection, Refreshed) and config.steps <= selection.every:
        return "its filter was never measured again, so this is RL on what was on the edge before"
    return ""
