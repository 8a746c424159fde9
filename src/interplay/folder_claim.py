"""Whose an output folder is: what was asked and the digests of what was read, so that no folder mixes two runs.

It is taken once the inputs have been read: a call that is refused leaves no claim. Whoever asks for a finished folder again
gets what it holds, so its files are compared with their manifest first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interplay.files import write_json
from interplay.manifest import MANIFEST, PUBLISHED, SUMMARY, damage, described
from interplay.rank import share_of_environment

CLAIM = "claim.json"
READ = ("*.safetensors", "*.json", "*.jinja")  # of a checkpoint: weights, configs, tokenizer, chat template


def checkpoint_digests(folder: Path) -> dict[str, str]:
    """Digests of everything in a checkpoint's folder that opening it reads."""
    names = sorted({path.name for pattern in READ for path in folder.glob(pattern)} - {MANIFEST})
    return {name: found["sha256"] for name, found in described(folder, names).items()}


def claim(out: Path, identity: Mapping[str, object], what: str) -> None:
    """Take the folder for `what`, or find that it is ours already and whole.

    Raises ValueError naming what differs, or the file of a finished folder that is not as it was left.
    """
    path, wanted = out / CLAIM, json.loads(json.dumps(identity))
    try:
        if path.exists():
            held = _held(path)
            if held != wanted:
                names = sorted(name for name in {*held, *wanted} if held.get(name) != wanted.get(name))
                raise ValueError(f"{out} holds another {what} ({path}): {', '.join(names)} differ; give a new folder")
            if (out / SUMMARY).exists() and not (out / PUBLISHED).exists():
                raise ValueError(
                    f"{out} is finished, but has no {PUBLISHED}: an older version made it, or the file was removed, so "
                    "that nothing in it can be checked; give a new folder, or remove it, and the same call makes it again"
                )
            if (out / SUMMARY).exists() and (problem := damage(out / PUBLISHED)) is not None:
                raise ValueError(
                    f"{out} is finished, but damaged: {problem}; remove it, and the same call makes it again"
                )
        elif (out / SUMMARY).exists():
            raise ValueError(
                f"{out} holds the results of another {what}, which do not say what they were made of; give a new folder"
            )
        elif share_of_environment().is_first:
            out.mkdir(parents=True, exist_ok=True)
            write_json(path, wanted)
    except OSError as error:
        raise ValueError(f"{out} cannot be used: {error.strerror}") from error


def _held(path: Path) -> dict[str, Any]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); give a new folder, or remove this one") from None
    return held if isinstance(held, dict) else {}
