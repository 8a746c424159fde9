"""The places that CONTRIBUTING sends a newcomer to are there."""

import re
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
