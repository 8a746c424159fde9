"""Many at once: processes that ask for one study, or for two with common stages, in one store; and `store gc` beside them."""

from __future__ import annotations

import random
import time
from pathlib import Path

from interplay.stages.store import entries
from torture.disks import _of_stages
from torture.runs import Run, complaint, study, without_report
from torture.stores import KINDS, before, files_of
from torture.trial import Trial, Workshop

FEWER = ("--arms", "base,base_rl")  # another study, of some of the same stages


def at_once(work: Workshop, rng: random.Random) -> Trial:
    """Eight processes, one store that is empty or holds a part: each stage computed once, all succeed, equal bytes."""
    folder = work.fresh()
    place = work.rarest("8 at once", ("one study", "two studies"), rng)
    trial, store = Trial("8 at once", place), folder / "store"
    runs = []
    for number in range(8):
        options = FEWER if place == "two studies" and number % 2 else ()
        runs.append(Run(study(store, *options), folder / f"{number}.log", [without_report]))
        time.sleep(rng.uniform(0.0, 0.3))
    for run in runs:
        run.wait()
        trial.faults += [*complaint(run, [0]), *run.orphans()]
    trial.faults += [f"{e.address} was begun {e.attempts} times" for e in entries(store) if e.attempts != 1]
    return _compared(work, trial, store)


def beside_gc(work: Workshop, rng: random.Random) -> Trial:
    """Two runs while `store gc` deletes what it may, again and again; stages of a study that is gone lie in the store."""
    folder = work.fresh()
    trial = Trial("gc beside a run", rng.choice(KINDS))
    store = before(work.reference, folder / "store", trial.place, rng).store
    (records,) = (store / "studies").glob("quickstart-*")
    records.rename(folder / "gone")  # so that no study refers to anything
    stop = folder / "stop"
    collecting = Run(["store", "gc", "--store", str(store), "--yes"], folder / "gc.log", [lambda: _repeat(stop)])
    time.sleep(rng.uniform(0.0, 0.2))
    runs = [Run(study(store, *options), folder / f"{n}.log", [without_report]) for n, options in enumerate(((), FEWER))]
    for run in runs:
        run.wait()
        trial.faults += [*complaint(run, [0]), *run.orphans()]
    stop.touch()
    collecting.wait()
    trial.faults += complaint(collecting, [0])
    return _compared(work, trial, store)


def _repeat(stop: Path) -> None:
    """A patch: the command again and again until there is that file."""
    import interplay.cli as cli

    once = cli.app

    def repeated(**options: bool) -> int:
        code = 0
        while not stop.exists():
            code = code or once(**options)
        return code

    cli.app = repeated


def _compared(work: Workshop, trial: Trial, store: Path) -> Trial:
    """The undisturbed study's part of the store; what the other study left beside it is not compared."""
    (records,) = [path for path in (store / "studies").glob("quickstart-*") if path.name in _names(work)]
    other = tuple(
        f"studies/{path.name}" for path in (store / "studies").iterdir() if path.name not in (records.name, ".lock")
    )
    trial.faults += [fault for fault in _of_stages(work, store, records) if not fault.startswith(other or ("\0",))]
    return trial


def _names(work: Workshop) -> set[str]:
    return {Path(name).parts[1] for name in files_of(work.reference.store) if name.startswith("studies/")}
