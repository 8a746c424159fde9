"""Stages side by side on one machine: worker processes that live from stage to stage, each with its share of the cores.

A worker writes what a stage says into the stage's log. One that dies takes down its stage alone. Ctrl-C is the parent's
to handle, and a parent that was killed takes its workers along.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from interplay import offspring
from interplay.stages.environment import THREAD_VARIABLES, environment, visible_gpus
from interplay.stages.execute import LOG, Ended, ending, logged
from interplay.stages.room import Room
from interplay.stages.stage import Stage


class Workers:
    """As many processes as `room` has places, each with `threads` threads.

    With devices a worker sees those of its stage and no others. Without, several GPUs are dealt out in turn, and
    workers may share one.
    """

    beside = True

    def __init__(self, room: Room, threads: int) -> None:
        self.room, self.threads = room, threads
        self._gpus = [] if room.devices else visible_gpus()
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []

    def start(self, stage: Stage) -> None:
        """Give the stage to an idle worker, or to a new one."""
        devices = self.room.take(stage)
        worker = self._with(devices) if self.room.devices else self._any()
        worker.begin(stage.on(stage.runtime.threads, stage.runtime.cores, len(devices)) if devices else stage)
        self._busy.append(worker)

    def wait(self, seconds: float) -> list[Ended]:
        """Stages whose worker has answered, or has died."""
        ready = wait([worker.answers for worker in self._busy], seconds)
        ended = []
        for worker in [worker for worker in self._busy if worker.answers in ready]:
            self._busy.remove(worker)
            ended.append(worker.ended())
            self.room.leave(ended[-1].stage)
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

    def _with(self, devices: Sequence[str]) -> _Worker:
        """A worker that sees these devices. An idle one that sees some of them ends: what it holds of their memory is free."""
        assert self.room.devices is not None
        found = None
        for worker in list(self._idle):
            if tuple(worker.devices) == tuple(devices) and worker.process.is_alive():
                found = worker
            elif set(worker.devices) & set(devices):
                worker.process.kill()
                worker.process.join()
                self._idle.remove(worker)
        if found is not None:
            self._idle.remove(found)
            return found
        visible = "" if self.room.devices.on_cpu else ",".join(devices)
        return _Worker(self._threads | {"CUDA_VISIBLE_DEVICES": visible}, devices)

    def _any(self) -> _Worker:
        self._idle = [worker for worker in self._idle if worker.process.is_alive()]
        if self._idle:
            return self._idle.pop()
        if len(self._gpus) > 1:
            taken = [gpu for worker in (*self._idle, *self._busy) for gpu in worker.devices]
            gpu = min(self._gpus, key=taken.count)
            return _Worker(self._threads | {"CUDA_VISIBLE_DEVICES": gpu}, [gpu])
        return _Worker(self._threads)

    @property
    def _threads(self) -> dict[str, str]:
        return dict.fromkeys(THREAD_VARIABLES, str(self.threads))


class _Worker:
    """One process and the stage it works on."""

    def __init__(self, changes: Mapping[str, str], devices: Sequence[str] = ()) -> None:
        self.devices = devices
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
            return Ended(self.stage, error=f"its process ended with {ending(self.process.exitcode or 0)}", log=log)
        return Ended(self.stage, worked, error, log)


def serve(stages: Connection) -> None:
    """A worker's life: stages in, (worked, error) out, until the parent is gone."""
    while True:
        try:
            stage: Stage = stages.recv()
        except EOFError:
            return
        stages.send(logged(stage))
