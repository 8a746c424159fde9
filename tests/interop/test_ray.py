"""Stages as tasks of a Ray cluster, on a real one of this machine: a head without a CPU and two nodes of one CPU each.

1 both nodes work at once; 2 a study whose task is killed and whose node is lost ends in the bytes of one machine; 3 a signal
ends the tasks, and the same command goes on; 4 a stage that fails, one that no node is large enough for, and a cluster that is
not there are one line each.
"""

import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))

from tiny_study import TOO_WIDE, digests, start

from interplay.stages.store import entries
from tiny_settings import TINY

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed"),
]
SMALL = ("--cluster", "ray", "--threads", "1", "--resources", "cpus=1", "--resources", "mem_gb=1")
CUT = TINY | {"pretrain.tokens": 100_000, "midtrain.tokens": 100_000}  # long enough to be cut there
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",  # the nodes listen: to nobody but these tests
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_raylet_start_wait_time_s": "40",
    "PYTHONPATH": os.pathsep.join(sys.path),
}
MEETING = """
import sys
from pathlib import Path
from steps import names, step
from interplay.stages.display import Display
from interplay.stages.ray import Ray
from interplay.stages.resources import Resources
from interplay.stages.room import Room
from interplay.stages.run_stages import run_stages

cpus, expected = int(sys.argv[2]), sys.argv[3]
executor = Ray({"step": Resources(cpus=cpus, mem_gb=1)}, Room(8), threads=1, repetitions=0, node_wait_s=WAIT)
stages = [step(Path(sys.argv[1]), name, "meet") for name in ("here", "there")]
ran = run_stages(stages, executor, Display(2, live=False))
assert names(ran, stages) == {expected: {"here", "there"}}, ran
print(*(end.error for end in ran.failed), sep=chr(10))
executor.stop()
"""


class Cluster:
    """Nodes of this machine, each as `ray start` makes it; they end with the process that started them."""

    def __init__(self, folder: str) -> None:
        self.folder, self.address, self.started = folder, "", []

    def start(self) -> None:
        """The head and two nodes."""
        with socket.socket() as probe:
            probe.bind(("", 0))
            port = probe.getsockname()[1]
        said = self._start(
            "--head", f"--port={port}", "--num-cpus=0", "--include-dashboard=false", f"--temp-dir={self.folder}"
        )
        self.address = re.search(r"Local node IP: (\S+)", said)[1] + f":{port}"
        self.node()
        self.node()

    def node(self) -> None:
        """One more node of one CPU."""
        self._start(f"--address={self.address}", "--num-cpus=1")

    def stop(self) -> None:
        """All of them, each with what it started: a node's agents outlive a node that is killed."""
        for process in self.started:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, *words: str) -> str:
        """What it said. Ray gives the parts of a node 15 s to come up, which no setting moves: a busy machine takes tries."""
        program = "from ray.scripts.scripts import main; main()"
        size = (f"--memory={4 * 2**30}", f"--object-store-memory={80 * 2**20}")
        command = [sys.executable, "-c", program, "start", "--block", "--disable-usage-stats", *words, *size]
        for _ in range(10):
            self.started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True))
            said = ""
            for line in self.started[-1].stdout:
                said += line
                if "Ray runtime started" in line:
                    return said
        raise AssertionError("no node of Ray came up")


@pytest.fixture(scope="module")
def cluster():
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # the path of a socket must be short
    with pytest.MonkeyPatch.context() as patched:
        for name, value in ENVIRONMENT.items():
            patched.setenv(name, value)
        made = Cluster(folder)
        try:
            made.start()
            patched.setenv("RAY_ADDRESS", made.address)
            yield made
        finally:
            made.stop()
    shutil.rmtree(folder, ignore_errors=True)


def process_of(store, kind):
    """The process of a stage that has saved something to go on from; the newest."""
    for saved in Path(store).glob(f"{kind}/*/resume/step-*"):
        attempts = (saved.parents[1] / "attempts.jsonl").read_text().splitlines()
        return json.loads(attempts[-1])["process"]
    return None


def saving(process, store, kind):
    """Waits for such a stage of a run that goes on."""
    while process.poll() is None:
        if (found := process_of(store, kind)) is not None:
            return found
        time.sleep(0.05)
    raise AssertionError(f"the run ended before {kind} had saved anything: {process.communicate()[1]}")


def node_of(process):
    """The node's own process, whose child a task's is."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def meet(store, cpus, expected, wait_s):
    """Lines of what failed when two stages that wait for each other ran."""
    program = MEETING.replace("WAIT", str(wait_s))
    words = [sys.executable, "-c", program, str(store), str(cpus), expected]
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def test_both_nodes_work_at_once(cluster, tmp_path):
    """Of one CPU each, so two stages that wait for each other are on two."""
    assert meet(tmp_path, 1, "ran", wait_s=60) == [""]


def test_what_no_node_has_is_waited_for_and_then_said(cluster, tmp_path):
    said = meet(tmp_path, 3, "failed", wait_s=2)
    assert len(said) == 2
    assert all(line.startswith("no node of the Ray cluster has 3 CPUs, 0 GPUs and 1 GB; up are ") for line in said)


def test_a_study_that_loses_a_task_and_a_node_ends_in_the_bytes_of_one_machine(cluster, tmp_path):
    often = ("--save-seconds", "0.2")
    straight = start(tmp_path / "straight", CUT, "--threads", "1", *often)
    assert straight.wait() == 0
    cut = start(tmp_path / "cut", CUT, *SMALL, *often)
    os.kill(node_of(saving(cut, tmp_path / "cut", "pretrain")), signal.SIGKILL)
    cluster.node()
    os.kill(saving(cut, tmp_path / "cut", "midtrain"), signal.SIGKILL)
    _, said = cut.communicate()
    assert cut.returncode == 0, said
    assert " ".join(said.split()).count("its task ended without a result") == 2, said  # lines are wrapped
    again = {entry.kind: entry.summary["resumed_at_step"] for entry in entries(tmp_path / "cut") if entry.attempts == 2}
    assert set(again) == {"pretrain", "midtrain"}
    assert all(at > 0 for at in again.values())
    assert digests(tmp_path / "cut") == digests(tmp_path / "straight")


def test_a_signal_ends_the_tasks_and_the_same_command_goes_on(cluster, tmp_path):
    cut = start(tmp_path, CUT, *SMALL, "--save-seconds", "0.2")
    task = saving(cut, tmp_path, "pretrain")
    cut.send_signal(signal.SIGTERM)
    said = cut.communicate()[1]
    assert cut.returncode == 143, said
    assert said.splitlines()[-1].startswith("stopped by SIGTERM")
    while Path(f"/proc/{task}").exists():
        time.sleep(0.05)
    again = start(tmp_path, CUT, *SMALL)
    _, said = again.communicate()
    assert again.returncode == 0, said
    base = next(entry for entry in entries(tmp_path) if entry.kind == "pretrain")
    assert (base.attempts, base.summary["resumed_at_step"] > 0) == (2, True)


def test_what_fails_and_a_cluster_that_is_not_there_are_one_line_each(cluster, tmp_path, monkeypatch):
    failing = start(tmp_path, TINY | TOO_WIDE, *SMALL)
    _, said = failing.communicate()
    assert failing.returncode == 1, said
    assert said.splitlines()[-1].startswith("error: stage pretrain/")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    nowhere = start(tmp_path / "nowhere", TINY, *SMALL)
    _, said = nowhere.communicate()
    assert nowhere.returncode == 2, said
    assert said.splitlines()[-1].startswith("error: Ray at 127.0.0.1:9 is not reached: ")
