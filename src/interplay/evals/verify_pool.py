"""Judge one chunk in worker processes while the next one is being sampled.

Workers are an accelerator, never a condition: a piece that does not come back in time, or whose worker died, is judged
here, and so is everything after it. A verdict is a pure function of graph and text, so where it was made cannot be seen.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Self

from interplay.evals.judge import Columns, Job, judge
from interplay.progress import say

MAX_WORKERS = 4
PATIENCE_S = 60.0  # a chunk takes about a second: whoever needs this long hangs

Judged = list[list[Columns]]


def spare_workers(threads: int, processes: int = 1, cores: int = 0) -> int:
    """Workers that cost sampling nothing: the cores its threads leave, shared by all processes; none of fewer than two.

    `cores` bounds what may be used where stages run side by side; 0 takes all that this process sees.
    """
    if not hasattr(os, "sched_getaffinity"):
        return 0
    seen = len(os.sched_getaffinity(0))
    spare = min(seen, cores or seen) - threads * processes
    return min(spare // processes, MAX_WORKERS) if spare >= 2 else 0


class VerifyPool:
    """A pool of judging processes; with 0 workers everything is judged when it is asked for."""

    def __init__(self, workers: int, patience_s: float = PATIENCE_S) -> None:
        self.workers, self.patience_s = workers, patience_s
        self._executor: ProcessPoolExecutor | None = None
        if workers:
            # spawn: a forked child would inherit the locks of whatever threads the sampler runs
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_follow_parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self._abandon()
        elif self._executor is not None:
            self._executor.shutdown()

    @property
    def overlaps(self) -> bool:
        """Whether judging goes on beside the caller."""
        return self._executor is not None

    def submit(self, jobs: list[Job]) -> Callable[[], Judged]:
        """Start judging; the returned function waits for the verdicts, in the order of the jobs."""
        executor = self._executor
        if executor is None:
            return lambda: judge(jobs)
        size = -(-len(jobs) // (2 * self.workers))
        pieces = [jobs[start : start + size] for start in range(0, len(jobs), size)]
        try:
            futures = [executor.submit(judge, piece) for piece in pieces]
        except (BrokenProcessPool, RuntimeError, OSError) as error:
            self._give_up(error)
            return lambda: judge(jobs)
        return lambda: self._collect(pieces, futures)

    def _collect(self, pieces: list[list[Job]], futures: list[Future[Judged]]) -> Judged:
        judged: Judged = []
        deadline = time.monotonic() + self.patience_s
        for piece, future in zip(pieces, futures, strict=True):
            try:
                judged += future.result(max(0.0, deadline - time.monotonic()))
            except Exception as error:
                if self.overlaps:
                    self._give_up(error)
                judged += judge(piece)  # a fault of the judge itself is raised here, where it can be read
        return judged

    def _give_up(self, error: Exception) -> None:
        say(f"verification goes on without worker processes ({type(error).__name__}: {str(error)[:100]})")
        self._abandon()

    def _abandon(self) -> None:
        executor, self._executor = self._executor, None
        if executor is None:
            return
        processes = list((getattr(executor, "_processes", None) or {}).values())
        executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:  # shutdown waits for a worker that hangs, and so would the end of this process
            process.kill()


def _follow_parent() -> None:
    """Ctrl-C is the parent's to handle, and a parent that was killed takes its workers along."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def leave() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=leave, daemon=True).start()
