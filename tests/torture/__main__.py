"""The campaign: `make torture`, or `python -m torture --minutes 60 --seed 0` with `tests` on the path.

Kinds of trials take turns until the time is up; every trial draws from a stream of its own, named by the seed, the kind
and its number. It ends with a table and, with --out, a JSON file; the exit code is 1 where anything was at fault.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from pathlib import Path

from interplay.world.randomness import stream
from torture import disks, inputs, pages, rows, stops, texts, together
from torture.beside import Beside
from torture.runs import warm, without_report
from torture.stores import undisturbed
from torture.trial import Kind, Trial, Workshop

# how often each kind has its turn in a round
TURNS: dict[str, tuple[Kind, int]] = {
    "kill -9": (stops.kill_9, 24),
    "signal": (stops.asked, 6),
    "signal, --jobs 2": (stops.side_by_side, 1),
    "lost worker": (stops.lost_worker, 1),
    "disk full": (disks.full, 1),
    "file size limit": (disks.limited, 1),
    "read-only": (disks.read_only, 1),
    "chmod 000": (disks.forbidden, 1),
    "damage": (disks.damaged, 4),
    "8 at once": (together.at_once, 1),
    "gc beside a run": (together.beside_gc, 1),
    "hostile strings": (texts.judged, 1),
    "hostile copies": (texts.copied, 1),
    "hostile pages": (pages.paged, 1),
    "hostile rows": (rows.rows_of_a_person, 4),
    "hostile context": (inputs.context, 6),
    "hostile study file": (inputs.study_file, 3),
    "hostile checkpoint": (inputs.checkpoint, 4),
}
MOUNTS = ("disk full", "read-only")  # kinds that need a file system of their own, so root
BESIDE = "hostile strings"  # goes on beside the others in a campaign that has a time


def main() -> None:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=0, help="end after so many rounds of one trial of each kind")
    parser.add_argument("--short", action="store_true", help="small batches, and no page is built")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="kinds, separated by semicolons")
    parser.add_argument("--reference", type=Path, default=None, help="keep the undisturbed stores here, or take them")
    parser.add_argument("--out", type=Path, default=None, help="JSON of all trials")
    asked = parser.parse_args()
    warm()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        place = asked.reference or Path(folder, "reference")
        place.mkdir(parents=True, exist_ok=True)
        reference = undisturbed(place.absolute(), [without_report] if asked.short else [])
        print(
            f"undisturbed: {len(reference.names)} files, {len(reference.equal)} of them equal in two runs", flush=True
        )
        trials = campaign(Workshop(Path(folder, "trial"), reference, asked.short), asked, began)
    found = {
        "seed": asked.seed, "minutes": round((time.monotonic() - began) / 60, 1),
        "compared_files": len(reference.equal), "table": table(trials),
        "faults": [vars(trial) for trial in trials if trial.faults],
    }  # fmt: skip
    if asked.out is not None:
        asked.out.write_text(json.dumps(found, indent=1) + "\n")
    print(markdown(found["table"]))
    sys.exit(bool(found["faults"]))


def campaign(work: Workshop, asked: argparse.Namespace, began: float) -> list[Trial]:
    """Trials until the time is up, or the rounds are done."""
    chosen = kinds(asked.only)
    if asked.rounds or BESIDE not in chosen or len(chosen) == 1:
        return in_turn(work, chosen, asked, began)
    chosen.remove(BESIDE)
    log = work.folder.with_name("beside.jsonl")
    beside = Beside(log, lambda number: one(work, BESIDE, TURNS[BESIDE][0], asked.seed, number))
    trials = in_turn(work, chosen, asked, began)
    return trials + beside.end()


def kinds(only: str) -> list[str]:
    """What was asked for, as far as this machine can do it."""
    chosen = [name for name in TURNS if not only or name in only.split(";")]
    missing = {"only root may mount": MOUNTS} if not disks.can_mount() else {}
    missing |= {"there is no browser": ("hostile pages",)} if not pages.has_browser() else {}
    for why, names in missing.items():
        if left := [name for name in chosen if name in names]:
            print(f"left out, since {why}: {', '.join(left)}", flush=True)
    return [name for name in chosen if not any(name in names for names in missing.values())]


def in_turn(work: Workshop, chosen: list[str], asked: argparse.Namespace, began: float) -> list[Trial]:
    """The kinds one after another, each as often as it has turns."""
    numbers: dict[str, int] = defaultdict(int)
    trials: list[Trial] = []
    while True:
        for name in chosen:
            kind, turns = TURNS[name]
            for _ in range(1 if asked.rounds else turns):
                numbers[name] += 1
                trial = one(work, name, kind, asked.seed, numbers[name])
                trials.append(trial)
                work.note(trial)
                say(trial, numbers[name])
                if not asked.rounds and time.monotonic() - began > asked.minutes * 60:
                    return trials
        if asked.rounds and numbers[chosen[0]] >= asked.rounds:
            return trials


def one(work: Workshop, name: str, kind: Kind, seed: int, number: int) -> Trial:
    """One trial; what goes wrong in the trial itself is a fault too."""
    began = time.monotonic()
    try:
        trial = kind(work, stream("torture", seed, name, number))
    except Exception as error:
        traceback.print_exc()
        trial = Trial(name, "?", landed=False, faults=[f"the trial failed: {type(error).__name__}: {error}"])
    trial.seconds = round(time.monotonic() - began, 1)
    return trial


def say(trial: Trial, number: int) -> None:
    """One line for each trial, and one for each fault."""
    how = "FAULT" if trial.faults else "ok" if trial.landed else "ok, but elsewhere"
    print(f"{time.strftime('%H:%M:%S')} {trial.kind} {number}: {trial.place}: {how} ({trial.seconds} s)", flush=True)
    for fault in trial.faults[:5]:
        print(f"    {fault}", flush=True)


def table(trials: list[Trial]) -> list[dict[str, object]]:
    """Counts by kind and place, in the order of the kinds."""
    rows: dict[tuple[str, str], list[Trial]] = defaultdict(list)
    for trial in trials:
        rows[trial.kind, trial.place].append(trial)
    return [
        {
            "kind": kind, "place": place, "trials": sum(trial.count for trial in found),
            "landed": sum(trial.count for trial in found if trial.landed),
            "faults": sum(bool(trial.faults) for trial in found), "seconds": round(sum(t.seconds for t in found), 1),
        }
        for (kind, place), found in sorted(rows.items(), key=lambda row: (list(TURNS).index(row[0][0]), row[0][1]))
    ]  # fmt: skip


def markdown(rows: list[dict[str, object]]) -> str:
    """The table as it stands on the page."""
    names = ("kind", "place", "trials", "landed", "faults", "seconds")
    lines = [f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]
    return "\n".join([*lines, *(f"| {' | '.join(str(row[name]) for name in names)} |" for row in rows)])


if __name__ == "__main__":
    main()
