"""What every page of a report is made of: its assets, the digest that lets its one script run."""

from __future__ import annotations

import base64
import hashlib
import os
from importlib import resources
from pathlib import Path


def asset(name: str) -> str:
    """A file of `assets/` as text."""
    return (resources.files("interplay.report") / "assets" / name).read_text(encoding="utf-8")


def digest(script: str) -> str:
    """What the content policy of a page calls its one script."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def folder(path: Path) -> Path:
    """Make a folder. Raises ValueError where nothing can be written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}; --out names another folder") from None
    if not os.access(path, os.W_OK):
        raise ValueError(f"{path} cannot be written; --out names another folder")
    return path
