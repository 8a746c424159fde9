"""Options that several commands take, and what is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

Store = Annotated[Path, typer.Option(help="where a checkpoint named by address or label is looked up")]
Track = Annotated[str, typer.Option(help="trackio, wandb or tensorboard: live curves, offline by default")]


def tracked(name: str, project: str, folder: Path, stages: Mapping[str, Path]) -> AbstractContextManager[None]:
    """While the block runs, the stages' metrics go to a tracker; no name, no tracker. ValueError for an unknown one."""
    if not name:
        return nullcontext()
    from interplay.track import following, tracker

    return following(stages, tracker(name, f"interplay-{project}", folder))


def writable(folder: Path, what: str = "the store") -> None:
    """Raises ValueError when files cannot be written there, or the folder not be made; it is left as it is."""
    there = next((path for path in (folder, *folder.parents) if path.exists() or path.is_symlink()), Path())
    probe = there / ".writable"
    try:
        probe.touch()
        probe.unlink(missing_ok=True)  # several processes may look at once
    except OSError as error:
        raise ValueError(f"{what} {folder} cannot be written: {error.strerror}") from error


def writable_file(path: Path, what: str = "the page") -> None:
    """Raises ValueError when no file of that name can be written."""
    if path.is_dir():
        raise ValueError(f"{what} {path} is a folder; it takes the name of a file")
    writable(path.parent, f"the folder of {what}")


def whole_numbers(text: str) -> tuple[int, ...]:
    """The numbers of --k. Raises ValueError for anything else."""
    return tuple(dict.fromkeys(_whole(part) for part in text.split(","))) if text else ()


def _whole(text: str) -> int:
    if not text.strip().isdigit() or int(text) < 1:
        raise ValueError(f"--k takes positive whole numbers, got {text!r}")
    return int(text)
