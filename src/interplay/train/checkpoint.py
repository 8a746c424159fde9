"""Checkpoints that are either whole or not there.

A checkpoint is written into a staging folder, sealed with a manifest of every file's size and digest, and renamed into
place. A folder whose manifest does not hold was cut off or damaged; the newest one that holds is used instead.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from interplay.files import clear, settle, space_for, staged_folder
from interplay.manifest import MANIFEST, damage, described

STEP = re.compile(r"step-(\d+)")


@contextmanager
def sealed(folder: Path) -> Iterator[Path]:
    """Where to write a checkpoint; it gets its manifest and its name when the block ends."""
    with staged_folder(folder) as staging:
        yield staging
        _write_manifest(staging)


def seal(written: Path, folder: Path) -> None:
    """Give a checkpoint that somebody else has `written` its manifest and its name, replacing what was there."""
    with space_for(folder):
        _write_manifest(written)
        settle(written, folder)


def _write_manifest(staging: Path) -> None:
    (staging / MANIFEST).write_text(json.dumps(described(staging), indent=1), encoding="utf-8")


def step_of(folder: Path) -> int:
    """The step in a checkpoint's name, -1 for another name."""
    match = STEP.fullmatch(folder.name)
    return int(match[1]) if match else -1


def newest(folder: Path) -> tuple[Path | None, list[str]]:
    """(newest whole checkpoint under `folder`, one line for each damaged newer one)."""
    complaints: list[str] = []
    for path in sorted(folder.glob("step-*"), key=step_of, reverse=True):
        problem = damage(path / MANIFEST)
        if problem is None:
            return path, complaints
        complaints.append(f"{problem}; using the checkpoint before it")
    return None, complaints


def prune(folder: Path, keep: Collection[int]) -> None:
    """Remove checkpoints whose step is not in `keep`, and staging folders of runs that were cut off."""
    for path in folder.glob("step-*"):
        if step_of(path) not in keep:
            shutil.rmtree(path)
    clear(folder)


def prune_old(folder: Path) -> None:
    """The same of all but the newest and one to fall back on."""
    prune(folder, sorted(map(step_of, folder.glob("step-*")))[-2:])
