"""`interplay run --plan`: what a study, or all of them, would do and take; `--calibrate` measures this machine first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interplay.stages.stage import Stage
    from interplay.stages.where import Where
    from interplay.studies.study import Study

NO_CLAIMS = ("quickstart", "tuning")  # a first look, and the choice of settings: no part of the replication


def plan_of_one(chosen: Study, here: Study, store: Path, where: Where, calibrate: bool) -> None:
    """Print what a run of the study would do, of which `here` is not kept elsewhere."""
    from interplay.studies.plan import plan_lines

    if calibrate:
        _calibrate(here.stages, store, where)
    print("\n".join(plan_lines(chosen, store, where.room, to_run=here, here=where.cluster is None)))


def plan_of_all(plan: bool, make: Callable[[str], Study], store: Path, where: Where, calibrate: bool) -> None:
    """Raises ValueError where all studies are to be run."""
    from interplay.studies.catalogue import STUDIES
    from interplay.studies.replication import replication_lines, together

    if not plan:
        raise ValueError("all studies are planned together, not run: run them in the order that --plan prints")
    studies = [make(name) for name in STUDIES if name not in NO_CLAIMS]
    if calibrate:
        _calibrate(together(studies), store, where)
    print("\n".join(replication_lines(studies, store, where.room, here=where.cluster is None)))


def _calibrate(stages: Sequence[Stage], store: Path, where: Where) -> None:
    """Measure how fast this machine does what is not in the store yet."""
    todo = [stage for stage in stages if not stage.cached]
    if not todo:
        return
    from interplay.stages.calibrate import calibrate  # with the model libraries, which a plan does not need
    from interplay.train.processor import num_cores

    beside = 0 if where.devices else min(where.places, num_cores()) - 1  # stages with devices of their own share none
    calibrate(todo, store, beside)
