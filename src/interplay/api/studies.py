"""Whole studies: run one to its report, and read what came out as data frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from interplay.config import plain_errors
from interplay.extras import need
from interplay.folders import expect


class Finished(NamedTuple):
    """A study that ran: its folder of records, the page, and which stages ran or were in the store."""

    folder: Path
    report: Path
    cached_stages: list[str]
    run_stages: list[str]


@plain_errors
def run(
    study: str,
    *,
    scale: str = "micro",
    store: str | Path = "store",
    settings: Mapping[str, object] | None = None,
    arms: Sequence[str] = (),
    jobs: int = 0,
    threads: int = 0,
    devices: int = 0,
) -> Finished:
    """Run a study to its report, as `interplay run` does: what is in the store is not done again.

    `settings` are changes such as {"seeds": (0, 1, 2), "rl.steps": 100}. Raises ValueError for an unknown study, scale or
    setting, StageFailedError when a stage failed and everything that does not depend on it is done.
    """
    need("torch", "train")
    need("altair", "report")
    from interplay.report.page import build_report
    from interplay.run_study import run_study
    from interplay.stages.lock import hold
    from interplay.stages.where import Where
    from interplay.studies.catalogue import make_study

    where = Where.asked(jobs, threads, None, (), 0, scale, devices)
    changes = {key: _spelled(value) for key, value in (settings or {}).items()}
    chosen = make_study(study, scale, changes, Path(store), where.runtime(30.0))
    if arms:
        chosen = chosen.only(list(arms))
    Path(store).mkdir(parents=True, exist_ok=True)
    outcome = run_study(chosen, Path(store), f"interplay.run({study!r}, scale={scale!r}, ...)", where.executor())
    with hold(outcome.folder):
        report = build_report(outcome.folder)
    return Finished(outcome.folder, Path(report), outcome.cached_stages, outcome.run_stages)


def load_results(folder: str | Path | Finished) -> dict[str, Any]:
    """The tables of a study as data frames, one row for each observation, under their names: "results" has pass@k by arm,
    regime, rule and k; "effects" the contrasts with their intervals; the others are described in docs/reports.md.

    Raises ValueError for another kind of folder, or where pandas is not installed.
    """
    where = expect(folder.folder if isinstance(folder, Finished) else folder, "records")
    pandas = need("pandas", "report")
    return {path.stem: pandas.read_csv(path) for path in sorted(where.glob("*.csv")) if path.stat().st_size}


def _spelled(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
