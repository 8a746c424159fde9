"""What a store holds: 1 listed, shown, compared, found by the beginning of an address; 2 cleaned of what no study refers
to and of what was left unfinished, never of what runs; 3 what is wrong is one line."""

import json
import os
import subprocess
import sys
import time

import pytest
from steps import step
from typer.testing import CliRunner

from interplay.cli import app
from interplay.run_study import counting_on
from interplay.stages.diff import differences
from interplay.stages.lock import hold
from interplay.stages.store import collect, delete, entries, find, garbage, studies_of

DAY_S = 86_400


@pytest.fixture
def store(tmp_path):
    """Done, failed, and done without a study; `studies/one` refers to the first two."""
    done, failed, stray = step(tmp_path, "done"), step(tmp_path, "failed", "fail"), step(tmp_path, "stray")
    for stage in (done, stray):
        stage.run()
    with pytest.raises(RuntimeError):
        failed.run()
    with counting_on([done, failed], tmp_path / "studies" / "one", "interplay run one"):
        pass
    return tmp_path


def ask(*words):
    return CliRunner().invoke(app, ["store", *words])


def by_label(store):
    return {entry.label: entry for entry in entries(store)}


def age(folder, seconds):
    for path in (folder, *folder.rglob("*")):
        os.utime(path, times=(time.time() - seconds,) * 2, follow_symlinks=False)


def test_ls_tells_state_attempts_and_the_studies_that_use_a_stage(store):
    rows = {row["label"]: row for row in json.loads(ask("ls", "--store", str(store), "--json").stdout)}
    assert {label: row["state"] for label, row in rows.items()} == {
        "done": "done",
        "failed": "partial",
        "stray": "done",
    }
    assert {label: row["studies"] for label, row in rows.items()} == {"done": ["one"], "failed": ["one"], "stray": []}
    assert all(row["attempts"] == 1 and row["bytes"] > 0 for row in rows.values())
    with hold(by_label(store)["failed"].folder):
        assert by_label(store)["failed"].state == "running"
    table = ask("ls", "--store", str(store)).stdout.splitlines()
    assert len([line for line in table if line.startswith("step/")]) == 3


def test_show_and_diff_take_the_beginning_of_an_address(store):
    a, b = by_label(store)["done"], by_label(store)["failed"]
    shown = json.loads(ask("show", a.address[:9], "--store", str(store), "--json").stdout)
    assert (shown["address"], shown["summary"]["name"], shown["studies"]) == (a.address, "done", ["one"])
    assert shown["identity"]["config"] == {"does": "write"}
    short = ask("show", a.address.split("/")[1], "--store", str(store)).stdout
    assert "label: done" in short
    assert "identity" not in short.replace("its whole identity", "")
    assert "identity: {" in ask("show", a.address.split("/")[1], "--all", "--store", str(store)).stdout
    said = ask("diff", a.address, b.address, "--store", str(store)).stdout
    assert said.splitlines() == ['config.does: "write" -> "fail"', 'name: "done" -> "failed"']
    told = json.loads(ask("diff", a.address, b.address, "--store", str(store), "--json").stdout)
    assert told["fields"] == {"name": ["done", "failed"], "config.does": ["write", "fail"]}


def test_differences_name_fields_elements_kinds_and_what_is_absent():
    a = {"address": "x/0", "c": {"lr": 0.1, "ops": [1, 2], "gone": 1}, "start": {"kind": "pretrain", "seed": 0}}
    b = {"address": "x/1", "c": {"lr": 0.2, "ops": [1, 3], "new": 1}, "start": {"kind": "rl", "steps": 5}}
    assert list(map(str, differences(a, b))) == [
        "c.lr: 0.1 -> 0.2", "c.ops[1]: 2 -> 3", "c.gone: 1 -> absent", "c.new: absent -> 1",
        'start.kind: "pretrain" -> "rl"',
    ]  # fmt: skip


def test_gc_lists_and_deletes_only_when_told_to(store):
    listed = ask("gc", "--store", str(store))
    assert listed.stdout.splitlines()[0].endswith("would go: no study refers to it")
    assert len(entries(store)) == 3
    assert ask("gc", "--store", str(store), "--yes").exit_code == 0
    assert set(by_label(store)) == {"done", "failed"}
    age(by_label(store)["failed"].folder, 2 * DAY_S)
    age(by_label(store)["done"].folder, 2 * DAY_S)
    assert ask("gc", "--store", str(store), "--yes", "--partial-hours", "24").exit_code == 0
    assert set(by_label(store)) == {"done"}
    assert not list(store.glob("*/.staging-*"))


def test_gc_never_takes_what_a_run_holds(store):
    for entry in entries(store):
        age(entry.folder, 2 * DAY_S)
    stray, failed = by_label(store)["stray"], by_label(store)["failed"]
    with hold(stray.folder), hold(failed.folder):
        assert garbage(store, 1.0) == []
        assert not delete(stray.folder)
    assert {item.entry.label for item in garbage(store, 1.0)} == {"stray", "failed"}


def test_gc_keeps_a_stage_that_a_run_began_to_count_on_after_it_was_listed(store):
    (item,) = garbage(store, 24.0)
    stray = step(store, "stray")
    with counting_on([stray], store / "studies" / "late", "interplay run late"):
        assert not collect(store, item.entry, 24.0)
        assert stray.cached
        assert isinstance(ask("drop", "late", "--store", str(store)).exception, ValueError)
    assert ask("drop", "late", "--store", str(store)).exit_code == 0
    assert collect(store, item.entry, 24.0)


def test_a_run_waits_for_a_deletion_before_it_looks_what_is_there(store):
    """The deletion and the look of another process, in either order, never between each other."""
    with hold(store / "studies"):
        program = (
            "import sys; from pathlib import Path; from steps import step; from interplay.run_study import counting_on\n"
            "store = Path(sys.argv[1]); stage = step(store, 'stray'); print('begins', flush=True)\n"
            "with counting_on([stage], store / 'studies' / 'late', ''):\n    print(stage.cached)\n"
        )
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        words = [sys.executable, "-c", program, str(store)]
        other = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)
        assert other.stdout.readline() == "begins\n"
        time.sleep(0.2)
        (item,) = garbage(store, 24.0)
        assert collect(store, item.entry, 24.0)
    assert other.communicate(timeout=60)[0] == "False\n"


def test_a_finished_study_refers_to_its_stages_by_its_records_too(store):
    stray = by_label(store)["stray"].address
    (store / "studies" / "two").mkdir()
    (store / "studies" / "two" / "study.json").write_text(json.dumps({"arms": [{"stages": [{"address": stray}]}]}))
    assert studies_of(store)[stray] == ["two"]
    (store / "studies" / "two" / "study.json").write_text("{")
    with pytest.raises(ValueError, match="cannot be read"):
        garbage(store, 1.0)


def test_what_is_not_there_is_one_line(store):
    with pytest.raises(ValueError, match="no stage 'rl/ffff' in the store"):
        find(entries(store), "rl/ffff")
    with pytest.raises(ValueError, match="ambiguous"):
        find(entries(store), "step/")
    program = "from interplay.cli import main; main()"
    command = [sys.executable, "-c", program, "store", "ls", "--store", str(store / "nowhere")]
    failed = subprocess.run(command, capture_output=True, text=True)
    assert (failed.returncode, failed.stderr) == (2, f"error: no such store: {store / 'nowhere'}\n")
