"""SIGINT, SIGTERM and SIGHUP: 1 end a command and everything it started, with exit code 128 + number and one line that says
what stands, 2 also where the main thread cannot listen, 3 a second one at once, 4 an ignored one stays ignored, 5 a forked
child's are its own. (What a study leaves and how it goes on is tried by the campaign in tests/torture.)"""

import os
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import signal, sys, threading, time
from interplay import signals
signals.GRACE_S = float(sys.argv[2])
def begin():
    print("ready", flush=True)
    {work}
with signals.heard("go on"):
    begin()
"""
WORK = {
    "waits": "time.sleep(60)",
    "waits in a library": "threading.Event().wait(60)",
    "swallows what it is told": """
    while True:
        try: time.sleep(60)
        except BaseException: pass""",
    "tells it as something else": """
    try: time.sleep(60)
    except BaseException: raise RuntimeError""",
    "clears up forever": """
    try: time.sleep(60)
    finally: time.sleep(60)""",
    "leaves a thread": "threading.Thread(target=time.sleep, args=(60,)).start(); time.sleep(60)",
    "has a worker": """
    from multiprocessing import get_context
    child = get_context("spawn").Process(target=time.sleep, args=(60,))
    child.start()
    print(child.pid, flush=True)
    child.join()""",
}
SAYS = {
    signal.SIGINT: "interrupted; go on",
    signal.SIGTERM: "stopped by SIGTERM; go on",
    signal.SIGHUP: "stopped by SIGHUP; go on",
}


def as_from_a_terminal():
    """Signals as a shell gives them: whoever runs the tests with `nohup` or in the background ignores some of them."""
    for number in SAYS:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def started(work, grace_s=0.3, prefix=(), **options):
    """A process that does the work, when it has begun."""
    words = [*prefix, sys.executable, "-c", PROGRAM.format(work=work), "x", str(grace_s)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    before = None if prefix else as_from_a_terminal
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=before, **options
    )
    assert process.stdout.readline() == "ready\n"
    return process


def alive(process):
    try:
        return open(f"/proc/{process}/stat").read().split(") ")[-1][0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("kind", WORK)
def test_each_ends_the_process_in_one_way(kind):
    for number, says in SAYS.items():
        process = started(WORK[kind])
        child = int(process.stdout.readline()) if kind == "has a worker" else None
        process.send_signal(number)
        said = process.communicate(timeout=30)[1]
        assert (process.returncode, said) == (128 + number, says + "\n")
        while child and alive(child):
            time.sleep(0.01)


def test_a_second_one_ends_it_at_once():
    process = started(WORK["clears up forever"], grace_s=3600)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert (process.returncode, said) == (143, "stopped by SIGTERM; go on\n")


def test_what_was_ignored_stays_ignored():
    process = started("time.sleep(0.5)", prefix=("nohup",))
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=30) == 0


def test_a_forked_child_has_signals_of_its_own():
    work = """
    import os
    if not (child := os.fork()):
        time.sleep(60)
    time.sleep(0.5)
    os.kill(child, signal.SIGTERM)
    print(os.waitpid(child, 0)[1])"""
    process = started(work)
    out, said = process.communicate(timeout=30)
    assert (process.returncode, out, said) == (0, f"{int(signal.SIGTERM)}\n", "")
