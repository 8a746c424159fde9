"""Run a study: every stage once, each taken from the store where it is there; then the records and the report."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import NamedTuple

from interplay.files import write_json
from interplay.progress import say
from interplay.records import write_records
from interplay.stages.display import Display
from interplay.stages.execute import Executor, Here
from interplay.stages.failed import StageFailedError
from interplay.stages.lock import hold
from interplay.stages.run_stages import Ran, run_stages
from interplay.stages.stage import Stage
from interplay.studies.study import Study

STAGES = "stages.json"


class Outcome(NamedTuple):
    """What a run did: the folder of its records, and which stages ran or were there."""

    folder: Path
    wall_s: float
    cached_stages: list[str]
    run_stages: list[str]


def study_folder(study: Study, store: Path) -> Path:
    """Where the records of a study go: one folder for each set of arms under each settings."""
    arms = [[arm.name, arm.seed, arm.evaluation.address] for arm in study.arms]
    spelled = json.dumps([study.settings.identity(), arms], sort_keys=True)
    name = f"{study.name}-{study.settings.scale}-{hashlib.sha256(spelled.encode()).hexdigest()[:10]}"
    return store / "studies" / name


def run_study(study: Study, store: Path, command: str, executor: Executor | None = None) -> Outcome:
    """Run what is not in the store and write the records.

    Raises StageFailedError when a worker's stage failed and everything that does not depend on it is done. Whatever
    ends a run leaves what was done in the store.
    """
    started = time.monotonic()
    executor = executor or Here()
    stages = study.stages
    folder = study_folder(study, store)
    note_stages(folder, stages, command)
    display = Display(sum(not stage.cached for stage in stages), live=executor.beside)
    try:
        with display.shown():
            ran = run_stages(stages, executor, display)
    finally:
        executor.stop()
    if ran.failed:
        raise StageFailedError(_failure(ran))
    say("records and report")
    with hold(folder):  # another run of the same study may end now, too
        write_records(study, folder, command)
    return Outcome(folder, time.monotonic() - started, ran.cached, ran.ran)


def note_stages(folder: Path, stages: list[Stage], command: str) -> None:
    """Say before the first stage runs which ones this study is made of, so that `store gc` spares them."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / STAGES, {"command": command, "stages": [stage.address for stage in stages]})


def _failure(ran: Ran) -> str:
    first = ran.failed[0]
    others = f" ({len(ran.failed) - 1} more failed)" if len(ran.failed) > 1 else ""
    return (
        f"stage {first.stage.address} ({first.stage.label}) failed{others}: {first.error}; its log is {first.log}; "
        f"{len(ran.done)} stages are done, {len(ran.skipped)} were left out because of it"
    )
