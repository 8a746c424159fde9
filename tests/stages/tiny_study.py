"""The command line of a small quickstart, and what two stores of it must have in common."""

import os
import subprocess
import sys
from pathlib import Path

from interplay.manifest import file_digest

TOO_WIDE = {
    "train.packing.width": 4096,
    "train.batch_tokens": 65536,
}  # pre-training fails: its model has fewer positions
# long enough to be cut in each kind of stage
LONGER = {
    "pretrain.tokens": 120_000, "midtrain.tokens": 60_000, "rl.steps": 12, "rl.prompts": 8, "rl.group": 8,
    "rl.reward.kind": "process", "problems": 10, "samples": 4, "ks": "1,4", "tokenizer.documents": 300,
}  # fmt: skip


def command(store, settings, *options):
    changes = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    program = "from interplay.cli import main; main()"
    return [sys.executable, "-c", program, "run", "quickstart", "--store", str(store), *options, *changes]


def start(store, settings, *options):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command(store, settings, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def digests(store):
    """Digest of every published checkpoint, rollout table, evaluation and tidy table, by place in the store."""
    names = ("model.safetensors", "rollouts.parquet", "samples.parquet", "results.csv", "effects.csv", "curves.csv")
    return {str(p.relative_to(store)): file_digest(p) for name in names for p in Path(store).glob(f"**/{name}")}
