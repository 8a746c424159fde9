"""Drawing in a process of its own, beside the one that makes the page.

The library that draws holds the interpreter until a picture is done, seconds on a busy machine, and a signal would be
heard only then. Here the caller does nothing but wait for a pipe: it hears a signal at once, and ends the process that
draws. What is to be drawn is sent as it is made, so both work at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import NamedTuple

from interplay.report.charts import Figure

# not `-m`: a file in the working directory could pass for one of the libraries
START = "import sys; sys.path[:] = sys.argv[3:]; from interplay.report.pictures import serve; serve(*sys.argv[1:3])"


class Picture(NamedTuple):
    """A figure, drawn: its panels as the page has them, and the file of its own."""

    panels: tuple[str, ...]
    svg: str
    pdf: bytes


def draw(figures: Iterable[Figure]) -> dict[str, Picture]:
    """Every figure by its name. Raises ValueError for what cannot be drawn, RuntimeError where its process died."""
    names: list[str] = []
    ours, theirs = Pipe()
    with ours:
        with theirs:
            words = [sys.executable, "-c", START, str(theirs.fileno()), str(os.getpid()), *sys.path]
            # in a group of its own, which a terminal's Ctrl-C does not reach
            drawing = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()], process_group=0
            )
        try:
            for figure in figures:
                names.append(figure.name)
                _send(ours, (figure.name, [panel.spec() for panel in figure.panels], figure.spec()))
            _send(ours, None)
            with suppress(EOFError, OSError):
                found = ours.recv()
                if isinstance(found, str):
                    raise ValueError(f"a figure cannot be drawn: {found}")
                return {name: Picture(*picture) for name, picture in zip(names, found, strict=True)}
            raise RuntimeError(f"the process that draws figures ended with exit code {drawing.wait()}")
        finally:
            drawing.kill()
            drawing.wait()


def _send(pipe: Connection, asked: object) -> None:
    with suppress(OSError):  # it has ended, and `recv` will say so
        pipe.send(asked)
