"""The campaign of tests/torture, shortened: a trial or more of each kind, nothing at fault. `make torture` is the long one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

QUICK = (
    "kill -9", "signal", "file size limit", "chmod 000", "damage", "hostile strings", "hostile copies", "hostile rows",
    "hostile context", "hostile study file", "hostile checkpoint",
)  # fmt: skip


def campaign(tmp_path, *options):
    """Its JSON."""
    tests = Path(__file__).parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tests), *sys.path]), "OMP_NUM_THREADS": "1"}
    out = tmp_path / "torture.json"
    words = [sys.executable, "-m", "torture", "--out", str(out), *options]
    ended = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert out.exists(), ended.stderr[-2000:]
    found = json.loads(out.read_text())
    assert found["faults"] == []
    assert ended.returncode == 0
    assert found["compared_files"] > 100
    return {row["kind"] for row in found["table"]}


def test_a_trial_of_each_quick_kind_finds_nothing(tmp_path):
    assert campaign(tmp_path, "--rounds", "1", "--short", "--only", ";".join(QUICK)) == set(QUICK)


@pytest.mark.slow
def test_a_trial_of_every_kind_finds_nothing(tmp_path):
    kinds = campaign(tmp_path, "--rounds", "1")
    assert kinds > {*QUICK, "signal, --jobs 2", "lost worker", "8 at once", "gc beside a run"}
