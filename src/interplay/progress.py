"""Progress on standard error: a live line on a terminal; elsewhere a plain line a minute, and one at the end.

A line says what is being done, how far it is, the rate and the time left. The minute is kept by a thread, so that a log shows
that work goes on even where one piece of it takes longer than that.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

console = Console(stderr=True, highlight=False)
PLAIN_INTERVAL_S = 60.0
HOUR_S, MINUTE_S = 3600.0, 60.0


class Update(Protocol):
    """Call with what is done so far and anything worth showing."""

    def __call__(self, done: float, **shown: float | str) -> None: ...


class Pace:
    """How far a piece of work is and how fast. Work that was done before, by a run that was cut, says nothing of the rate."""

    def __init__(self, total: float, unit: str, done: float = 0.0) -> None:
        self.total, self.unit = total, unit
        self.first = self.done = done
        self.began_s = time.monotonic()
        self.shown: dict[str, float | str] = {}

    def update(self, done: float, **shown: float | str) -> None:
        """What is done by now."""
        self.done, self.shown = done, shown

    def said(self) -> str:
        """What is worth showing, the rate, the time left."""
        values = [
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in self.shown.items()
        ]
        made, passed_s = self.done - self.first, time.monotonic() - self.began_s
        if made > 0 and passed_s > 0:
            rate = made / passed_s
            spelled = f"{rate:,.0f} {self.unit}/s" if rate >= 10 else f"{rate * MINUTE_S:,.3g} {self.unit}/min"
            values += [spelled, f"{_duration((self.total - self.done) / rate)} left"]
        return "  ".join(values)

    def line(self) -> str:
        """The share that is done and what `said` says."""
        return f"{self.done / self.total if self.total else 1:4.0%}  {self.said() or 'begun'}"


def _duration(seconds: float) -> str:
    if seconds >= HOUR_S:
        return f"{seconds / HOUR_S:.1f} h"
    return f"{seconds / MINUTE_S:.0f} min" if seconds >= 2 * MINUTE_S else f"{seconds:.0f} s"


@contextmanager
def every_minute(say_it: Callable[[], None]) -> Iterator[None]:
    """While the block runs, once a minute."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(PLAIN_INTERVAL_S):
            say_it()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def progress(title: str, total: float, unit: str = "parts", done: float = 0.0) -> Iterator[Update]:
    """Show progress of `title` towards `total` units, of which `done` were there before."""
    pace = Pace(total, unit, done)
    if console.is_terminal:
        columns = (TextColumn("{task.description:<28}"), BarColumn(24), TextColumn("{task.percentage:>3.0f}%"))
        with Progress(
            *columns, TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[shown]}"), console=console
        ) as bar:
            task = bar.add_task(title, total=total, completed=int(done), shown="")

            def live(done: float, **shown: float | str) -> None:
                pace.update(done, **shown)
                bar.update(task, completed=done, shown=pace.said())

            yield live
        return

    def plain() -> None:
        print(f"{title}: {pace.line()}", file=sys.stderr, flush=True)

    with every_minute(plain):
        yield pace.update
    plain()


def say(text: str) -> None:
    """One line for the reader of a run."""
    console.print(text, soft_wrap=True)  # a path or a count that a wrap cuts cannot be searched for
