"""Whose pickles are opened. The index of a store is pickled, and opening a pickle runs what its writer put there: so a
note that another user made is refused unless TRUST says otherwise. What root made is opened: root needs no pickle."""

from __future__ import annotations

import os
from pathlib import Path

TRUST = "INTERPLAY_TRUST_STORE"


def check_owner(path: Path) -> None:
    """Raises ValueError where the file is there and is another user's."""
    try:
        owner = path.stat().st_uid
    except OSError:
        return
    if owner not in (os.geteuid(), 0) and os.environ.get(TRUST) != "1":
        raise ValueError(
            f"{path} was made by another user ({_name_of(owner)}), and opening it may run code of theirs; {TRUST}=1 in the "
            "environment says that you trust this store, `--store` names one of your own"
        )


def _name_of(owner: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"user {owner}"
