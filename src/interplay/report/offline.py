"""What every page of a report is made of: its assets, the digest that lets its one script run."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources


def asset(name: str) -> str:
    """A file of `assets/` as text."""
    return (resources.files("interplay.report") / "assets" / name).read_text(encoding="utf-8")


def digest(script: str) -> str:
    """What the content policy of a page calls its one script."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
