"""Being asked to stop: SIGINT (Ctrl-C), SIGTERM and SIGHUP end a command alike, within seconds, with exit code 128 + number.

The first signal raises `Stopped` in the main thread, so that whoever holds something lets go of it: workers are killed,
jobs cancelled, files that are half-written removed. Python raises only between two of its own instructions, and a block
that is left may wait for a thread; so a thread listens as well, and ends the process itself when GRACE_S have passed, or
at a second signal. Nothing is lost by that: files appear whole or not at all, and a stage goes on from what it saved.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_S = 7.0
GOES_ON = "the same command goes on from what was saved"


class Stopped(BaseException):
    """The process was asked to stop. Whoever lets it pass may say in `stands` what is done."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.stands = ""


class _Heard:
    """The first signal of this process, and whether its line was printed. Signals belong to a process, so this is one."""

    number: int | None = None
    said = False


@contextmanager
def heard(then: str = GOES_ON) -> Iterator[None]:
    """While the block runs, a signal ends it and the process; a line on standard error says what stands and what `then`."""
    _listen(then)
    try:
        yield
    except BaseException as error:  # libraries in other languages make other exceptions of ours
        if (number := _Heard.number) is None:
            raise
        _say(number, error.stands if isinstance(error, Stopped) else "", then)
        sys.exit(128 + number)


def _listen(then: str) -> None:
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup and a shell's background jobs ask
            signal.signal(number, _raise)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    os.register_at_fork(after_in_child=_forget)
    threading.Thread(target=_watch, args=(reading, then), daemon=True).start()


def _raise(number: int, frame: FrameType | None) -> None:
    if _Heard.number is None:
        _Heard.number = number
        raise Stopped(number)


def _forget() -> None:
    """A forked child shares the pipe of its parent, which must not take the child's signals for its own."""
    signal.set_wakeup_fd(-1)
    for number in ENDING:
        if signal.getsignal(number) is _raise:
            signal.signal(number, signal.SIG_DFL)


def _watch(reading: int, then: str) -> None:
    """Wait for a signal, give the main thread its time, and end the process."""
    number = _next(reading, None)
    assert number is not None, "without a limit there is a signal"
    _next(reading, GRACE_S)
    _leave(number, then)


def _next(reading: int, limit_s: float | None) -> int | None:
    """The next of our signals, as Python writes its number into the pipe at once, whatever the main thread does."""
    while select.select([reading], [], [], limit_s)[0]:
        if (number := os.read(reading, 1)[0]) in ENDING:
            return number
    return None


def _leave(number: int, then: str) -> NoReturn:
    for child in multiprocessing.active_children():
        child.kill()
    _say(number, "", then)
    os._exit(128 + number)


def _say(number: int, stands: str, then: str) -> None:
    if not _Heard.said:
        _Heard.said = True
        why = "interrupted" if number == signal.SIGINT else f"stopped by {signal.Signals(number).name}"
        print(f"{why}; {stands}{then}", file=sys.stderr, flush=True)
