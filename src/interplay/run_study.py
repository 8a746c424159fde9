"""Run a study: every stage once, each taken from the store where it is there; then the records and the report."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from interplay.config import said as said_of
from interplay.files import space_for, write_json
from interplay.manifest import SUMMARY
from interplay.progress import say
from interplay.records import write_records
from interplay.records.extend import to_run
from interplay.records.merge import differs, gathered, read_all
from interplay.records.seeds import SEEDS, SETTINGS, seed_folder, seeds_below, settings_of
from interplay.signals import Stopped
from interplay.stages.cost import expected_hours
from interplay.stages.display import Display
from interplay.stages.execute import Executor, Here
from interplay.stages.failed import StageFailedError
from interplay.stages.lock import hold, use
from interplay.stages.rates import Known
from interplay.stages.run_stages import Ran, run_stages
from interplay.stages.stage import Stage
from interplay.studies.catalogue import study_of
from interplay.studies.settings import Settings
from interplay.studies.study import Study, Workplace

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


def run_study(
    study: Study, store: Path, command: str, executor: Executor | None = None, kept: Mapping[int, Path] | None = None
) -> Outcome:
    """Run what is not in the store and write the records; seeds in `kept` are taken from their folders, and of them only arms
    run that they lack.

    Raises StageFailedError when a worker's stage failed and everything that does not depend on it is done. Whatever
    ends a run leaves what was done in the store.
    """
    started = time.monotonic()
    folder = study_folder(study, store)
    stages = to_run(study, kept or {}).stages
    with space_for(folder), counting_on(stages, folder, command):
        executor = executor or Here()
        ran = _run(stages, executor, store)
        say("records and report")
        with hold(folder):  # another run of the same study may end now, too
            write_records(study, folder, command, kept, executor.room.places)
    return Outcome(folder, time.monotonic() - started, ran.cached, ran.ran)


def merge_seeds(folders: Sequence[Path], out: Path, study_file: str, command: str) -> None:
    """Write the records of seeds that ran elsewhere into `out`; the study is the built-in of their name, or that of a file.

    Contrasts, claims and words are those of the study as it is now, the numbers are the seeds'. Raises ValueError where the
    seeds do not belong together, are damaged, or are of a study that is not known, and where `out` holds others.
    """
    kept = gathered(folders)
    first = next(iter(kept.values()))
    said = settings_of(first)
    try:
        chosen = Settings.model_validate({**said["settings"], "seeds": tuple(kept)})
    except ValidationError as error:
        raise ValueError(said_of(error, f"{first / SETTINGS}: settings that are no longer valid,")) from error
    study = study_of(study_file or said["study"], chosen, Workplace(str(out), {})).only(list(said["arms"]))
    if (what := differs(study, first)) is not None:
        say(f"these seeds ran with other code or settings than today's, which would differ in {what}")
    read_all(list(kept.values()))  # what is damaged is said before anything is written
    there = seeds_below(out / SEEDS) if (out / SEEDS).is_dir() else []
    if others := sorted(set(there) - {seed_folder(out / SEEDS, seed) for seed in kept}):
        raise ValueError(f"{out} holds a seed that was not given, {others[0]}: give it, too, or another --out")
    out.mkdir(parents=True, exist_ok=True)
    with hold(out):
        write_records(study, out, command, kept)


def _run(stages: list[Stage], executor: Executor, store: Path) -> Ran:
    """Run the stages; whatever ends this ends the executor's workers or jobs."""
    display = Display(sum(not stage.cached for stage in stages), live=executor.beside)
    try:
        with display.shown():
            hours = expected_hours(stages, Known.of(store), executor.room) if executor.beside else None
            ran = run_stages(stages, executor, display, hours=hours)
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
