"""Disks: full, limited, read-only, without permission; and files of a finished store that are no longer what they were."""

from __future__ import annotations

import ctypes
import os
import random
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from torture.runs import LIMIT_S, Run, complaint, study, without_report
from torture.stores import KINDS, before, faults, files_of, stages, staging
from torture.trial import Trial, Workshop

CAPABILITIES = 0x20080522  # version 3 of the kernel's call
OVERRIDES = 0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: by which root passes permissions


def can_mount() -> bool:
    """Whether this process may mount a file system of its own."""
    return (
        os.geteuid() == 0 and subprocess.run(["mount", "--version"], capture_output=True, check=False).returncode == 0
    )


def full(work: Workshop, rng: random.Random) -> Trial:
    """A file system too small for the study: one line; with room again the same command ends in the same bytes."""
    folder = work.fresh()
    disk, trial = folder / "disk", Trial("disk full", "")
    needed = sum(path.stat().st_size for path in files_of(work.reference.store).values() if "studies" not in path.parts)
    trial.place = f"{rng.choice((10, 30, 50, 70, 90))} % of what it needs"
    size = int(needed * int(trial.place.split()[0]) / 100)
    with mounted(disk, size):
        store = disk / "store"
        run = Run(study(store), folder / "first.log", [without_report])
        run.wait()
        trial.landed = run.code != 0
        if trial.landed:
            trial.faults += complaint(run, [1])
            if "no space left on the disk to write" not in run.last:
                trial.faults.append(f"the last line is {run.last!r}")
        subprocess.run(["mount", "-o", "remount,size=256m", disk], check=True)
        _ends_well(work, trial, store, new=True)
    return trial


def limited(work: Workshop, rng: random.Random) -> Trial:
    """No file larger than so much (`ulimit -f`), as a quota would refuse it."""
    folder = work.fresh()
    kind = work.rarest("file size limit", KINDS, rng)
    trial = Trial("file size limit", kind)
    begun = before(work.reference, folder / "store", kind, rng)
    limit = int(2 ** rng.uniform(6, 16))
    run = Run(
        study(begun.store), folder / "first.log",
        [without_report, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (max(limit, 4096), resource.RLIM_INFINITY))],
    )  # fmt: skip
    run.wait()
    trial.landed = run.code != 0
    if trial.landed:
        trial.faults += complaint(run, [1, 2])
    _ends_well(work, trial, begun.store)
    return trial


def read_only(work: Workshop, rng: random.Random) -> Trial:
    """A store on a file system that is read-only: looking works, running is refused in one line."""
    folder = work.fresh()
    disk, trial = folder / "disk", Trial("read-only", "")
    commands = {
        "run": study(disk / "store"), "plan": study(disk / "store", "--plan"),
        "store ls": ["store", "ls", "--store", str(disk / "store")],
        "store check": ["store", "check", "--store", str(disk / "store")],
    }  # fmt: skip
    trial.place = work.rarest("read-only", tuple(commands), rng)
    with mounted(disk, 256 << 20):
        before(work.reference, disk / "store", rng.choice(KINDS), rng)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        run = Run(commands[trial.place], folder / "first.log", [without_report])
        run.wait()
        trial.faults += complaint(run, [2] if trial.place == "run" else [0])
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        _ends_well(work, trial, disk / "store")
    return trial


def forbidden(work: Workshop, rng: random.Random) -> Trial:
    """chmod 000 of a file or a folder: one line, or made again; with the permission back, the same bytes."""
    folder = work.fresh()
    begun = before(work.reference, folder / "store", rng.choice(KINDS), rng)
    places = [path for path in begun.store.rglob("*") if path.name not in ("log.txt",)]
    target = rng.choice(sorted(places))
    trial = Trial("chmod 000", _kind(target, begun.store))
    mode = target.stat().st_mode & 0o777
    target.chmod(0)
    run = Run(study(begun.store), folder / "first.log", [without_report, like_anybody])
    run.wait()
    trial.faults += complaint(run, [0, 1, 2])
    if target.exists():
        target.chmod(mode)
    _ends_well(work, trial, begun.store)
    return trial


HARMS: dict[str, Callable[[Path, random.Random], None]] = {
    "flipped bit": lambda path, rng: _flip(path, rng),
    "cut": lambda path, rng: path.write_bytes(path.read_bytes()[: rng.randrange(max(1, path.stat().st_size))]),
    "deleted": lambda path, rng: path.unlink(),
    "empty": lambda path, rng: path.write_bytes(b""),
    "garbage": lambda path, rng: path.write_bytes(rng.randbytes(rng.randrange(1, 300))),
    "longer": lambda path, rng: path.write_bytes(path.read_bytes() + rng.randbytes(9)),
    "link out of the store": lambda path, rng: _relink(path, rng),
    "a folder": lambda path, rng: _folder(path),
}


# what a stage says of itself: no result is made from it, so a finished stage is not made again for it
DESCRIPTIONS = ("attempts.jsonl", "config.yaml", "uid.yaml", "full-uid.yaml")


def damaged(work: Workshop, rng: random.Random) -> Trial:
    """A file of a finished stage that is not what it was: never used silently, and made again in the same bytes."""
    folder = work.fresh()
    begun = before(work.reference, folder / "store", "records", rng)
    harm = work.rarest("damage", tuple(HARMS), rng)
    stage = rng.choice(stages(begun.store, rng.choice(KINDS)))
    target = rng.choice(sorted(p for p in stage.rglob("*") if p.is_file() and p.name not in (".lock", "log.txt")))
    trial = Trial("damage", harm)
    was = target.read_bytes()
    HARMS[harm](target, rng)
    name = target.relative_to(begun.store).as_posix()
    if target.is_file() and target.read_bytes() == was and not target.is_symlink():
        trial.landed = False
    run = Run(study(begun.store), folder / "first.log", [without_report])
    run.wait()
    trial.faults += [f"{name}: {fault}" for fault in complaint(run, [0])]
    if run.code == 0:
        beside = (name,) if target.name in DESCRIPTIONS else ()
        trial.faults += [f"{name} {harm}: {fault}" for fault in _of_stages(work, begun.store, begun.folder, beside)]
    look = Run(["store", "ls", "--store", str(begun.store)], folder / "look.log")
    look.wait()
    trial.faults += [f"{name} {harm}: {fault}" for fault in complaint(look, [0])]
    return trial


def _of_stages(work: Workshop, store: Path, records: Path, beside: tuple[str, ...] = ()) -> list[str]:
    place = records.relative_to(store).as_posix()
    skip = (*(f"{place}/{name}" for name in ("figures/", "report.html", "explorer.html")), *beside)
    return faults(store, work.reference, skip)


def _ends_well(work: Workshop, trial: Trial, store: Path, new: bool = False) -> None:
    """The same command, with the trouble gone."""
    run = Run(study(store), work.folder / "second.log", [without_report])
    run.wait(LIMIT_S)
    trial.faults += [*complaint(run, [0]), *staging(store)]
    if run.code == 0:
        (records,) = (store / "studies").glob("quickstart-*")
        trial.faults += _of_stages(work, store, records) if new else faults(store, work.reference)


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[None]:
    """A file system in memory of so many bytes."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def like_anybody() -> None:
    """A patch: give up the capabilities by which root passes permissions."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(CAPABILITIES, 0), (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets) == 0:
        sets[0] &= ~OVERRIDES
        libc.capset(header, sets)


def _kind(path: Path, store: Path) -> str:
    what = "folder" if path.is_dir() else path.suffix or path.name
    return f"{path.relative_to(store).parts[0]} {what}"


def _flip(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    if content:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _relink(path: Path, rng: random.Random) -> None:
    outside = next(parent for parent in path.parents if parent.name == "store").with_name(f"outside-{path.name}")
    outside.write_bytes(path.read_bytes())
    _flip(outside, rng)
    path.unlink()
    path.symlink_to(outside)
