"""`interplay eval` from outside: killed with -9 or shared by two processes, it ends in the bytes of one straight run."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interplay.evals.parts import do_parts, merge
from interplay.rank import ALONE, Share, share_of_environment

TABLES = ("problems.parquet", "samples.parquet", "gold.parquet")


@pytest.fixture
def parts(tmp_path):
    return [tmp_path / f"{number}.parquet" for number in range(5)]


def begin(number):
    return lambda: pa.table({"number": pa.array([number], pa.int32())})


def numbers(parts, path):
    merge(parts, path)
    return pq.read_table(path)["number"].to_pylist()


def silent(done, **shown):
    pass


@pytest.mark.parametrize("overlap", [False, True])
def test_two_shares_make_every_part_once_and_the_first_waits(parts, tmp_path, overlap):
    made = []

    def counted(number):
        made.append(number)
        return begin(number)

    first = threading.Thread(target=do_parts, args=(parts, counted, silent), kwargs={"share": Share(0, 2)})
    first.start()
    time.sleep(0.3)
    assert first.is_alive()
    do_parts(parts, counted, silent, share=Share(1, 2), overlap=overlap)
    first.join(20)
    assert sorted(made) == [0, 1, 2, 3, 4]
    assert numbers(parts, tmp_path / "all.parquet") == [0, 1, 2, 3, 4]


def test_parts_of_a_process_that_never_comes_are_made_by_the_first(parts, tmp_path):
    do_parts(parts, begin, silent, share=Share(0, 2), patience_s=0.2)
    assert numbers(parts, tmp_path / "all.parquet") == [0, 1, 2, 3, 4]


def test_the_share_is_read_from_the_launcher(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    assert share_of_environment() == ALONE
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert share_of_environment() == Share(2, 3)
    monkeypatch.setenv("RANK", "3")
    with pytest.raises(ValueError, match="RANK the smaller, got '3' and '3'"):
        share_of_environment()


# Small chunks, so that there is a middle to be cut in.
PROGRAM = """
import interplay.evals.evaluate as e, interplay.evals.nll as n
e.CHUNK_SAMPLES, n.CHUNK_PROBLEMS = 8, 4
if __name__ == "__main__":
    from interplay.cli import main
    main()
"""


@pytest.fixture
def command(checkpoint, rows_file, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)

    def command(out, *options):
        settings = ["--samples", "4", "--k", "1,4", "--max-new-tokens", "200", "--threads", "1", *options]
        return [str(program), "eval", str(checkpoint), "--data", str(rows_file), "--out", str(out), *settings]

    return command


def run(arguments):
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def tables(folder):
    return [(folder / name).read_bytes() for name in TABLES]


@pytest.mark.slow
def test_kill_9_and_again_gives_the_tables_of_an_uninterrupted_run(command, tmp_path):
    printed = json.loads(run(command(tmp_path / "straight")).splitlines()[-1])
    assert {"pass_at_k", "gold", "gold_cells"} <= set(printed)
    for parts_done, options in ((1, ()), (3, ("--verify-workers", "1"))):
        process = subprocess.Popen(
            [sys.executable, *command(tmp_path / "cut", *options)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        while process.poll() is None and len(list((tmp_path / "cut" / "parts").glob("0*"))) < parts_done:
            time.sleep(0.002)
        assert process.poll() is None, "the evaluation ended before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "cut" / "samples.parquet").exists()
        time.sleep(1.0)
        assert not descendants(process.pid), "a killed evaluation left workers behind"
    run(command(tmp_path / "cut"))
    assert tables(tmp_path / "cut") == tables(tmp_path / "straight")
    assert not list((tmp_path / "cut").glob("*.parquet.*"))


def descendants(session):
    """Processes of a session that are still there (Linux; elsewhere none are seen)."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            state, _, _, own_session = file.read_text().rpartition(")")[2].split()[:4]
            if int(own_session) == session and state != "Z":
                found.append(file.parent.name)
    return found


@pytest.mark.slow
def test_two_processes_give_the_tables_of_one(command, tmp_path):
    run(command(tmp_path / "one"))
    launcher = ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1"]
    printed = run([*launcher, "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0",
                   *command(tmp_path / "two")])  # fmt: skip
    assert len([line for line in printed.splitlines() if line.startswith("{")]) == 1
    assert tables(tmp_path / "two") == tables(tmp_path / "one")


@pytest.mark.slow
def test_the_command_line_is_a_module_too():
    done = subprocess.run([sys.executable, "-m", "interplay.cli", "eval", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "accelerate launch" in done.stdout
