"""Stages as SLURM jobs, on a real cluster: `tests/slurm/setup.sh` makes one of this machine.

1 a study ends in the bytes of a run on one machine; 2 a job that is warned, requeued or cancelled goes on from the
stage's checkpoint, and its bytes are the same; 3 what SLURM refuses is one line.
"""

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from tiny_study import LONGER, TOO_WIDE, digests, start

from interplay.stages.store import entries
from tiny_settings import TINY

SMALL = ("--cluster", "slurm", "--threads", "1", "--resources", "cpus=1", "--resources", "mem_gb=2")


def reachable():
    return bool(shutil.which("sbatch")) and subprocess.run(["sinfo"], capture_output=True).returncode == 0


pytestmark = [pytest.mark.slurm, pytest.mark.skipif(not reachable(), reason="no SLURM to submit to")]


def interrupt(process, store, kind, *command):
    """Run a SLURM command on the first running job of a kind that has saved something to go on from."""
    while process.poll() is None:
        if list(Path(store).glob(f"{kind}/*/resume/step-*")):
            running = subprocess.check_output(["squeue", "-h", "-t", "R", "-o", "%A %j"], text=True)
            if found := re.search(rf"(\d+) {kind}-", running):
                subprocess.run([*command, found[1]], check=True)
                return
        time.sleep(0.05)
    raise AssertionError(f"the run ended before {kind} could be interrupted: {process.communicate()[1]}")


def test_jobs_that_are_warned_requeued_and_cancelled_end_in_the_bytes_of_one_machine(tmp_path):
    saving = ("--save-seconds", "0.2")
    straight = start(tmp_path / "straight", LONGER, "--threads", "1", *saving)
    assert straight.wait() == 0
    cut = start(tmp_path / "cut", LONGER, *SMALL, *saving)
    interrupt(cut, tmp_path / "cut", "pretrain", "scancel", "--signal=USR2")  # as before a time limit
    interrupt(cut, tmp_path / "cut", "midtrain", "scontrol", "requeue")  # as when preempted
    interrupt(cut, tmp_path / "cut", "rl", "scancel")  # as when a node is lost
    _, said = cut.communicate()
    assert cut.returncode == 0, said
    assert "ended without a result" in said
    again = {entry.kind for entry in entries(tmp_path / "cut") if entry.attempts == 2}
    assert again == {"pretrain", "midtrain", "rl"}
    resumed = [entry.summary["resumed_at_step"] for entry in entries(tmp_path / "cut") if entry.attempts == 2]
    assert all(step > 0 for step in resumed)
    assert digests(tmp_path / "cut") == digests(tmp_path / "straight")


def test_a_job_that_fails_and_one_that_is_refused_are_one_line_each(tmp_path):
    failing = start(tmp_path, TINY | TOO_WIDE, *SMALL)
    _, said = failing.communicate()
    assert failing.returncode == 1
    assert "failed: " in said
    assert said.splitlines()[-1].startswith("error: stage pretrain/")
    refused = start(tmp_path / "refused", TINY, *SMALL, "--resources", "partition=nowhere")
    _, said = refused.communicate()
    assert refused.returncode == 2
    assert "Invalid partition" in said.splitlines()[-1]
