"""Measurements inside an RL stage: which problems the start model has on its edge, and held-out accuracy while training."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Protocol

from interplay.rl.config import HeldOut, RLConfig
from interplay.rl.pools import Edge
from interplay.rl.rollout import Rollout
from interplay.world.problem import Problem
from interplay.world.randomness import derive

CHUNK_SAMPLES = 4096


class RollOut(Protocol):
    """`group` rollouts of each problem by the policy as it is now."""

    def __call__(self, problems: list[Problem], *, group: int, seed: int) -> list[list[Rollout]]: ...


def measure(config: RLConfig, edge: Edge, roll_out: RollOut) -> list[int]:
    """Right samples (strict) of each candidate, by the model as it is."""
    successes: list[int] = []
    size, seed = max(1, CHUNK_SAMPLES // edge.samples), derive("edge", config.seed)
    for start in range(0, edge.candidates, size):
        problems = config.pool.take(start, min(size, edge.candidates - start))
        successes += [sum(r.verdict.strict for r in g) for g in roll_out(problems, group=edge.samples, seed=seed)]
    return successes


def measured(config: RLConfig, folder: Path, roll_out: RollOut, *, writes: bool = True) -> list[int]:
    """The same, from `edge.json` where an earlier start of the stage left it; nothing where no edge is asked for."""
    edge = config.selection
    if not isinstance(edge, Edge):
        return []
    path = folder / "edge.json"
    if path.exists():
        return [int(right) for right in json.loads(path.read_text())["successes"]]
    successes = measure(config, edge, roll_out)
    if writes:
        staging = path.with_suffix(".staging")
        record = {"samples": edge.samples, "successes": successes, "chosen": edge.chosen(successes)}
        staging.write_text(json.dumps(record))
        staging.replace(path)
    return successes


def held_out_metrics(held_out: HeldOut, roll_out: RollOut, *, seed: int) -> dict[str, float]:
    """Strict accuracy and pass@samples on the fixed problems, also per op; the same random numbers every time."""
    problems = list(held_out.stream.first(held_out.problems))
    groups = roll_out(problems, group=held_out.samples, seed=derive("held_out", seed))
    by_op: dict[str, list[list[Rollout]]] = defaultdict(list)
    for group in groups:
        by_op["held_out"].append(group)
        by_op[f"held_out/op{group[0].problem.op}"].append(group)
    metrics: dict[str, float] = {}
    for name, members in sorted(by_op.items()):
        right = [[r.verdict.strict for r in group] for group in members]
        metrics[f"{name}/strict"] = sum(map(sum, right)) / sum(map(len, right))
        metrics[f"{name}/pass_at_samples"] = sum(map(any, right)) / len(right)
    return metrics
