"""Real studies side by side: 1 workers and several runs of one store end in the bytes of one run after another, 2 Ctrl-C
ends the workers, and the same command goes on, 3 a failed stage is one line and exit code 1."""

import json
import signal
import time
from pathlib import Path

import pytest
from tiny_study import TOO_WIDE, digests, start

from interplay.stages.store import entries
from tiny_settings import TINY

ONE_THREAD = ("--threads", "1")


def outcome(process):
    out, said = process.communicate()
    assert process.returncode == 0, said
    return json.loads(out.splitlines()[-1])


def alive(process):
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().split(") ")[-1][0] != "Z"


@pytest.mark.slow
def test_workers_and_two_runs_at_once_end_in_the_bytes_of_one_run(tmp_path):
    outcome(start(tmp_path / "one", TINY, *ONE_THREAD))
    outcome(start(tmp_path / "workers", TINY, *ONE_THREAD, "--jobs", "2"))
    both = [start(tmp_path / "both", TINY, *ONE_THREAD) for _ in range(2)]
    did = [outcome(process)["run_stages"] for process in both]
    assert len(did[0]) + len(did[1]) == len({*did[0], *did[1]}) == 9
    assert all(entry.attempts == 1 for entry in entries(tmp_path / "both"))
    expected = digests(tmp_path / "one")
    assert len(expected) >= 4 + 2 + 4 + 3  # models, rollouts, evaluations, tables
    assert digests(tmp_path / "workers") == expected
    assert digests(tmp_path / "both") == expected


@pytest.mark.slow
def test_an_interrupt_ends_the_workers_and_the_same_command_goes_on(tmp_path):
    options = (*ONE_THREAD, "--jobs", "2", "--save-seconds", "0.2")
    settings = TINY | {"pretrain.tokens": 400_000}
    cut = start(tmp_path, settings, *options)
    while not (begun := list(tmp_path.glob("pretrain/*/resume/step-*"))):
        assert cut.poll() is None, cut.communicate()[1]
        time.sleep(0.05)
    worker = json.loads((begun[0].parents[1] / "attempts.jsonl").read_text())["process"]
    cut.send_signal(signal.SIGINT)
    said = cut.communicate()[1]
    assert cut.returncode == 130
    assert said.splitlines()[-1].startswith("interrupted")
    assert not alive(worker)
    outcome(start(tmp_path, settings, *options))
    base = next(entry for entry in entries(tmp_path) if entry.kind == "pretrain")
    assert base.attempts == 2
    assert base.summary["resumed_at_step"] > 0


@pytest.mark.slow
def test_a_failed_stage_is_one_line_with_its_log(tmp_path):
    failing = start(tmp_path, TINY | TOO_WIDE, *ONE_THREAD, "--jobs", "2")
    said = failing.communicate()[1].splitlines()
    assert failing.returncode == 1
    assert said[-1].startswith("error: stage pretrain/")
    log = next(entry.folder for entry in entries(tmp_path) if entry.kind == "pretrain") / "log.txt"
    assert str(log) in said[-1]
    assert "Traceback" in log.read_text()
