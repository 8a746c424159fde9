"""What a name leads to: a folder as it is, or something in a store by its address or by what the study calls it.

People name a checkpoint in many ways: its own folder, the folder of the stage that made it, an address such as rl/3f9a, or a
label such as "RL of base on edge 0". Every command that takes a checkpoint takes all of them, by this file.
"""

from __future__ import annotations

from pathlib import Path

from interplay.folders import KINDS, kind_of, last_checkpoint
from interplay.progress import say
from interplay.stages.store import STUDIES, entries, find


def named_folder(name: str, store: Path) -> Path:
    """The folder of a stage, or of a study's records. Raises ValueError unless the store has exactly one of that name."""
    records = store / STUDIES / name
    plain = Path(name).name == name and name not in ("", ".", "..")
    return records if plain and records.is_dir() else find(entries(store), name).folder


def named_checkpoint(name: str | Path, store: str | Path = "store") -> Path:
    """The checkpoint that a folder is or holds last, or that a stage of the store left last.

    A folder that is neither a checkpoint nor holds one is given back, for whoever loads it to say what it lacks. Raises
    ValueError for a name that leads nowhere, and for a stage that trains nothing.
    """
    folder, store = Path(name), Path(store)
    if folder.exists():
        kind = kind_of(folder)
        if kind not in (None, "checkpoint", "stage"):
            raise ValueError(f"{folder} is {KINDS[str(kind)]}, not {KINDS['checkpoint']}")
        found = last_checkpoint(folder)
        if found is None and kind == "stage":
            raise ValueError(f"{folder} holds no checkpoint: only stages that train do, once they have saved one")
        return found or folder
    if not store.is_dir():
        raise ValueError(f"no checkpoint {str(name)!r}: no such folder, and there is no store {store} to look into")
    stages = entries(store)
    try:
        stage = find(stages, str(name))
    except ValueError as error:
        raise ValueError(f"no checkpoint {str(name)!r}: no such folder; in the store {store}: {error}") from None
    found = last_checkpoint(stage.folder)
    if found is None:
        raise ValueError(f"{stage.address} {stage.label!r} holds no checkpoint: only stages that train do, once saved")
    if stage.state != "done":
        say(f"{stage.address} is not finished; its last checkpoint is {found.name}")
    return found
