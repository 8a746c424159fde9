"""Ends in the middle: kill -9 and the signals that ask, at a random moment of each phase; then the same command again."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Sequence

from torture.runs import GONE_S, Patch, Run, complaint, one_judge, study, without_report
from torture.stores import KINDS, PHASES, Begun, before, faults, staging, unfinished
from torture.trial import Trial, Workshop

POLL_S, AT_ONCE_S = 0.01, 0.0005  # looks at a store; the shorter where a moment is aimed at
SAYS = {
    signal.SIGINT: "interrupted; ",
    signal.SIGTERM: "stopped by SIGTERM; ",
    signal.SIGHUP: "stopped by SIGHUP; ",
}


def kill_9(work: Workshop, rng: random.Random) -> Trial:
    """kill -9, in any phase, and between publishing and recording."""
    place = work.rarest("kill -9", PHASES[:-1] if work.short else PHASES, rng)
    return _stop(work, rng, Trial("kill -9", place), signal.SIGKILL, [one_judge] if rng.random() < 0.25 else [])


def asked(work: Workshop, rng: random.Random) -> Trial:
    """SIGTERM, SIGINT and SIGHUP in any phase; in RL and evaluation with a judging worker."""
    places = tuple(f"{number.name} {phase}" for number in SAYS for phase in PHASES if phase != "published")
    places = tuple(place for place in places if not (work.short and place.endswith("report")))
    place = work.rarest("signal", places, rng)
    name, phase = place.split()
    patches = [one_judge] if phase in ("rl", "evaluate") else []
    return _stop(work, rng, Trial("signal", place), signal.Signals[name], patches)


def side_by_side(work: Workshop, rng: random.Random) -> Trial:
    """The same with stages in two worker processes; also SIGKILL, after which workers must go by themselves."""
    numbers = (*SAYS, signal.SIGKILL)
    place = work.rarest("signal, --jobs 2", tuple(number.name for number in numbers), rng)
    trial = Trial("signal, --jobs 2", place)
    return _stop(work, rng, trial, signal.Signals[place], [], phase=rng.choice(KINDS[1:]), options=("--jobs", "2"))


def lost_worker(work: Workshop, rng: random.Random) -> Trial:
    """kill -9 of a stage's worker: one line names the stage and its log, the others are done, and the next run goes on."""
    folder = work.fresh()
    begun = before(work.reference, folder / "store", rng.choice(KINDS[1:]), rng)
    trial = Trial("lost worker", begun.phase)
    run = Run(study(begun.store, "--jobs", "2"), folder / "first.log", [without_report])
    attempts = begun.folder / "attempts.jsonl"
    _until(run, lambda: attempts.exists() and attempts.stat().st_size > 0)
    if run.alive:
        import json
        import os

        os.kill(json.loads(attempts.read_text().splitlines()[-1])["process"], signal.SIGKILL)
    run.wait()
    trial.landed = run.code != 0
    if trial.landed:
        trial.faults += complaint(run, [1])
        if "its process ended with signal SIGKILL; its log is " not in run.last:
            trial.faults.append(f"the last line names no log: {run.last}")
    trial.faults += run.orphans()
    return _again(work, trial, begun, ("--jobs", "2"))


def _stop(
    work: Workshop,
    rng: random.Random,
    trial: Trial,
    number: signal.Signals,
    patches: Sequence[Patch],
    phase: str = "",
    options: tuple[str, ...] = (),
) -> Trial:
    folder = work.fresh()
    phase = phase or trial.place.split()[-1]
    begun = before(work.reference, folder / "store", phase, rng)
    quick: list[Patch] = [] if phase == "report" else [without_report]
    run = Run(study(begun.store, *options), folder / "first.log", [*patches, *quick])
    _until(run, lambda: _begins(begun, run), AT_ONCE_S if phase == "published" else POLL_S)
    spread = work.reference.seconds[phase] if phase != "published" else 0.002
    time.sleep(rng.uniform(0.0, spread))
    run.send(number)
    sent = time.monotonic()
    run.wait(60.0)
    took = time.monotonic() - sent
    left = run.orphans(max(0.0, GONE_S - took))
    trial.landed = run.code not in (0, 70) and _phase_of(begun, run) == phase
    trial.faults += [*left, *unfinished(begun.store)]
    if number == signal.SIGKILL:
        wanted = -signal.SIGKILL
    else:
        wanted = 128 + number
        if took > GONE_S:
            trial.faults.append(f"gone only after {took:.1f} s")
        if run.code != 0 and not run.last.startswith(SAYS[number]):
            trial.faults.append(f"the last line is {run.last!r}")
    if run.code != 0:  # 0: it had ended before the signal came
        trial.faults += complaint(run, [wanted])
    return _again(work, trial, begun, options, quick)


def _again(
    work: Workshop, trial: Trial, begun: Begun, options: tuple[str, ...], quick: Sequence[Patch] = (without_report,)
) -> Trial:
    """The same command: it must end well, in the bytes of the undisturbed run, and leave nothing over."""
    again = Run(study(begun.store, *options), work.folder / "second.log", quick)
    again.wait()
    trial.faults += [*complaint(again, [0]), *again.orphans(), *staging(begun.store)]
    skip = ("studies/",) if begun.phase == "records" else ()
    trial.faults += faults(begun.store, work.reference, skip)
    if skip:
        trial.faults += _records(work, begun)
    return trial


def _records(work: Workshop, begun: Begun) -> list[str]:
    """The records alone where the page was not made."""
    made = ("figures/", "report.html", "explorer.html")
    place = begun.folder.relative_to(begun.store).as_posix()
    skip = tuple(f"{place}/{name}" for name in made)
    return faults(begun.store, work.reference, skip)


def _until(run: Run, begins: Callable[[], bool], poll_s: float = POLL_S) -> None:
    while run.alive and not begins():
        time.sleep(poll_s)


def _begins(begun: Begun, run: Run) -> bool:
    if begun.phase == "records":
        return "records and report" in run.said
    if begun.phase == "report":
        return (begun.folder / "study.json").exists()
    if begun.phase == "published":
        return (begun.folder / "summary.json").exists()
    return (begun.folder / "attempts.jsonl").exists()


def _phase_of(begun: Begun, run: Run) -> str:
    """Where the end came: told by what is there, and what is not."""
    folder = begun.folder
    if begun.phase in ("records", "report"):
        if (folder / "report.html").exists():
            return "after"
        return "report" if (folder / "study.json").exists() else "records"
    if (folder / "job.pkl").exists():
        return "records"
    return "published" if (folder / "summary.json").exists() else begun.phase
