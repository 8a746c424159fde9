"""Where a run's stages go, as it was asked for: this process, worker processes, or a cluster."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from interplay.stages.execute import Executor, Here
from interplay.stages.resources import ResourcesByKind, resources_by_kind
from interplay.train.runtime import Device, Runtime

CLUSTERS = ("slurm",)
THREADS_ALONE = 2  # a stage of its own on the machine: more threads are slower on small models
JOBS_ON_CLUSTER = 64


class Where(NamedTuple):
    """`threads` is 0 where nothing was said of it."""

    places: int
    threads: int
    cluster: str | None = None
    resources: ResourcesByKind | None = None
    resubmit: int = 0

    @classmethod
    def asked(
        cls, jobs: int, threads: int, cluster: str | None, resources: Sequence[str], resubmit: int, scale: str = ""
    ) -> Where:
        """What the command line says. Raises ValueError where it makes no sense."""
        if min(jobs, threads, resubmit) < 0:
            raise ValueError(f"--jobs, --threads and --resubmit must not be negative: {jobs}, {threads}, {resubmit}")
        if cluster is None:
            if resources:
                raise ValueError("--resources are those of a cluster's jobs: give --cluster slurm, too")
            return cls(jobs or 1, threads)
        if cluster not in CLUSTERS:
            raise ValueError(f"--cluster must be {' or '.join(CLUSTERS)}, got {cluster!r}")
        return cls(jobs or JOBS_ON_CLUSTER, threads, cluster, resources_by_kind(resources, scale), resubmit)

    def threads_per_stage(self) -> int:
        """Threads such that stages side by side have a core for each."""
        cores = num_cores()
        return self.threads or (min(THREADS_ALONE, cores) if self.places == 1 else max(1, cores // self.places))

    def runtime(self, save_seconds: float, device: Device = "auto") -> Runtime:
        """The runtime of every stage; on a cluster each job sets its threads by what its kind asks for."""
        cores = max(1, num_cores() // self.places) if self.places > 1 and self.cluster is None else 0
        return Runtime(device=device, threads=self.threads_per_stage(), cores=cores, save_seconds=save_seconds)

    def executor(self) -> Executor:
        """Starts nothing yet. Raises ValueError where the cluster is not to be reached from here."""
        if self.cluster is not None:
            from interplay.stages.slurm import Slurm

            return Slurm(self.resources or {}, self.places, self.threads, self.resubmit)
        if self.places == 1:
            return Here()
        from interplay.stages.workers import Workers

        return Workers(self.places, self.threads_per_stage())


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
