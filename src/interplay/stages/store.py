"""What a store holds, read from the folders of its stages alone: nothing pickled is opened, nothing is locked.

done     the summary is there
running  a process holds the folder
partial  begun and not finished; the next run goes on from what was saved
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from interplay.files import STAGING, clear, discard
from interplay.manifest import PUBLISHED, SUMMARY, damages
from interplay.stages.lock import LOCK, hold, is_held, is_used, try_hold
from interplay.stages.ran_on import ATTEMPTS, RanOn, last_attempt
from interplay.train.publish import read_summary

STUDIES, RECORDS = "studies", ("study.json", "stages.json")
ADDRESS = re.compile(r"[a-z_]+/[0-9a-f]{10}")

State = Literal["done", "running", "partial"]


class Entry(NamedTuple):
    """One stage of a store."""

    address: str
    folder: Path
    identity: Mapping[str, Any]
    state: State

    @property
    def kind(self) -> str:
        """tokenizer, pretrain, ..."""
        return self.address.split("/")[0]

    @property
    def label(self) -> str:
        """What the study that began it calls it."""
        return str(self.identity.get("label", ""))

    @property
    def summary(self) -> dict[str, Any]:
        """What the stage reported; empty until it is done."""
        try:
            return read_summary(self.folder) or {}
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{self.folder / SUMMARY} cannot be read: {error}; `interplay store check` finds more"
            ) from error

    @property
    def damages(self) -> list[str]:
        """What is wrong with the files of a stage that is done, a line for each."""
        return damages(self.folder / PUBLISHED) if self.state == "done" else []

    @property
    def attempts(self) -> int:
        """How often the work was begun."""
        path = self.folder / ATTEMPTS
        return len(path.read_bytes().splitlines()) if path.is_file() else 0

    @property
    def ran_on(self) -> RanOn | None:
        """What its last attempt ran on; None where that is not on record, as in older stores."""
        return last_attempt(self.folder)


def entries(store: Path) -> list[Entry]:
    """Every stage of a store by kind and age. Raises ValueError where there is no store."""
    if not store.is_dir():
        raise ValueError(f"the store {store} is no folder" if store.exists() else f"no such store: {store}")
    found = []
    for path in store.glob("*/*/stage.json"):
        if path.parent.name.startswith(STAGING):
            continue
        try:
            identity = json.loads(path.read_text())
            entry = Entry(identity["address"], path.parent, identity, state_of(path.parent))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # deleted meanwhile, or no stage of ours
        found.append(entry)
    return sorted(found, key=lambda entry: (entry.kind, entry.folder.stat().st_mtime, entry.address))


def state_of(folder: Path) -> State:
    """The state of a stage's folder."""
    if (folder / SUMMARY).is_file():
        return "done"
    return "running" if is_held(folder) else "partial"


def find(stages: list[Entry], prefix: str) -> Entry:
    """The stage whose address, or its digest alone, begins so, or whose label it is. ValueError unless there is exactly one."""
    chosen = [e for e in stages if e.address.startswith(prefix) or e.address.split("/")[1].startswith(prefix)]
    chosen = chosen or [entry for entry in stages if entry.label == prefix]
    if not chosen or not prefix:
        raise ValueError(f"no stage {prefix!r} in the store; `interplay store ls` lists its {len(stages)} stages")
    if len(chosen) > 1:
        raise ValueError(f"{prefix!r} is ambiguous: {', '.join(entry.address for entry in chosen[:4])}")
    return chosen[0]


def size_of(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(found.st_size for path in folder.rglob("*") if (found := _stat(path)) is not None)


def age_s(folder: Path) -> float:
    """Seconds since anything in a folder was last written."""
    paths = (folder, *(path for path in folder.rglob("*") if path.name != LOCK))
    return time.time() - max((found.st_mtime for path in paths if (found := _stat(path)) is not None), default=0.0)


def _stat(path: Path) -> os.stat_result | None:
    """None for what was deleted meanwhile, as a running stage does with its scratch files."""
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def studies_of(store: Path) -> dict[str, list[str]]:
    """Stage addresses to the studies whose records, or whose runs in progress, name them."""
    users: dict[str, list[str]] = {}
    for folder in sorted((store / STUDIES).glob("*")):
        for address in sorted({a for name in RECORDS for a in _addresses(folder / name)}):
            users.setdefault(address, []).append(folder.name)
    return users


def _addresses(record: Path) -> Iterator[str]:
    try:
        waiting = [json.loads(record.read_text())] if record.is_file() else []
    except (OSError, ValueError) as error:  # a record that cannot be read might refer to anything
        raise ValueError(f"{record} cannot be read: {error}") from error
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and ADDRESS.fullmatch(value):
            yield value


class Garbage(NamedTuple):
    """A stage that may go, and why."""

    entry: Entry
    reason: str
    size: int


def garbage(store: Path, partial_hours: float) -> list[Garbage]:
    """Stages that no study refers to, and unfinished ones that nothing was written to for so long; never a held one."""
    users = studies_of(store)
    reasons = ((entry, _reason(entry, users, partial_hours)) for entry in entries(store))
    return [Garbage(entry, reason, size_of(entry.folder)) for entry, reason in reasons if reason]


def _reason(entry: Entry, users: Mapping[str, list[str]], partial_hours: float) -> str:
    """Why a stage may go; empty where it may not."""
    if is_held(entry.folder):
        return ""
    idle_hours = age_s(entry.folder) / 3600
    if entry.state == "partial" and idle_hours >= partial_hours:
        return f"unfinished, untouched for {idle_hours:.1f} h"
    return "" if entry.address in users else "no study refers to it"


def collect(store: Path, entry: Entry, partial_hours: float) -> bool:
    """Delete a stage that was garbage a moment ago, unless a run counts on it by now.

    A run names its stages before it looks which are there, and holds the folder of all studies while it does.
    """
    with hold(store / STUDIES):
        now = entry._replace(state=state_of(entry.folder))
        return bool(_reason(now, studies_of(store), partial_hours)) and delete(entry.folder)


def drop(path: Path, store: Path) -> bool:
    """Delete a stage, or a study's records, unless a run is at it."""
    with hold(store / STUDIES):
        return not is_used(path) and delete(path)


def delete(folder: Path) -> bool:
    """Delete a folder of a stage or of records unless a process holds it. A cut deletion leaves no half."""
    with try_hold(folder) as free:
        if not free:
            return False
        discard(folder)
    return True


def sweep(store: Path) -> None:
    """Finish deletions that were cut off."""
    for folder in store.iterdir():
        clear(folder)
