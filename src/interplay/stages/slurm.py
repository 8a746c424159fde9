"""Stages as SLURM jobs, through submitit: each is submitted when what it needs is done, and the queue is asked for it.

A job that SLURM preempts, or that reaches its time limit, is requeued under its own number; one that ended without a
result (cancelled, killed, its node lost) is submitted again, a bounded number of times. Either way the stage goes on
from its own checkpoint, and ends in the bytes of a run that was never cut. `squeue` and the store say what became of a
job, so no accounting is needed.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import submitit

from interplay.progress import say
from interplay.stages.environment import THREAD_VARIABLES
from interplay.stages.execute import LOG, Ended, perform
from interplay.stages.resources import Resources
from interplay.stages.room import Room
from interplay.stages.stage import Stage

QUEUE_POLL_S = 5.0
GRACE_POLLS = 3  # a shared file system may show a result a little after its job has left the queue
MISSING = "sbatch and squeue are not found: --cluster slurm is for a machine that submits to SLURM"


class StageJob:
    """What a job runs. SLURM's warning before a time limit or a preemption requeues it as it is.

    It runs under srun, because the warning goes to the steps of a job and not to its shell.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def __call__(self) -> bool:
        """True when the work was done by this job."""
        return perform(self.stage)

    def checkpoint(self) -> submitit.helpers.DelayedSubmission:
        """What to submit again: the stage keeps its own checkpoints."""
        return submitit.helpers.DelayedSubmission(self)


@dataclass
class _Submitted:
    stage: Stage
    job: submitit.Job[Any]
    times: int = 1
    polls_without: int = 0

    @property
    def log(self) -> str:
        return str(self.job.paths.stderr)


class Slurm:
    """As many jobs at a time as `room` has, with `threads` threads each, or the cores of its kind where that is 0."""

    beside = True

    def __init__(
        self,
        resources: Mapping[str, Resources],
        room: Room,
        threads: int,
        resubmissions: int,
        poll_s: float = QUEUE_POLL_S,
    ) -> None:
        if not shutil.which("sbatch") or not shutil.which("squeue"):
            raise ValueError(MISSING)
        self.room, self.resources, self.threads = room, resources, threads
        self.resubmissions, self.poll_s = resubmissions, poll_s
        self._submitted: list[_Submitted] = []

    def start(self, stage: Stage) -> None:
        """Submit the stage. Raises ValueError with SLURM's words when it refuses."""
        self.room.take(stage)
        self._submitted.append(_Submitted(stage, self._submit(stage)))

    def wait(self, seconds: float) -> list[Ended]:
        """Stages whose job has left the queue."""
        time.sleep(self.poll_s)
        queued = queued_jobs()
        if queued is None:  # the controller is busy: ask again later
            return []
        ended = []
        for submitted in list(self._submitted):
            if submitted.job.job_id in queued and not submitted.job.paths.result_pickle.is_file():
                submitted.polls_without = 0
            elif (end := self._judge(submitted)) is not None:
                self._submitted.remove(submitted)
                self.room.leave(submitted.stage)
                ended.append(end)
        return ended

    def stop(self) -> None:
        """Cancel what is queued or running."""
        numbers = [submitted.job.job_id for submitted in self._submitted]
        if numbers:
            say(f"cancelling {len(numbers)} jobs")
            subprocess.run(["scancel", *numbers], capture_output=True, check=False)
        self._submitted = []

    def _judge(self, submitted: _Submitted) -> Ended | None:
        """What became of a stage whose job has left the queue; None while that is open."""
        stage = submitted.stage
        if stage.cached:
            return Ended(stage, log=submitted.log)
        if (error := _raised(submitted.job)) is not None:
            return Ended(stage, error=error, log=submitted.log)
        submitted.polls_without += 1
        if submitted.polls_without < GRACE_POLLS:
            return None
        if submitted.times > self.resubmissions:
            return Ended(
                stage, error=f"its job ended without a result {submitted.times} times, last as {submitted.job.job_id}",
                log=submitted.log,
            )  # fmt: skip
        say(f"again {stage.address}  {stage.label}: job {submitted.job.job_id} ended without a result")
        submitted.job, submitted.times, submitted.polls_without = self._submit(stage), submitted.times + 1, 0
        return None

    def _submit(self, stage: Stage) -> submitit.Job[Any]:
        asked = self.resources[stage.kind]
        executor = submitit.SlurmExecutor(folder=stage.folder.absolute() / "slurm", max_num_timeout=self.resubmissions)
        executor.update_parameters(**parameters(asked, stage.address.replace("/", "-"), self.threads or asked.cpus))
        try:
            with submitit.helpers.clean_env():
                job = executor.submit(StageJob(stage.on(self.threads or asked.cpus, asked.cpus, asked.gpus)))
        except submitit.core.utils.FailedJobError as error:
            raise ValueError(f"SLURM does not take {stage.address}: {_last(str(error))}") from error
        _link_log(stage.folder / LOG, Path(job.paths.stderr))
        return job


def parameters(asked: Resources, name: str, threads: int) -> dict[str, Any]:
    """The words of submitit's SLURM executor."""
    named = {field: getattr(asked, field) for field in ("partition", "account", "qos", "constraint")}
    exports = [f"export {variable}={threads}" for variable in THREAD_VARIABLES]
    exports.append(f"export SRUN_CPUS_PER_TASK={asked.cpus}")  # srun no longer takes it from the job
    return {
        "job_name": name, "time": max(1, round(asked.hours * 60)), "cpus_per_task": asked.cpus, "mem": _memory(asked.mem_gb),
        "use_srun": True, "setup": [*exports, *asked.setup], "additional_parameters": {"requeue": True, **asked.extra},
        **({"gpus_per_node": asked.gpus} if asked.gpus else {}), **{key: value for key, value in named.items() if value},
    }  # fmt: skip


def _memory(mem_gb: float) -> str:
    return f"{round(mem_gb * 1024)}M"


def queued_jobs() -> set[str] | None:
    """Numbers of this user's jobs that are pending, running or ending; None when SLURM does not answer."""
    found = subprocess.run(["squeue", "--me", "-h", "-o", "%A"], capture_output=True, text=True, check=False)
    return set(found.stdout.split()) if found.returncode == 0 else None


def _raised(job: submitit.Job[Any]) -> str | None:
    """The exception that a job left behind, in one line."""
    if not job.paths.result_pickle.is_file():
        return None
    outcome, result = submitit.core.utils.pickle_load(job.paths.result_pickle)
    return None if outcome == "success" else _last(str(result))


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def _link_log(link: Path, target: Path) -> None:
    """The stage's log, where one looks for it, is that of its newest job."""
    link.unlink(missing_ok=True)
    link.symlink_to(target)
