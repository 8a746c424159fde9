"""Runs of a graph: 1 each stage once and in order, 2 a failure takes along only what depends on it, 3 several runs of
one store do nothing twice, 4 the lock of a folder outlives the folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from steps import diamond, names, step

from interplay.stages.display import Display, last_line
from interplay.stages.environment import environment
from interplay.stages.execute import Here
from interplay.stages.lock import hold, is_held, try_hold
from interplay.stages.room import Room
from interplay.stages.run_stages import run_stages
from interplay.stages.store import entries
from interplay.stages.workers import Workers


def run(stages, executor):
    try:
        return run_stages(stages, executor, Display(len(stages), live=False), poll_s=0.05)
    finally:
        executor.stop()


def attempts(store):
    return {entry.label: entry.attempts for entry in entries(store)}


def test_each_stage_runs_once_and_then_is_there(tmp_path):
    first, again = (run(stages := diamond(tmp_path), Here()) for _ in range(2))
    assert len(first.ran) == 5
    assert first.ran[0] == stages[0].address
    assert names(again, stages) == {"cached": {"root", "left", "right", "end", "apart"}}
    assert set(attempts(tmp_path).values()) == {1}


def test_a_failure_here_passes_through_and_leaves_what_was_done(tmp_path):
    with pytest.raises(RuntimeError, match="asked to fail"):
        run(diamond(tmp_path, left="fail"), Here())
    assert diamond(tmp_path)[0].cached


def test_workers_finish_what_does_not_depend_on_a_failure_or_a_death(tmp_path):
    stages = diamond(tmp_path, left="fail", right="die")
    ran = run(stages, Workers(Room(2), threads=1))
    assert names(ran, stages) == {"ran": {"root", "apart"}, "failed": {"left", "right"}, "skipped": {"end"}}
    errors = {ended.stage.name: ended for ended in ran.failed}
    assert errors["left"].error == "RuntimeError: left was asked to fail"
    assert "and says more" in Path(errors["left"].log).read_text()
    assert "SIGKILL" in errors["right"].error
    assert last_line(stages[0].folder / "log.txt") == "root was here"


def test_two_runs_of_one_store_do_no_stage_twice(tmp_path):
    command = [sys.executable, str(Path(__file__).with_name("steps.py")), str(tmp_path)]
    runs = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[1] for process in runs]
    assert [process.returncode for process in runs] == [0, 0], said
    assert attempts(tmp_path) == {"root": 1, "left": 1, "right": 1, "end": 1, "apart": 1}
    assert all(stage.cached for stage in diamond(tmp_path, "wait-0.5", "wait-0.5"))


def test_a_stage_that_another_run_holds_is_waited_for_and_taken_from_the_store(tmp_path):
    stage = step(tmp_path, "alone")
    program = (
        "import sys, time; from interplay.stages.lock import hold; from steps import step\n"
        "stage = step(sys.argv[1], 'alone')\n"
        "with hold(stage.folder):\n  print('held', flush=True); sys.stdin.readline(); stage.run()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert other.stdout.readline() == "held\n"
    told = Display(1, live=False)
    told.elsewhere = lambda stage: other.stdin.closed or other.communicate("go\n")
    ran = run_stages([stage], Here(), told, poll_s=0.05)
    assert (ran.cached, ran.ran) == ([stage.address], [])
    assert attempts(tmp_path) == {"alone": 1}


def test_a_folder_is_held_once_and_free_again_whatever_happens(tmp_path):
    folder = tmp_path / "stage"
    with try_hold(folder) as held:
        assert not held
    with hold(folder), hold(folder), try_hold(folder) as held:
        assert not held
        look = (
            "import sys, pathlib; from interplay.stages.lock import is_held; print(is_held(pathlib.Path(sys.argv[1])))"
        )
        assert subprocess.check_output([sys.executable, "-c", look, str(folder)], text=True) == "True\n"
    assert not is_held(folder)
    with try_hold(folder) as held:
        assert held


def test_whoever_waits_for_a_folder_that_is_deleted_holds_a_new_one(tmp_path):
    folder = tmp_path / "stage"
    program = (
        "import sys; from pathlib import Path; from interplay.stages.lock import hold; print('up', flush=True)\n"
        "with hold(Path(sys.argv[1])) as folder: print((folder / '.lock').exists(), flush=True)\n"
    )
    with hold(folder):
        other = subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True)
        assert other.stdout.readline() == "up\n"
        folder.rename(tmp_path / "deleted")
    assert other.communicate()[0] == "True\n"


def test_the_environment_is_put_back(monkeypatch):
    monkeypatch.setenv("WAS", "1")
    with environment({"WAS": "2", "NEW": "3"}):
        assert (os.environ["WAS"], os.environ["NEW"]) == ("2", "3")
    assert os.environ["WAS"] == "1"
    assert "NEW" not in os.environ
