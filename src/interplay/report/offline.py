"""What every page of a report is made of: its assets, the digest that lets its one script run, a file that appears whole."""

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


def write(path: Path, content: bytes) -> Path:
    """The file appears whole or not at all."""
    staging = path.with_name(f".{path.name}.{os.getpid()}.staging")
    try:
        staging.write_bytes(content)
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)
    return path
