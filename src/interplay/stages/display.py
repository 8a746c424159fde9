"""What a run says while it goes: a line when a stage begins and ends, and what each that runs beside it says: live on a
terminal, once a minute elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.live import Live
from rich.table import Table
from rich.text import Text

from interplay.progress import console, every_minute, say
from interplay.stages.execute import LOG, Ended
from interplay.stages.stage import Stage

TAIL_BYTES = 2000


class Display:
    """Watches a run of `total` stages. `live`: stages run beside this process, and the last line of each one's log is shown."""

    def __init__(self, total: int, live: bool) -> None:
        self.total, self.beside, self.live = total, live, live and console.is_terminal
        self.began = 0
        self.running: dict[str, tuple[Stage, float]] = {}
        self._waiting_for = ""

    def started(self, stage: Stage) -> None:
        """One line."""
        self.began += 1
        self.running[stage.address] = stage, time.monotonic()
        say(f"\\[{self.began}/{self.total}] start [bold]{stage.address}[/bold]  {stage.label}")

    def ended(self, ended: Ended, wall_s: float) -> None:
        """One line; a failure names the log."""
        stage = ended.stage
        self.running.pop(stage.address, None)
        if ended.error:
            where = f"; log: {ended.log}" if ended.log else ""
            say(f"failed {stage.address}  {stage.label}: {ended.error}{where}")
        elif ended.worked:
            say(f"done  {stage.address}  {stage.label}  in {wall_s:.0f} s")
        else:
            say(f"found {stage.address}  {stage.label}: another run did it")

    def elsewhere(self, stage: Stage) -> None:
        """Once for each stage that is waited for."""
        if self._waiting_for != stage.address:
            self._waiting_for = stage.address
            say(f"wait  {stage.address}  {stage.label}: another run is at it")

    @contextmanager
    def shown(self) -> Iterator[None]:
        """The live lines, where there is a terminal and stages run beside this process."""
        if not self.beside:
            yield
            return
        if not self.live:
            with every_minute(self._say_how_far):
                yield
            return
        with Live(console=console, refresh_per_second=2, transient=True, get_renderable=self._lines):
            yield

    def _say_how_far(self) -> None:
        for stage, _ in list(self.running.values()):
            print(f"{stage.address}  {last_line(stage.folder / LOG) or stage.label}", file=sys.stderr, flush=True)

    def _lines(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for stage, since in list(self.running.values()):
            last = Text(last_line(stage.folder / LOG), overflow="ellipsis", no_wrap=True)
            table.add_row(stage.address, f"{time.monotonic() - since:.0f} s", last)
        return table


def last_line(path: Path) -> str:
    """The last line of a log, without reading all of it; empty where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return lines[-1] if lines else ""
