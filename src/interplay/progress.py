"""Progress on standard error: a live line on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

console = Console(stderr=True, highlight=False)
PLAIN_INTERVAL_S = 10.0


class Update(Protocol):
    """Call with what is done so far and anything worth showing."""

    def __call__(self, done: float, **shown: float | str) -> None: ...


def _spell(shown: dict[str, float | str]) -> str:
    parts = (f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in shown.items())
    return "  ".join(parts)


@contextmanager
def progress(title: str, total: float) -> Iterator[Update]:
    """Show progress of `title` towards `total`."""
    if console.is_terminal:
        columns = (TextColumn("{task.description:<28}"), BarColumn(24), TextColumn("{task.percentage:>3.0f}%"))
        with Progress(
            *columns, TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[shown]}"), console=console
        ) as bar:
            task = bar.add_task(title, total=total, shown="")
            yield lambda done, **shown: bar.update(task, completed=done, shown=_spell(shown))
        return
    start = last = time.monotonic()

    def update(done: float, **shown: float | str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < PLAIN_INTERVAL_S and done < total:
            return
        last = now
        left = (now - start) * (total - done) / done if done else float("nan")
        print(f"{title}: {done / total:4.0%}  {_spell(shown)}  {left:.0f} s left", file=sys.stderr, flush=True)

    yield update


def say(text: str) -> None:
    """One line for the reader of a run."""
    console.print(text)
