"""Stages side by side on one machine: worker processes that live from stage to stage, each with its share of the cores.

A worker writes what a stage says into the stage's log. One that dies takes down its stage alone. Ctrl-C is the parent's
to handle, and a parent that was killed takes its workers along.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from interplay import offspring
from interplay.stages.execute import LOG, Ended, failure, perform
from interplay.stages.stage import Stage

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


class Workers:
    """At most `count` processes, each with `threads` threads; several GPUs are dealt out in turn."""

    beside = True

    def __init__(self, count: int, threads: int) -> None:
        self.places, self.threads = count, threads
        self._gpus = visible_gpus()
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []

    def start(self, stage: Stage) -> None:
        """Give the stage to an idle worker, or to a new one."""
        self._idle = [worker for worker in self._idle if worker.process.is_alive()]
        worker = self._idle.pop() if self._idle else self._hire()
        worker.begin(stage)
        self._busy.append(worker)

    def wait(self, seconds: float) -> list[Ended]:
        """Stages whose worker has answered, or has died."""
        ready = wait([worker.answers for worker in self._busy], seconds)
        ended = []
        for worker in [worker for worker in self._busy if worker.answers in ready]:
            self._busy.remove(worker)
            ended.append(worker.ended())
            if worker.process.is_alive():
                self._idle.append(worker)
        return ended

    def stop(self) -> None:
        """Kill the workers: what a stage saved last, it goes on from."""
        for worker in (*self._idle, *self._busy):
            worker.process.kill()
        for worker in (*self._idle, *self._busy):
            worker.process.join()
        self._idle, self._busy = [], []

    def _hire(self) -> _Worker:
        changes = dict.fromkeys(THREAD_VARIABLES, str(self.threads))
        if len(self._gpus) > 1:
            taken = [worker.gpu for worker in (*self._idle, *self._busy)]
            gpu = min(self._gpus, key=taken.count)
            return _Worker(changes | {"CUDA_VISIBLE_DEVICES": gpu}, gpu)
        return _Worker(changes)


class _Worker:
    """One process and the stage it works on."""

    def __init__(self, changes: Mapping[str, str], gpu: str = "") -> None:
        self.gpu = gpu
        context = multiprocessing.get_context("spawn")
        self.answers, far = context.Pipe()
        self.process: BaseProcess = context.Process(target=offspring.serve, args=(__name__, "serve", far))
        with environment(changes):  # libraries read their number of threads when they are loaded
            self.process.start()
        far.close()  # so that the end of the process is seen as the end of the connection
        self.stage: Stage | None = None

    def begin(self, stage: Stage) -> None:
        """Send the stage."""
        self.stage = stage
        with suppress(OSError):  # it died before it could read: `ended` says so
            self.answers.send(stage)

    def ended(self) -> Ended:
        """What became of the stage."""
        assert self.stage is not None, "a worker ends what it began"
        log = str(self.stage.folder / LOG)
        try:
            worked, error = self.answers.recv()
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode or 0
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            return Ended(self.stage, error=f"its process ended with {how}", log=log)
        return Ended(self.stage, worked, error, log)


def serve(stages: Connection) -> None:
    """A worker's life: stages in, (worked, error) out, until the parent is gone."""
    while True:
        try:
            stage: Stage = stages.recv()
        except EOFError:
            return
        stages.send(_logged(stage))


def _logged(stage: Stage) -> tuple[bool, str]:
    with (stage.folder / LOG).open("a") as log:
        sys.stdout.flush()
        sys.stderr.flush()
        for stream in (1, 2):  # by number, so that libraries and child processes write there too
            os.dup2(log.fileno(), stream)
        try:
            return perform(stage), ""
        except Exception as error:
            traceback.print_exc()
            return True, failure(error)


@contextmanager
def environment(changes: Mapping[str, str]) -> Iterator[None]:
    """The environment with changes, for processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def visible_gpus() -> list[str]:
    """Names of the GPUs this process may use, as CUDA_VISIBLE_DEVICES spells them."""
    import torch

    if named := os.environ.get("CUDA_VISIBLE_DEVICES"):
        return named.split(",")
    return [str(number) for number in range(torch.cuda.device_count())]
