"""What a sample of RL was charged and what it cost, measured from a study's records: two settings that match arms by compute.

`sample_tokens` is what an RL sample is charged in tokens of training; its honest value is the positions it has, the prompt
included. `extrapolation.measured_share` is what RL computed over what it was charged; gold and self-training are matched to it.
Both move with the world, the lengths and the share of groups without signal, so they are measured where a scale has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from interplay.report.methods import parameters
from interplay.report.records import read_claims
from interplay.schema.study import Stage, Study


class Charge(NamedTuple):
    """Of one arm that ends in RL, the mean over its seeds: positions of a sample, and measured over charged compute."""

    arm: str
    label: str
    positions: float
    share: float
    num_seeds: int


def charges(directory: Path) -> list[Charge]:
    """One for each arm that ends in RL. Raises ValueError where the records say no costs."""
    study, _ = read_claims(directory)
    size, per_token = parameters(study), _flops_per_token(study)
    if size is None or per_token is None:
        raise ValueError(f"{directory} holds no costs of training that RL could be compared with")
    found: dict[str, list[tuple[float, float]]] = {}
    for arm, stage in _reinforced(study):
        found.setdefault(arm, []).append(_of(stage, study.settings, size, per_token))
    if not found:
        raise ValueError(f"{directory} holds no arm that ends in RL")
    labels = {arm.arm: arm.label for arm in study.arms}
    return [
        Charge(arm, labels[arm], fmean(one for one, _ in values), fmean(share for _, share in values), len(values))
        for arm, values in found.items()
    ]


def lines(found: list[Charge], sample_tokens: int) -> list[str]:
    """A line per arm."""
    return [f"charged per sample: {sample_tokens} tokens (sample_tokens)"] + [
        f"{one.label}: {one.positions:.1f} positions a sample, measured_share {one.share:.3f} "
        f"({one.num_seeds} {'training' if one.num_seeds == 1 else 'trainings'})"
        for one in found
    ]


def _of(stage: Stage, settings: dict[str, Any], size: float, per_token: float) -> tuple[float, float]:
    config, summary = stage.config, stage.summary
    samples = config["steps"] * config["prompts"] * config["group"]
    passes = (
        10 if (config.get("loss") or {}).get("kl") else 8
    )  # sampling, update and reference, FLOPs a parameter and position
    charged = 5 / 3 * samples * settings["sample_tokens"]
    return summary["nominal_flops"] / passes / size / samples, summary["flops"] / per_token / charged


def _flops_per_token(study: Study) -> float | None:
    """Measured FLOPs of a token of supervised training: of mid-training where there is any, as gold is trained."""
    stages = study.stages.values()
    for kind in ("midtrain", "pretrain"):
        found = [s.summary["flops"] / s.summary["tokens"] for s in stages if s.kind == kind and s.summary.get("flops")]
        if found:
            return fmean(found)
    return None


def _reinforced(study: Study) -> Iterator[tuple[str, Stage]]:
    """Each arm, at each seed, with the RL stage that it ends in."""
    for arm in study.arms:
        stages = [study.stages[address] for address in arm.stages]
        last = next((stage for stage in reversed(stages) if stage.kind != "evaluate"), None)
        if last is not None and last.kind == "rl" and last.summary.get("flops") and last.summary.get("nominal_flops"):
            yield arm.arm, last
