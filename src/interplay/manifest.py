"""Manifests: what was published, file by file with size and digest, so that whoever uses it later finds what is damaged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"  # of a checkpoint's folder
SUMMARY, PUBLISHED = "summary.json", "published.json"  # of what is finished; the second is its manifest

Signature = tuple[tuple[str, int, int], ...]
_whole: dict[Path, Signature] = {}  # manifests that were found to hold, by what the files looked like then


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def described(folder: Path, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Size and digest of every file of a folder, or of those of its files and folders that are named and there."""
    roots = [folder] if names is None else [folder / name for name in names]
    files = sorted(path for root in roots for path in (root.rglob("*") if root.is_dir() else [root]) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": file_digest(path)}
        for path in files
        if path != folder / MANIFEST
    }


def damage(manifest: Path) -> str | None:
    """What is wrong with the files beside a manifest in one line, the first of `damages`; None when all are as they were."""
    return next(iter(damages(manifest)), None)


def damages(manifest: Path) -> list[str]:
    """A line for every file beside a manifest that is not as it was.

    A file is read once by a process, and again only where its size or its time has changed.
    """
    try:
        expected = json.loads(manifest.read_text(encoding="utf-8"))
        found = {
            name: problem for name, wanted in expected.items() if (problem := _seen(manifest.parent / name, wanted))
        }
        looks = None if found else _signature(manifest, expected)
        if looks is not None and _whole.get(manifest) == looks:
            return []
        for name, wanted in expected.items():
            if name not in found and file_digest(manifest.parent / name) != wanted["sha256"]:
                found[name] = f"{manifest.parent / name} does not have the digest its manifest gives"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return [f"{manifest} cannot be read: {error}"]
    if looks is not None and not found:
        _whole[manifest] = looks
    return [found[name] for name in expected if name in found]


def _seen(path: Path, wanted: dict[str, object]) -> str | None:
    """What is wrong with a file at the first look, without reading it."""
    if not path.is_file():
        return f"{path} is missing"
    if path.stat().st_size != wanted["bytes"]:
        return f"{path} has {path.stat().st_size} bytes, its manifest says {wanted['bytes']}"
    return None


def _signature(manifest: Path, names: Iterable[str]) -> Signature:
    paths = [manifest, *(manifest.parent / name for name in names)]
    return tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths)
