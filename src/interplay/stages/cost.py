"""What a stage will cost, before it runs: tokens, floating-point operations, hours.

A store is its own benchmark: the hours come from a stage that is done there and comparable, or from a calibration
(`rates.py`). A tiny run gives no rate: most of its seconds are its start-up. Without anything to measure by, tokens are a
bound, operations are counted as papers do, and the hours follow from a speed that is assumed and named.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from interplay.model.sizes import ModelConfig, parameter_count
from interplay.stages.ran_on import RanOn
from interplay.stages.rates import Known, flops_of, measured_rate, of_its_kind, quantity
from interplay.stages.room import Room
from interplay.stages.stage import Stage
from interplay.stages.workload import Identity, shape, vocabulary_size, work
from interplay.train.runtime import Runtime

ASSUMED_CPU_FLOPS = 4e10  # a second of one thread, as micro models train on a common server core
ASSUMED_GPU_FLOPS = 2e14  # of training, a fifth of the peak of an H100 or H200 in bf16
ASSUMED_GPU_SAMPLING_FLOPS = 5e13  # of sampling, which waits for memory: 240k tokens/s at 103M parameters
ASSUMED_DOCUMENTS_PER_S = 1000.0


class Cost(NamedTuple):
    """Of one stage. `basis` says where the hours come from."""

    tokens: float
    flops: float
    hours: float
    basis: str
    at_most: bool = False

    def __str__(self) -> str:
        bound = "at most " if self.at_most else ""
        spent = f"{bound}{quantity(self.tokens)} tokens, {self.flops:.1e} FLOPs, " if self.tokens else ""
        return f"{spent}{bound}{duration(self.hours)} ({self.basis})"


def estimate(identity: Identity, known: Known, runtime: Runtime) -> Cost:
    """The cost of a stage by what was measured; where nothing comparable was, by a speed that is named."""
    rate = measured_rate(identity, known, RanOn.of(runtime))
    guess = assumed(identity, runtime)
    if rate is None:
        like = of_its_kind(identity, known.entries)
        told = f"; {len(like)} in the store too unlike to give a rate" if like else ""
        return guess._replace(basis=guess.basis + told)
    hours = rate.seconds / 3600
    if rate.entry is not None:
        tokens = rate.entry.summary.get("tokens", 0) * rate.share or guess.tokens
        return Cost(tokens, flops_of(rate.entry) * rate.share or guess.flops, hours, rate.basis)
    tokens = work(identity)[0] * rate.tokens or guess.tokens
    return Cost(tokens, guess.flops * tokens / guess.tokens if guess.tokens else 0, hours, rate.basis)


def expected_hours(stages: Iterable[Stage], known: Known, room: Room) -> dict[str, float]:
    """By address, what each stage that has no result should take on the devices that it is given."""
    return {
        stage.address: on_devices(estimate(stage.stored_identity(), known, stage.runtime), stage, room)
        for stage in stages
        if not stage.cached
    }


def on_devices(cost: Cost, stage: Stage, room: Room) -> float:
    """Hours on as many devices as the stage is given: its processes are taken to share the work evenly."""
    return cost.hours / max(1, room.asked(stage))


def assumed(identity: Identity, runtime: Runtime) -> Cost:
    """Bounds and nominal counts: 6 operations per parameter and token trained on, 2 per token sampled."""
    units, unit = work(identity)
    if unit == "documents":
        return Cost(0, 0, units / ASSUMED_DOCUMENTS_PER_S / 3600, f"assumed {ASSUMED_DOCUMENTS_PER_S:,.0f} documents/s")
    config = identity["config"]
    tokens, trained, sampled = units, 6.0, 0.0
    if unit == "samples":
        tokens = units * config["sampling"]["max_new_tokens"]
        trained, sampled = (6.0 + 2.0 * bool(config["loss"]["kl"]) if "group" in config else 0.0), 2.0
    parameters = parameter_count(ModelConfig.model_validate(shape(identity)), vocabulary_size(identity))
    speed, sampling_speed, basis = _assumed_speed(runtime)
    seconds = parameters * tokens * (trained / speed + sampled / sampling_speed)
    flops = (trained + sampled) * parameters * tokens
    return Cost(tokens, flops, seconds / 3600, f"assumed {basis}", at_most=unit == "samples")


def _assumed_speed(runtime: Runtime) -> tuple[float, float, str]:
    """Operations a second in training and in sampling, and in words."""
    if runtime.on_cpu:
        speed = ASSUMED_CPU_FLOPS * runtime.threads
        return speed, speed, f"{ASSUMED_CPU_FLOPS:.0e} FLOP/s on each of {runtime.threads} threads"
    if runtime.peak_flops:
        trained, sampled = 0.3 * runtime.peak_flops, 0.05 * runtime.peak_flops
        return trained, sampled, f"30 % of {runtime.peak_flops:.1e} FLOP/s in training, 5 % in sampling"
    words = f"{ASSUMED_GPU_FLOPS:.0e} FLOP/s in training and {ASSUMED_GPU_SAMPLING_FLOPS:.0e} in sampling on a GPU"
    return ASSUMED_GPU_FLOPS, ASSUMED_GPU_SAMPLING_FLOPS, words


def duration(hours: float) -> str:
    """Hours, or what says more."""
    if hours >= 1:
        return f"{hours:.1f} h"
    return f"{hours * 60:.1f} min" if hours >= 1 / 60 else f"{hours * 3600:.1f} s"
