"""Progress: a line a minute where there is no terminal, with stage, rate and time left; a live line where there is one."""

import threading

import pytest
from rich.console import Console

from interplay import progress as module
from interplay.progress import Pace, progress


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when told."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_a_line_says_share_values_rate_and_time_left(clock):
    pace = Pace(1000, "tokens")
    assert pace.line() == "  0%  begun"
    clock[0] = 10.0
    pace.update(250, loss=3.14159, note="warm")
    assert pace.line() == " 25%  loss 3.142  note warm  25 tokens/s  30 s left"


def test_what_a_cut_run_had_done_is_no_speed_of_this_one(clock):
    pace = Pace(100, "steps", done=90)
    clock[0] = 60.0
    pace.update(91)
    assert pace.line() == " 91%  1 steps/min  9 min left"


def test_long_waits_are_hours(clock):
    pace = Pace(1e6, "tokens")
    clock[0] = 100.0
    pace.update(10_000)
    assert pace.said().endswith("100 tokens/s  2.8 h left")


def test_a_log_gets_a_line_a_minute_and_one_at_the_end(monkeypatch, capsys):
    assert module.PLAIN_INTERVAL_S == 60
    monkeypatch.setattr(module, "PLAIN_INTERVAL_S", 0.01)
    said = threading.Event()
    line = Pace.line
    monkeypatch.setattr(Pace, "line", lambda self: (said.set(), line(self))[1])
    with progress("pre-training of base 0", 4, "steps") as update:
        update(1)
        assert said.wait(30)  # without another update
        update(4)
    lines = capsys.readouterr().err.splitlines()
    assert all(each.startswith("pre-training of base 0: ") for each in lines)
    assert "left" in lines[-1]
    assert "100%" in lines[-1]


def test_updates_alone_say_nothing_between_the_minutes(capsys):
    with progress("evaluation", 1000, "chunks") as update:
        for done in range(1000):
            update(done)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_terminal_gets_a_live_line(monkeypatch, capsys):
    monkeypatch.setattr(module, "console", Console(stderr=True, force_terminal=True, width=140))
    with progress("RL of base on edge 0", 2, "steps") as update:
        update(1, reward=0.5)
        update(2, reward=0.5)
    shown = capsys.readouterr().err
    assert "RL of base on edge 0" in shown
    assert "reward 0.5" in shown
    assert "100%" in shown
