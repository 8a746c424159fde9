"""No socket but one of this machine's own is opened unless asked: a process that cannot open any runs a study, an evaluation of
its checkpoint, and the report."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "stages"))
from tiny_study import command

from tiny_settings import TINY

PROGRAM = """
import socket, sys, json
from pathlib import Path

def refused(*words, **named):
    print("a socket was opened:", words, file=sys.stderr)
    raise OSError("no network in this test")

plain = socket.socket.connect
socket.socket.connect = lambda self, to: plain(self, to) if self.family == socket.AF_UNIX else refused(to)
socket.getaddrinfo = socket.create_connection = refused
from interplay.cli import main

def run(*words):
    sys.argv = ["interplay", *words]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise

store = Path(sys.argv[1])
run(*json.loads(sys.argv[2]))
problems = store / "problems.jsonl"
rows = __import__("interplay").dataset(context="zoo", op=2, n=2, seed=0, style="terse")
problems.write_text("".join(json.dumps(dict(row)) + "\\n" for row in rows))
checkpoint = sorted(store.glob("pretrain/*/checkpoints/step-*"))[-1]
run("eval", str(checkpoint), "--data", str(problems), "--samples", "1", "--max-new-tokens", "8", "--out", str(store / "eval"))
run("report", str(*store.glob("studies/quickstart-*")))
print("all three ended")
"""


@pytest.mark.slow
def test_a_study_an_evaluation_and_a_report_open_no_socket(tmp_path):
    import json

    words = command(tmp_path, TINY, "--threads", "1")[3:]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), json.dumps(words)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stdout.endswith("all three ended\n")
    assert "a socket was opened" not in ended.stderr
