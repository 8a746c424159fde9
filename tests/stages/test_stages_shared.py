"""Real stages on two places of a CPU: RL and evaluation on two processes are those of one.

Rollouts, samples and tables are the same bytes. Weights agree up to the order of a sum: see the tests of each kind of stage.
"""

import json

import pytest
from safetensors.torch import load_file
from tiny_study import digests, start

from interplay.stages.store import entries
from tiny_settings import TINY

pytestmark = pytest.mark.slow
TWO = (
    "--devices",
    "2",
    "--device",
    "cpu",
    "--threads",
    "1",
    "--resources",
    "rl.gpus=2",
    "--resources",
    "evaluate.gpus=2",
)


def done(process):
    out, said = process.communicate()
    assert process.returncode == 0, said[-2000:]
    return json.loads(out.splitlines()[-1])


def same(one, other):
    """What text and verdicts are made of is equal, and weights nearly."""
    ours, theirs = digests(one), digests(other)
    assert ours.keys() == theirs.keys()
    for name, digest in ours.items():
        if name.startswith("rl/") and name.endswith(".safetensors"):
            weights, others = load_file(one / name), load_file(other / name)
            for key, tensor in weights.items():
                assert (tensor - others[key]).abs().max() <= 1e-3 * tensor.abs().max(), key
        else:
            assert theirs[name] == digest, name


def test_stages_on_two_processes_are_those_of_one(tmp_path):
    done(start(tmp_path / "one", TINY, "--threads", "1"))
    done(start(tmp_path / "two", TINY, *TWO))
    assert {e.summary["processes"] for e in entries(tmp_path / "two") if e.kind in ("rl", "evaluate")} == {2}
    same(tmp_path / "one", tmp_path / "two")
