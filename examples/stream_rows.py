"""Rows for other trainers: an endless stream in four shards that goes on where it stopped, and a folder for the Hub."""

import tempfile
from pathlib import Path

from interplay.interop.datasets import export, iterable

rows = iterable(ops=(2, 3, 4), shards=4, context="zoo", style="full", seed=0)
reading = iter(rows)
print([next(reading)["op"] for _ in range(3)])
state = rows.state_dict()

again = iterable(ops=(2, 3, 4), shards=4, context="zoo", style="full", seed=0)
again.load_state_dict(state)
print(next(iter(again))["id"] == next(reading)["id"])

with tempfile.TemporaryDirectory() as folder:
    made = export(Path(folder) / "problems", ops=(2, 3), n=100, split="test")
    print(sorted(path.name for path in made.iterdir()))
