"""Stages as tasks of a Ray cluster that is already there: each is asked for when what it needs is done.

The schedule stays with the run: Ray finds a node that has what a stage asks for, gives it a process of its own, and says
what became of it. A task that ended without a result (its process killed, its node lost) is asked for again, a bounded
number of times, and the stage goes on from its own checkpoint; one that no node is large enough for waits for a node to
join, a bounded time. Nothing travels but the stage's config and a line of how it went: results lie in the store, which all
nodes share.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from interplay.extras import need
from interplay.progress import say
from interplay.signals import ENDING
from interplay.stages.environment import THREAD_VARIABLES, environment
from interplay.stages.execute import LOG, Ended, failure, logged
from interplay.stages.resources import Resources
from interplay.stages.room import Room
from interplay.stages.stage import Stage

NODE_WAIT_S = 600.0  # for a node to join that is large enough: one that was lost comes back, a cloud starts one
MISSING = "no Ray cluster is found: `ray start --head` makes one of this machine, RAY_ADDRESS=HOST:PORT names another"
OF_SLURM = ("partition", "account", "qos", "constraint", "setup", "extra")
NO_STATISTICS = {"RAY_USAGE_STATS_ENABLED": "0"}
ONE_TRY = {"RAY_NUM_REDIS_GET_RETRIES": "1"}  # of 40 s at an address where nobody answers, and not twenty


@dataclass
class _Asked:
    stage: Stage
    times: int = 1
    without_node_since: float | None = None


class Ray:
    """As many tasks at a time as `room` has, with `threads` threads each, or the CPUs of its kind where that is 0."""

    beside = True

    def __init__(
        self,
        resources: Mapping[str, Resources],
        room: Room,
        threads: int,
        repetitions: int,
        node_wait_s: float = NODE_WAIT_S,
    ) -> None:
        self.room, self.resources, self.threads = room, resources, threads
        self.repetitions, self.node_wait_s = repetitions, node_wait_s
        for kind, asked in resources.items():
            _check(kind, asked)
        self._ray = _connected()
        self._asked: dict[Any, _Asked] = {}

    def start(self, stage: Stage) -> None:
        """Ask for the stage."""
        self.room.take(stage)
        self._ask(_Asked(stage))

    def wait(self, seconds: float) -> list[Ended]:
        """Stages whose task has ended for good."""
        ready, _ = self._ray.wait(list(self._asked), num_returns=1, timeout=seconds)
        ended = [end for task in ready if (end := self._judge(task)) is not None] + self._without_node()
        for end in ended:
            self.room.leave(end.stage)
        return ended

    def stop(self) -> None:
        """Kill the tasks: what a stage saved last, it goes on from."""
        for task in self._asked:
            self._ray.cancel(task, force=True)
        self._asked = {}
        self._ray.shutdown()

    def _judge(self, task: Any) -> Ended | None:
        """What became of a stage whose task has ended; None where it is asked for again."""
        asked = self._asked.pop(task)
        stage, log = asked.stage, str(asked.stage.folder / LOG)
        try:
            worked, error = self._ray.get(task)
            return Ended(stage, worked, error, log)
        except self._ray.exceptions.RayTaskError as raised:
            return Ended(stage, error=failure(raised.cause), log=log)
        except self._ray.exceptions.RayError as lost:
            what = _said(lost)
        if stage.cached:  # it was done, and only the word of it was lost
            return Ended(stage, log=log)
        if asked.times > self.repetitions:
            return Ended(stage, error=f"its task ended without a result {asked.times} times, last: {what}", log=log)
        say(f"again {stage.address}  {stage.label}: its task ended without a result ({what})")
        self._ask(_Asked(stage, asked.times + 1))
        return None

    def _without_node(self) -> list[Ended]:
        """Stages for which no node that is up was large enough for too long; of one that waits a line is said."""
        up = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        ended = []
        for task, asked in list(self._asked.items()):
            stage, wanted = asked.stage, _wanted(self.resources[asked.stage.kind])
            if any(all(node.get(name, 0) >= amount for name, amount in wanted.items()) for node in up):
                asked.without_node_since = None
                continue
            problem = f"no node of the Ray cluster has {_words(wanted)}; up are {'; '.join(map(_words, up)) or 'none'}"
            if asked.without_node_since is None:
                asked.without_node_since = time.monotonic()
                say(f"wait  {stage.address}  {stage.label}: {problem}; one may join within {self.node_wait_s:.0f} s")
            elif time.monotonic() - asked.without_node_since > self.node_wait_s:
                self._ray.cancel(task, force=True)
                del self._asked[task]
                ended.append(Ended(stage, error=f"{problem}; --resources cpus=, gpus= and mem_gb= ask for less"))
        return ended

    def _ask(self, asked: _Asked) -> None:
        of = self.resources[asked.stage.kind]
        threads = self.threads or of.cpus
        stage = asked.stage.on(threads, of.cpus, of.gpus)
        # one process for each task: what it reads at its start, and what its log takes the place of, is not for a second
        task = self._ray.remote(max_calls=1)(do).options(**options(of, stage.address, threads))
        self._asked[task.remote(os.getcwd(), stage)] = asked


def do(folder: str, stage: Stage) -> tuple[bool, str]:
    """What a task runs, in the folder of the command: (whether the work was done by this task, what went wrong)."""
    os.chdir(folder)
    return logged(stage)


def options(asked: Resources, name: str, threads: int) -> dict[str, Any]:
    """The words of a Ray task."""
    wanted = _wanted(asked)
    return {
        "name": name, "num_cpus": wanted["CPU"], "num_gpus": wanted["GPU"], "memory": wanted["memory"],
        "max_retries": 0,
        "runtime_env": {"env_vars": {**NO_STATISTICS, **dict.fromkeys(THREAD_VARIABLES, str(threads))}},
    }  # fmt: skip


def _wanted(asked: Resources) -> dict[str, int]:
    """In Ray's names, of which a node has so many."""
    return {"CPU": asked.cpus, "GPU": asked.gpus, "memory": round(asked.mem_gb * 2**30)}


def _check(kind: str, asked: Resources) -> None:
    """Raises ValueError where something is asked for that Ray has no word for."""
    for name in OF_SLURM:
        if getattr(asked, name) != Resources.model_fields[name].default:
            raise ValueError(f"--resources {kind}.{name} is SLURM's; --cluster ray takes cpus, gpus and mem_gb")


def _words(has: Mapping[str, float]) -> str:
    return f"{has.get('CPU', 0):g} CPUs, {has.get('GPU', 0):g} GPUs and {has.get('memory', 0) / 2**30:.3g} GB"


def _connected() -> Any:
    """The library, connected to the cluster of RAY_ADDRESS, or else to that of this machine; none is started."""
    with environment(NO_STATISTICS | ONE_TRY), _own_signals():
        ray = need("ray", "ray")
        try:
            ray.init(address="auto", log_to_driver=False, configure_logging=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            where = os.environ.get("RAY_ADDRESS")
            raise ValueError(f"Ray at {where} is not reached: {_said(error)}" if where else MISSING) from error
    return ray


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself while it connects; afterwards a signal ends a run as everywhere."""
    before = {number: signal.getsignal(number) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _said(error: BaseException) -> str:
    """The first sentence of one of Ray's paragraphs."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return line.partition(". ")[0]
