"""Runs of several gloo processes on the CPU, and what two runs of one config must have in common."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from safetensors.torch import load_file

from interplay.train.metrics import read_metrics

HERE = Path(__file__).parent
ON_CPU = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "true"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def say(command, settings=None):
    """Exit code of a command on CPU processes, and what it said."""
    done = subprocess.run(
        command, env=os.environ | ON_CPU | (settings or {}), capture_output=True, text=True, timeout=240
    )
    return done.returncode, done.stdout + done.stderr


def launch(folder, processes, settings=None, **asked):
    """Run the tiny script; its exit code and what it said."""
    command = [sys.executable]
    if processes > 1:
        where = ("--master_addr", "127.0.0.1", "--master_port", str(free_port()))
        command += ["-m", "torch.distributed.run", "--nproc_per_node", str(processes), *where]
    return say([*command, str(HERE / "run_tiny.py"), str(folder), json.dumps(asked)], settings)


def trained(folder, processes, settings=None, **asked):
    """Summary and losses of a run that must succeed."""
    code, said = launch(folder, processes, settings, **asked)
    assert code == 0, said[-3000:]
    return outcome(folder, processes)


def outcome(folder, processes):
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["processes"] == processes
    return summary, [row["train/loss"] for row in read_metrics(folder / "metrics.jsonl")]


def agree(folder, summary, other_folder, other):
    """Two runs served the same documents, counted the same work and published the same weights."""
    ours = load_file(folder / summary["checkpoint"] / "model.safetensors")
    theirs = load_file(other_folder / other["checkpoint"] / "model.safetensors")
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert (tensor - theirs[name]).abs().max() <= 1e-3 * tensor.abs().max(), name
    for key in ("documents", "real_tokens", "dropped_documents", "served", "flops", "nominal_flops", "tokens"):
        assert summary[key] == other[key], key
