"""Checkpoints that are either whole or not there.

A checkpoint is written into a staging folder, sealed with a manifest of every file's size and digest, and renamed into
place. A folder whose manifest does not hold was cut off or damaged; the newest one that holds is used instead.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from interplay.files import clear, settle, space_for, staged_folder

MANIFEST = "manifest.json"
STEP = re.compile(r"step-(\d+)")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    files = sorted(path for path in staging.rglob("*") if path.is_file() and path.name != MANIFEST)
    manifest = {
        path.relative_to(staging).as_posix(): {"bytes": path.stat().st_size, "sha256": file_digest(path)}
        for path in files
    }
    (staging / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def damage(folder: Path) -> str | None:
    """What is wrong with a sealed checkpoint in one line, or None when it is whole."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        for name, expected in manifest.items():
            path = folder / name
            if not path.is_file():
                return f"{path} is missing"
            if path.stat().st_size != expected["bytes"]:
                return f"{path} has {path.stat().st_size} bytes, its manifest says {expected['bytes']}"
            if file_digest(path) != expected["sha256"]:
                return f"{path} does not have the digest its manifest gives"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"{folder / MANIFEST} cannot be read: {error}"
    return None


def step_of(folder: Path) -> int:
    """The step in a checkpoint's name, -1 for another name."""
    match = STEP.fullmatch(folder.name)
    return int(match[1]) if match else -1


def newest(folder: Path) -> tuple[Path | None, list[str]]:
    """(newest whole checkpoint under `folder`, one line for each damaged newer one)."""
    complaints: list[str] = []
    for path in sorted(folder.glob("step-*"), key=step_of, reverse=True):
        problem = damage(path)
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
