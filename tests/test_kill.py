"""Kill the process in the middle of pre-training and of RL; the same command ends in the bytes of an uninterrupted run."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from interplay.manifest import file_digest

SETTINGS = {
    "pretrain.tokens": 120_000, "midtrain.tokens": 20_000, "rl.steps": 12, "rl.prompts": 8, "rl.group": 8,
    "rl.reward.kind": "process", "problems": 10, "samples": 4, "ks": "1,4", "tokenizer.documents": 300,
}  # fmt: skip


def command(store):
    settings = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    program = "from interplay.cli import main; main()"
    options = ["--store", str(store), "--threads", "1", "--save-seconds", "0.2"]
    return [sys.executable, "-c", program, "run", "quickstart", *options, *settings]


def start(store):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command(store), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )


def kill_when(process, store, pattern):
    """kill -9 as soon as a resume checkpoint of that stage is on disk and a little more was done."""
    while process.poll() is None:
        if list(Path(store).glob(pattern)):
            time.sleep(0.5)
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.01)
    return False


def digests(store):
    """Digest of every published checkpoint and rollout table, by stage folder."""
    names = ("**/checkpoints/*/model.safetensors", "**/rollouts.parquet", "**/samples.parquet")
    return {str(p.relative_to(store)): file_digest(p) for name in names for p in Path(store).glob(name)}


@pytest.mark.slow
def test_kill_in_pretraining_and_in_rl_ends_in_the_same_bytes(tmp_path):
    straight = start(tmp_path / "straight")
    assert straight.wait() == 0
    for pattern in ("*PretrainStage*/*/resume/step-*", "*RLStage*/*/resume/step-*"):
        process = start(tmp_path / "cut")
        assert kill_when(process, tmp_path / "cut", pattern), "the stage ended before it could be killed"
    last = start(tmp_path / "cut")
    out, _ = last.communicate()
    assert last.returncode == 0
    assert json.loads(out.splitlines()[-1])["cached_stages"]
    found = digests(tmp_path / "straight")
    kinds = Counter(Path(name).name for name in found)
    assert kinds["rollouts.parquet"] == 2
    assert kinds["samples.parquet"] == 4 + 1  # the evaluations' and the explorer's
    assert kinds["model.safetensors"] > 4  # the last of each stage, and those on the grid of pre-training
    assert digests(tmp_path / "cut") == found
