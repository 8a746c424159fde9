"""What a stage will cost, before it runs: tokens, floating-point operations, hours.

A store is its own benchmark: the rates come from the nearest stage of the same kind, model size and size of work that is done
there. A tiny run gives none: most of its seconds are its start-up. Without a stage to measure by, tokens are a bound,
operations are counted as papers do, and the hours follow from a speed that is assumed and named.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from interplay.model.sizes import ModelConfig, parameter_count
from interplay.rl.flops import MEASURED
from interplay.stages.diff import differences, distance
from interplay.stages.room import Room
from interplay.stages.stage import Stage
from interplay.stages.store import Entry
from interplay.train.runtime import Runtime

ASSUMED_CPU_FLOPS = 4e10  # a second of one thread, as micro models train on a common server core
ASSUMED_GPU_FLOPS = 2e14  # of training, a fifth of the peak of an H100 or H200 in bf16
ASSUMED_GPU_SAMPLING_FLOPS = 5e13  # of sampling, which waits for memory: 240k tokens/s at 103M parameters
ASSUMED_DOCUMENTS_PER_S = 1000.0
SMALLEST_SHARE = 0.25  # of the work that is asked for, for a measured rate to count

Identity = Mapping[str, Any]


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


def estimate(identity: Identity, entries: Iterable[Entry], runtime: Runtime) -> Cost:
    """The cost of a stage, by the nearest done one that is comparable; where there is none, by a speed that is named."""
    kind, units, unit = identity["address"].split("/")[0], *work(identity)
    like = [e for e in entries if e.kind == kind and e.state == "done" and shape(e.identity) == shape(identity)]
    alike = [entry for entry in like if comparable(entry.identity, identity)]
    measured = [(entry, rate) for entry in alike if (rate := rate_of(entry)) is not None]
    if not measured:
        guess = assumed(identity, runtime)
        told = f"; {len(like)} in the store too unlike to give a rate" if like else ""
        return guess._replace(basis=guess.basis + told)
    entry, rate = min(measured, key=lambda pair: distance(differences(pair[0].identity, identity)))
    share = units / work(entry.identity)[0]
    summary = entry.summary
    tokens, flops = summary.get("tokens", 0) * share, flops_of(entry) * share
    if not tokens or not flops:
        guess = assumed(identity, runtime)
        tokens, flops = tokens or guess.tokens, flops or guess.flops
    return Cost(tokens, flops, units / rate / 3600, f"{quantity(rate)} {unit}/s as in {entry.address}")


def expected_hours(stages: Iterable[Stage], there: Collection[Entry], room: Room) -> dict[str, float]:
    """By address, what each stage that has no result should take on the devices that it is given."""
    return {
        stage.address: on_devices(estimate(json.loads(json.dumps(stage.identity())), there, stage.runtime), stage, room)
        for stage in stages
        if not stage.cached
    }


def comparable(measured: Identity, asked: Identity) -> bool:
    """Whether one stage's rate says anything of the other's: a quarter of the work or more, samples of the same length."""
    configs = measured["config"], asked["config"]
    limits = [config.get("sampling", {}).get("max_new_tokens") for config in configs]
    return limits[0] == limits[1] and work(measured)[0] >= SMALLEST_SHARE * work(asked)[0]


def on_devices(cost: Cost, stage: Stage, room: Room) -> float:
    """Hours on as many devices as the stage is given: its processes are taken to share the work evenly."""
    return cost.hours / max(1, room.asked(stage))


def work(identity: Identity) -> tuple[float, str]:
    """How much there is to do, in what a stage of this kind does one after another."""
    config = identity["config"]
    if "budget_tokens" in config:
        return config["budget_tokens"], "tokens"
    if "group" in config:
        return config["steps"] * config["prompts"] * config["group"], "samples"
    if "samples" in config:
        return len(config["regimes"]) * config["problems"] * config["samples"], "samples"
    return config["documents"], "documents"


def shape(identity: Identity) -> Mapping[str, Any] | None:
    """The shape of the model that a stage trains or samples; None for a tokenizer."""
    found = _above(identity, "model")
    return None if found is None else dict(found)


def _above(identity: Identity | None, name: str) -> Any:
    """A field of a stage, or of the nearest one it starts from that has it."""
    while identity is not None and name not in identity:
        identity = identity.get("start") or identity.get("checkpoint")
    return None if identity is None else identity[name]


def rate_of(entry: Entry) -> float | None:
    """Units of work a second and process; None where the summary does not tell, as for an evaluation that was cut."""
    summary, (units, _) = entry.summary, work(entry.identity)
    if not (wall_s := summary.get("wall_s", 0) * summary.get("processes", 1)):
        return None
    if "resumed_at_step" in summary:
        return float(units * (1 - summary["resumed_at_step"] / summary["steps"]) / wall_s) or None
    return units / wall_s if entry.attempts <= 1 else None


def flops_of(entry: Entry) -> float:
    """Operations a stage reports: in its summary, or step by step; 0 where it does not."""
    if (flops := entry.summary.get("flops")) is not None:
        return float(flops)
    log = entry.folder / "metrics.jsonl"
    if not log.is_file():
        return 0.0
    return float(sum(json.loads(line).get(MEASURED, 0.0) for line in log.read_text().splitlines()))


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


def vocabulary_size(identity: Identity) -> int:
    """Entries of the tokenizer that a stage's model was made for."""
    return int(_above(identity, "tokenizer")["config"]["vocab_size"])


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


def quantity(number: float) -> str:
    """A count in three digits: 1.3M."""
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def duration(hours: float) -> str:
    """Hours, or what says more."""
    if hours >= 1:
        return f"{hours:.1f} h"
    return f"{hours * 60:.1f} min" if hours >= 1 / 60 else f"{hours * 3600:.1f} s"
