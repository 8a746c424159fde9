"""Whole quickstarts with one, two and four threads and with two stages side by side: every weight, sample and record equal.

Once with a tiny model, once with the shapes and batches of `micro`, a few steps each. The runs are processes of their own, as a
user's are, so that nothing a test sets on torch decides what they do.
"""

import json
from pathlib import Path

import pytest
from tiny_study import digests, start

from interplay.manifest import file_digest
from interplay.train.metrics import read_metrics
from tiny_settings import TINY

RUNS = {"one": ("--threads", "1"), "two": ("--threads", "2"), "four": ("--threads", "4"), "jobs": ("--jobs", "2")}
MICRO = {  # long enough that some rollouts are partly right; model, batches, groups and lengths are those of the scale
    "pretrain.tokens": 300_000, "midtrain.tokens": 40_960, "rl.steps": 2, "rl.reward.kind": "process", "problems": 4,
}  # fmt: skip
TIMED = ("study.json", "about.json", "stages.json")  # what holds times, or the command


def ran(store: Path, settings: dict, options: tuple[str, ...]) -> dict[str, str]:
    """Digests of everything that a quickstart left and by which two runs of it must be equal."""
    process = start(store, settings, *options)
    out, error = process.communicate()
    assert process.returncode == 0, error
    records = Path(json.loads(out.strip().splitlines()[-1])["results"]).parent
    tables = [
        p for p in records.rglob("*") if p.suffix in (".csv", ".json", ".jsonl", ".parquet") and p.name not in TIMED
    ]
    assert len(tables) > 20
    return digests(store) | {f"records {p.relative_to(records)}": file_digest(p) for p in tables}


@pytest.mark.slow
@pytest.mark.parametrize("settings", [TINY, MICRO], ids=["tiny", "micro"])
def test_a_quickstart_ends_in_equal_bytes_whatever_the_threads_and_jobs(settings: dict, tmp_path: Path) -> None:
    found = {name: ran(tmp_path / name, settings, options) for name, options in RUNS.items()}
    if settings is MICRO:
        steps = [row for path in (tmp_path / "one").glob("rl*/**/metrics.jsonl") for row in read_metrics(path)]
        assert len(steps) == 4
        assert any(row["rl/grad_norm"] > 0 for row in steps)  # it learned from something
    for name, other in found.items():
        assert {
            key for key in other.keys() | found["one"].keys() if other.get(key) != found["one"].get(key)
        } == set(), name
