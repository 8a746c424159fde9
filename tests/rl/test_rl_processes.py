"""Several processes take the steps of one: the same problems, the same samples, the same checkpoint, also after a stop.

Two or four gloo processes differ from one in the order of one sum per gradient, and in which rows are sampled side by
side: last bits. AdamW divides nearly nothing by nearly nothing where a gradient is small, so the weights agree less than
the metrics.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from safetensors.torch import load_file

from interplay.train.metrics import read_metrics

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow
ON_CPU = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "true"}


def launch(processes, *arguments):
    """Run a script or module; its exit code and what it said."""
    command = [sys.executable]
    if processes > 1:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        where = ("--master_addr", "127.0.0.1", "--master_port", str(port))
        command += ["-m", "torch.distributed.run", "--nproc_per_node", str(processes), *where]
    done = subprocess.run([*command, *arguments], env=os.environ | ON_CPU, capture_output=True, text=True, timeout=240)
    return done.returncode, done.stdout + done.stderr


def tiny(folder, processes, **asked):
    return launch(processes, str(HERE / "run_tiny.py"), str(folder), json.dumps(asked))


def trained(folder, processes, **asked):
    code, said = tiny(folder, processes, **asked)
    assert code == 0, said[-3000:]
    return folder


def agree(one, other):
    """Steps, texts and verdicts are equal; metrics and weights up to the order of a sum."""
    ours, theirs = (pq.read_table(folder / "rollouts.parquet") for folder in (one, other))
    assert ours.equals(theirs)
    rows, other_rows = (read_metrics(folder / "metrics.jsonl") for folder in (one, other))
    assert len(rows) == len(other_rows) == 6
    for row, other_row in zip(rows, other_rows, strict=True):
        assert row.keys() == other_row.keys()
        for name in row:
            if not name.startswith("time/"):
                assert other_row[name] == pytest.approx(row[name], rel=1e-4, abs=1e-5), name
    summary, other_summary = (json.loads((folder / "summary.json").read_text()) for folder in (one, other))
    for name in ("checkpoint", "steps", "tokens", "best", "best_held_out"):
        assert summary.get(name) == other_summary.get(name)
    names = {path.name for path in (one / "checkpoints").iterdir()}
    assert names == {path.name for path in (other / "checkpoints").iterdir()}
    weights, other_weights = (load_file(f / summary["checkpoint"] / "model.safetensors") for f in (one, other))
    for name, tensor in weights.items():
        # a softmax does not see what is added to all keys alike, and slow rotary frequencies turn the bias of k hardly at
        # all: its gradient there is 1e-9 to 1e-11, some percent of it rounding in fp32, and Adam makes full steps of it
        least = 1e-6 if name.endswith("k_proj.bias") else 0.0
        assert (tensor - other_weights[name]).abs().max() <= 1e-3 * tensor.abs().max() + least, name


@pytest.mark.parametrize("case", ["everything", "edge_with_kl", "more_processes_than_groups"])
def test_two_processes_make_the_run_of_one(case, tmp_path):
    agree(trained(tmp_path / "one", 1, case=case), trained(tmp_path / "two", 2, case=case))
    if case == "edge_with_kl":
        edges = [(tmp_path / folder / "edge.json").read_text() for folder in ("one", "two")]
        assert edges[0] == edges[1]


def test_four_processes_make_the_run_of_one(tmp_path):
    agree(trained(tmp_path / "one", 1, case="everything"), trained(tmp_path / "four", 4, case="everything"))


def test_stopped_processes_go_on(tmp_path):
    code, _ = tiny(tmp_path / "cut", 2, case="everything", stop_after=5, save_seconds=1e-9)
    assert code != 0
    assert max(path.name for path in (tmp_path / "cut" / "resume").glob("step-*")) == "step-0000004"
    trained(tmp_path / "cut", 2, case="everything")
    assert json.loads((tmp_path / "cut" / "summary.json").read_text())["resumed_at_step"] == 4
    agree(trained(tmp_path / "one", 1, case="everything"), tmp_path / "cut")
