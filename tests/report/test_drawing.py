"""Figures are drawn in a process of its own: 1 as in this one, 2 a signal, or the end of the report's process, ends both in
the middle of a figure, 3 a figure that cannot be drawn and a process that dies are errors."""

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import altair as alt
import pytest

from interplay.report import drawing, pictures
from interplay.report.charts import Panel, figure

ENDLESS = """
import os, sys
from interplay import signals
from interplay.report import drawing
drawing.START = (
    "import os, sys; sys.path[:] = sys.argv[3:]; from interplay.report import pictures;"
    "pictures.page_svg = lambda *_: (print(os.getpid(), file=sys.stderr, flush=True), sum(range(10**15)));"
    "pictures.serve(*sys.argv[1:3])"
)
class Any:
    name, panels = "any", ()
    def spec(self): return {}
Any.panels = (Any(),)
with signals.heard("go on"):
    drawing.draw([Any()])
"""


def test_what_is_drawn_is_what_the_library_draws():
    chart = alt.LayerChart(layer=[alt.Chart().mark_point().encode(x="a:Q")], data=alt.Data(values=[{"a": 1}, {"a": 2}]))
    made = [figure(name, "title", "caption", [Panel("panel", chart)] * 2) for name in ("one", "two")]
    found = drawing.draw(made)
    assert list(found) == ["one", "two"]
    for each in made:
        whole = pictures.saved_svg(each.spec())
        shown = tuple(pictures.page_svg(p.spec(), f"{each.name}-{n}") for n, p in enumerate(each.panels))
        assert (found[each.name].panels, found[each.name].svg) == (shown, whole)
        assert found[each.name].pdf.startswith(b"%PDF")


def drawing_one():
    """A process whose figure takes forever, inside one call that holds the interpreter; and the process that draws it."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", ENDLESS]
    ours = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment)
    return ours, int(ours.stderr.readline())


def gone(process):
    try:
        return open(f"/proc/{process}/stat").read().split(") ")[-1][0] in "ZX"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_both_processes_in_the_middle_of_a_figure(number):
    ours, theirs = drawing_one()
    ours.send_signal(number)
    said = ours.communicate(timeout=30)[1]
    assert ours.returncode == (-9 if number == signal.SIGKILL else 128 + number)
    assert said.endswith("; go on\n") or number == signal.SIGKILL
    while not gone(theirs):
        time.sleep(0.01)


def odd(spec):
    return SimpleNamespace(name="odd", panels=(), spec=lambda: spec)


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(ValueError, match="a figure cannot be drawn: odd: "):
        drawing.draw([odd({"mark": 3})])


def test_a_process_that_dies_is_an_error(monkeypatch):
    monkeypatch.setattr(drawing, "START", "import os; os._exit(7)")
    with pytest.raises(RuntimeError, match="ended with exit code 7"):
        drawing.draw([odd({})] * 3)
