"""Stores of the tiny study: two undisturbed ones, which say what must be equal, and what is wrong with another one."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from interplay.files import STAGING
from interplay.manifest import PUBLISHED, SUMMARY, damage, file_digest
from interplay.stages.lock import LOCK, USE, is_held
from torture.runs import Patch, Run, study

LOGS = ("log.txt", LOCK, USE)
KINDS = ("tokenizer", "pretrain", "midtrain", "rl", "evaluate")
PHASES = (*KINDS, "published", "records", "report")


class Reference(NamedTuple):
    """An undisturbed store; the digests that every run must reach; the files that it must have."""

    store: Path
    equal: dict[str, str]
    names: frozenset[str]
    seconds: dict[str, float]


def files_of(store: Path) -> dict[str, Path]:
    """Every file of a store by its place there."""
    return {path.relative_to(store).as_posix(): path for path in store.rglob("*") if path.is_file()}


def undisturbed(folder: Path, patches: Sequence[Patch] = ()) -> Reference:
    """Run the study twice, in two stores; what is equal in both must be equal in any.

    Times make the others differ, and PDF figures, of which a library writes the parts in an order of its own.
    """
    found = []
    for name in ("first", "second"):
        if not (folder / name).exists():
            run = Run(study(folder / name), folder / f"{name}.log", patches)
            if run.wait() or "Traceback" in run.said:
                raise RuntimeError(f"the undisturbed run failed: {run.last}")
        found.append({name: file_digest(path) for name, path in files_of(folder / name).items()})
    first, second = found
    if first.keys() != second.keys():
        raise RuntimeError(f"two undisturbed runs left other files: {sorted(first.keys() ^ second.keys())}")
    equal = {name: digest for name, digest in first.items() if second[name] == digest and not name.endswith(".pdf")}
    return Reference(folder / "first", equal, frozenset(first), _seconds(folder / "first"))


def _seconds(store: Path) -> dict[str, float]:
    """How long each phase took."""
    seconds = {}
    for kind in KINDS:
        (stage, *_) = stages(store, kind)
        seconds[kind] = (stage / "job.pkl").stat().st_mtime - (stage / "stage.json").stat().st_mtime
    (records,) = (store / "studies").glob("quickstart-*")
    written = {path.name: path.stat().st_mtime for path in records.iterdir()}
    seconds["records"] = written["study.json"] - written["results.csv"] + 1.0
    seconds["report"] = written.get("report.html", 0.0) - written["study.json"]
    return seconds | {"published": 0.0}


def stages(store: Path, kind: str) -> list[Path]:
    """The folders of a kind of stages."""
    return sorted((store / kind).glob("*/"))


class Begun(NamedTuple):
    """A store where one phase is missing, and the folder in which it will show."""

    store: Path
    folder: Path
    phase: str


def before(reference: Reference, store: Path, phase: str, rng: random.Random) -> Begun:
    """A copy of the undisturbed store as it was before a phase."""
    shutil.copytree(reference.store, store, symlinks=True)
    if phase in ("records", "report"):
        (folder,) = (store / "studies").glob("quickstart-*")
    else:
        kind = rng.choice(KINDS) if phase == "published" else phase
        folder = rng.choice(stages(store, kind))
    shutil.rmtree(folder)
    return Begun(store, folder, phase)


def faults(store: Path, reference: Reference, skip: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with a store after a run that ended well."""
    found = files_of(store)
    names = {name for name in reference.names if not name.startswith(skip or ("\0",))}
    wrong = [f"{name} is missing" for name in sorted(names - found.keys())]
    extra = {name for name in found.keys() - reference.names if Path(name).name not in LOGS}
    wrong += [f"{name} is left over" for name in sorted(extra) if not name.startswith(skip or ("\0",))]
    wrong += [
        f"{name} differs from the undisturbed run"
        for name in sorted(reference.equal)
        if name in found and name in names and file_digest(found[name]) != reference.equal[name]
    ]
    return wrong + unfinished(store)


def unfinished(store: Path) -> list[str]:
    """What no end of a run may leave: a stage that counts as complete and is not, a lock that is held, a staging file
    that the next writer would not find."""
    wrong = []
    for kind in KINDS:
        for stage in stages(store, kind):
            if (stage / SUMMARY).exists() and (problem := damage(stage / PUBLISHED)) is not None:
                wrong.append(f"marked complete and is not: {problem}")
            if is_held(stage):
                wrong.append(f"{stage} is still held")
    return wrong


def staging(store: Path) -> list[str]:
    """Staging files and folders that are left."""
    return [f"{path} is left" for path in store.rglob(f"{STAGING}*")]
