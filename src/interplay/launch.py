"""Run a study: every stage once, each taken from the store where it is there; then the records and the report."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from interplay.files import write_json
from interplay.progress import say
from interplay.records import write_records
from interplay.signals import Stopped
from interplay.stages.display import Display
from interplay.stages.execute import Executor, Here
from interplay.stages.failed import StageFailedError
from interplay.stages.lock import hold, use
from interplay.stages.run_stages import Ran, run_stages
from interplay.stages.stage import Stage
from interplay.studies.study import Study
from interplay.train.publish import SUMMARY

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
    folder = study_folder(study, store)
    with counting_on(study.stages, folder, command):
        ran = _run(study.stages, executor or Here(), store)
        say("records and report")
        with hold(folder):  # another run of the same study may end now, too
            write_records(study, folder, command)
    return Outcome(folder, time.monotonic() - started, ran.cached, ran.ran)


def _run(stages: list[Stage], executor: Executor, store: Path) -> Ran:
    """Run the stages; whatever ends this ends the executor's workers or jobs."""
    display = Display(sum(not stage.cached for stage in stages), live=executor.beside)
    try:
        with display.shown():
            ran = run_stages(stages, executor, display)
    except Stopped as stopped:
        done = sum((stage.folder / SUMMARY).is_file() for stage in stages)
        stopped.stands = f"{done} of {len(stages)} stages stand in {store}; "
        raise
    finally:
        executor.stop()
    if ran.failed:
        raise StageFailedError(_failure(ran))
    return ran


@contextmanager
def counting_on(stages: list[Stage], folder: Path, command: str) -> Iterator[None]:
    """Say before the first stage is looked at which ones this study is made of, and that they are needed while it runs.

    `store gc` and `store drop` spare them: they hold the folder of all studies while they look and delete.
    """
    with ExitStack() as needed:
        with hold(folder.parent):
            folder.mkdir(exist_ok=True)
            needed.enter_context(use(folder))
            write_json(folder / STAGES, {"command": command, "stages": [stage.address for stage in stages]})
        yield


def _failure(ran: Ran) -> str:
    first = ran.failed[0]
    others = f" ({len(ran.failed) - 1} more failed)" if len(ran.failed) > 1 else ""
    return (
        f"stage {first.stage.address} ({first.stage.label}) failed{others}: {first.error}; its log is {first.log}; "
        f"{len(ran.done)} stages are done, {len(ran.skipped)} were left out because of it"
    )
