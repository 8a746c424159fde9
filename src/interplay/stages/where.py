"""Where a run's stages go, as it was asked for: this process, worker processes, or a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from interplay.stages.execute import Executor, Here
from interplay.stages.resources import ResourcesByKind, resources_by_kind
from interplay.stages.room import Devices, Room
from interplay.train.processor import num_cores
from interplay.train.runtime import Device, Runtime

CLUSTERS = ("slurm", "ray")
THREADS_ALONE = 2  # a stage of its own on the machine: more threads are slower on small models
JOBS_ON_CLUSTER = 64


class Where(NamedTuple):
    """`threads` is 0 where nothing was said of it; `devices` are those that stages have to themselves."""

    places: int
    threads: int
    cluster: str | None = None
    resources: ResourcesByKind | None = None
    resubmit: int = 0
    devices: Devices | None = None

    @classmethod
    def asked(
        cls, jobs: int, threads: int, cluster: str | None, resources: Sequence[str], resubmit: int, scale: str = "",
        devices: int = 0, device: Device = "auto", plan: bool = False,
    ) -> Where:  # fmt: skip
        """What the command line says; a `plan` may name devices that are not here. Raises ValueError where it makes no
        sense."""
        for option, number in {"jobs": jobs, "threads": threads, "resubmit": resubmit, "devices": devices}.items():
            if number < 0:
                raise ValueError(f"--{option} must not be negative, got {number}")
        if cluster is not None and cluster not in CLUSTERS:
            raise ValueError(f"--cluster must be {' or '.join(CLUSTERS)}, got {cluster!r}")
        if cluster is None and resources and not devices:
            raise ValueError(
                "--resources are those of a cluster's jobs, or of --devices: give --cluster or --devices, too"
            )
        asked = resources_by_kind(resources, scale, gpus=1 if devices else 0) if cluster or devices else None
        dealt = None
        if devices:
            named = _numbered(devices) if cluster or plan or device == "cpu" else _here(devices)
            dealt = Devices(named, {kind: of.gpus for kind, of in (asked or {}).items()}, device == "cpu").check()
        places = jobs or (JOBS_ON_CLUSTER if cluster else devices or 1)
        return cls(places, threads, cluster, asked, resubmit, dealt)

    @property
    def room(self) -> Room:
        """Empty room."""
        return Room(self.places, self.devices)

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
        if self.cluster == "ray":
            from interplay.stages.ray import Ray

            return Ray(self.resources or {}, self.room, self.threads, self.resubmit)
        if self.cluster is not None:
            from interplay.stages.slurm import Slurm

            return Slurm(self.resources or {}, self.room, self.threads, self.resubmit)
        if self.places == 1 and self.devices is None:
            return Here()
        from interplay.stages.workers import Workers

        return Workers(self.room, self.threads_per_stage())


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


def _here(count: int) -> tuple[str, ...]:
    """The first GPUs of this machine. Raises ValueError where there are fewer."""
    from interplay.stages.environment import visible_gpus

    found = visible_gpus()
    if len(found) < count:
        seen = (
            f"torch sees {len(found)} here" if found else "torch sees none here; --device cpu makes places of the cores"
        )
        raise ValueError(f"--devices {count} asks for that many GPUs, {seen}")
    return tuple(found[:count])
