"""`benchmarks/gpu.sh` without a GPU: 1 it refuses; 2 a dry run walks every step to its end, and its figures are null; 3 the
study of --small can be planned, and the same path at toy size ends in its report."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]


def ran(out, *words):
    environment = os.environ | {"OUT": str(out), "PYTHON": sys.executable}
    return subprocess.run(
        ["bash", "benchmarks/gpu.sh", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def leaves(value):
    """What is in a JSON value, names apart."""
    if isinstance(value, dict | list):
        return [leaf for each in (value.values() if isinstance(value, dict) else value) for leaf in leaves(each)]
    return [value]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_what_else_there_is(tmp_path):
    refused = ran(tmp_path)
    assert (refused.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "--dry-run" in refused.stderr
    assert ran(tmp_path, "--tiny").returncode == 2


@pytest.mark.slow
def test_a_dry_run_ends_and_its_figures_are_null(tmp_path):
    dry = ran(tmp_path, "--dry-run")
    assert dry.returncode == 0, dry.stderr[-2000:]
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert set(found) == {"machine", "sample", "rl", "train", "tests"}
    assert found.pop("machine")["dry_run"]
    for name, step in found.items():
        assert "failed" not in step, name
        assert "partial" not in step, name
        assert step.pop("machine")["device"] == "cpu"
        assert not [leaf for leaf in leaves(step) if not isinstance(leaf, str | None)], name
    assert {"tokens_per_s", "ratio", "minutes_for_the_full_grid"} <= set(found["sample"])
    assert {"step_s", "update_s"} <= set(found["rl"]["step"])
    assert all("mfu_with_attention" in found["train"][rows] for rows in ("row", "document", "row_compiled"))
    assert "skipped" in found["tests"]["said"][-1]


@pytest.mark.slow
def test_the_cut_study_is_planned_and_its_path_ends_in_a_report(tmp_path):
    dry = ran(tmp_path, "--small", "--dry-run")
    assert dry.returncode == 0, dry.stderr[-2000:]
    plan = (tmp_path / "plan.txt").read_text()
    assert plan.startswith("quickstart at small")
    assert "100 problems x 32 samples" in plan
    ended = json.loads((tmp_path / "small.json").read_text().splitlines()[-1])
    assert Path(ended["report"]).is_file()
    assert len(ended["run_stages"]) == 9
