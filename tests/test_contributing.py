"""The places that CONTRIBUTING sends a newcomer to are there, and so is what the pages name in Python."""

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLE = (ROOT / "CONTRIBUTING.md").read_text().split("## Where to go for what")[1].split("## ")[0]
ROWS = [line.split("|")[1:3] for line in TABLE.splitlines() if line.startswith("|")][2:]


def test_every_task_names_a_place_that_exists():
    assert len(ROWS) >= 10
    for task, where in ROWS:
        paths = re.findall(r"`((?:src|docs|tests)/[^`*]+)`", where)
        assert paths, f"no place is named for {task.strip()!r}"
        for path in paths:
            assert (ROOT / path).exists(), f"{path}, named for {task.strip()!r}, is not there"


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMED = sorted(
    {name for page in PAGES for name in re.findall(r"\binterplay(?:\.[a-z_A-Z0-9]+)+(?!\.?[-/\w*])", page.read_text())}
)


def found(name):
    """Whether this is a module, or something in one."""
    module, _, inside = name.rpartition(".")
    try:
        return find_spec(name) is not None or hasattr(import_module(module), inside)
    except ImportError:
        return hasattr(import_module(module), inside)


def test_what_pages_name_in_python_is_there():
    assert len(NAMED) > 10
    assert not found("interplay.data.presets")
    assert not [name for name in NAMED if not found(name)]
