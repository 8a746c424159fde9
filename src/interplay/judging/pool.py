"""Judging many texts, in this process or in worker processes with a time limit, while the caller does something else.

A text that hangs its judge, or takes the process down, is found by judging its chunk again text by text; it alone goes
without a verdict. The process is replaced, and judging goes on in workers. A verdict is a pure function of reference and
text, so where it was made cannot be seen. Where no process can be started, judging is done here.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from interplay import offspring
from interplay.judging.texts import FAILED, TIMED_OUT, Text, Verify, judge, without_verdict
from interplay.progress import say
from interplay.world.verify import Verdict, verify

CHUNK = 64
LIMIT_S = 60.0  # a chunk takes milliseconds: whoever needs this long hangs
START_S = 300.0  # a busy machine starts a process late
MAX_WORKERS = 4
READY = "ready"

Answer = TypeVar("Answer")


def spare_workers(threads: int, processes: int = 1, cores: int = 0) -> int:
    """Workers that cost sampling nothing: the cores its threads leave, shared by all processes; none of fewer than two.

    `cores` bounds what may be used where stages run side by side; 0 takes all that this process sees.
    """
    if not hasattr(os, "sched_getaffinity"):
        return 0
    seen = len(os.sched_getaffinity(0))
    spare = min(seen, cores or seen) - threads * processes
    return min(spare // processes, MAX_WORKERS) if spare >= 2 else 0


class NoWorkerError(RuntimeError):
    """A judging process could not be started; no text was given to it."""


class Pool(Generic[Answer]):
    """Judges in `workers` processes, in this one where they are 0. Use it as a context, so that the processes end.

    `answer` makes of a verdict what is wanted; it runs where the text is judged. `limit_s` is for a chunk, and for each
    of its texts when they are judged one by one.
    """

    def __init__(
        self, workers: int, answer: Callable[[Verdict], Answer], *, verify: Verify = verify, limit_s: float = LIMIT_S
    ) -> None:
        if workers < 0 or limit_s <= 0:
            raise ValueError(f"workers must not be negative and limit_s be positive, got {workers} and {limit_s}")
        self.answer, self.verify, self.limit_s = answer, verify, limit_s
        self._idle: SimpleQueue[_Worker | None] = SimpleQueue()
        self._hired: set[_Worker] = set()
        self._closed = False
        try:
            for _ in range(workers):
                self._idle.put(self._hire())
        except NoWorkerError as error:
            say(f"judging goes on in this process: {error}")
        count = len(self._hired)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="judging") if count else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closed = True
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in list(self._hired):
            worker.end()

    @property
    def overlaps(self) -> bool:
        """Whether judging goes on beside the caller."""
        return self._threads is not None

    def __call__(self, texts: Sequence[Text]) -> list[Answer]:
        """The answers in the order of the texts."""
        return self.submit(texts)()

    def submit(self, texts: Sequence[Text]) -> Callable[[], list[Answer]]:
        """Start judging; the returned function waits for the answers, in the order of the texts."""
        if self._threads is None:
            return lambda: judge_here(texts, self.answer, self.verify)
        chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
        begun = [self._threads.submit(self._judge, list(chunk)) for chunk in chunks]
        return lambda: [answer for future in begun for answer in future.result()]

    def _judge(self, texts: list[Text]) -> list[Answer]:
        """A chunk; where it got stuck, each of its texts alone, and never in this process."""
        try:
            answers = self._ask(texts)
        except NoWorkerError as error:
            if self._closed:
                raise CancelledError("the pool is closed") from error
            say(f"judging goes on in this process: {error}")
            return judge_here(texts, self.answer, self.verify)
        return [self._judge_alone(text) for text in texts] if isinstance(answers, str) else answers

    def _judge_alone(self, text: Text) -> Answer:
        found = self._ask([text])
        return self.answer(without_verdict(text, found)) if isinstance(found, str) else found[0]

    def _ask(self, texts: list[Text]) -> list[Answer] | str:
        """The answers of an idle worker, or the class of the error; a worker that gave none makes room for another."""
        worker = self._idle.get()
        try:
            worker = worker or self._hire()
            found: list[Answer] | str = worker.ask(texts, self.limit_s)
            if isinstance(found, str):
                self._hired.discard(worker)
                worker.end()
                worker = None
            return found
        finally:
            self._idle.put(worker)

    def _hire(self) -> _Worker:
        if self._closed:
            raise CancelledError("the pool is closed")
        worker = _Worker(self.answer, self.verify)
        self._hired.add(worker)
        return worker


def judge_here(texts: Sequence[Text], answer: Callable[[Verdict], Answer], verify: Verify = verify) -> list[Answer]:
    """The same in this process."""
    return [answer(judge(text, verify)) for text in texts]


class _Worker:
    """A process and the line to it."""

    def __init__(self, answer: Callable[[Verdict], object], verify: Verify) -> None:
        # spawn: a forked child would inherit the locks of whatever threads the sampler runs
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        self.ready = False
        self.process = context.Process(
            target=offspring.serve, args=(__name__, "serve", theirs, answer, verify), daemon=True
        )
        try:
            self.process.start()
        except OSError as error:
            raise NoWorkerError(f"no process for it can be started ({error})") from error
        theirs.close()

    def ask(self, texts: list[Text], limit_s: float) -> Any:
        """The answers, or the class of the error. Starting takes a while, which is not the first chunk's time."""
        if not self.ready and not self._starts():
            raise NoWorkerError(f"its process did not start within {START_S:.0f} s")
        self.ready = True
        try:
            self.line.send(texts)
            return self.line.recv() if self.line.poll(limit_s) else TIMED_OUT
        except (EOFError, OSError):
            return FAILED

    def _starts(self) -> bool:
        try:
            return self.line.poll(START_S) and self.line.recv() == READY
        except (EOFError, OSError):
            return False

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.join()


def serve(line: Connection, answer: Callable[[Verdict], object], verify: Verify) -> None:
    """A worker's life: it says that it is there, then a chunk in, its answers out, until the other side is gone."""
    with suppress(EOFError, OSError):
        line.send(READY)
        while True:
            line.send(judge_here(line.recv(), answer, verify))
