"""Measurements inside an RL stage: which problems the policy has on its edge, and held-out accuracy while training."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from interplay.files import write_json
from interplay.rl.config import HeldOut, RLConfig
from interplay.rl.flops import Flops
from interplay.rl.pools import Filter
from interplay.rl.rollout import Rollout
from interplay.world.problem import Problem
from interplay.world.randomness import derive

CHUNK_SAMPLES = 4096


class RollOut(Protocol):
    """`group` rollouts of each problem by the policy as it is now."""

    def __call__(self, problems: list[Problem], *, group: int, seed: int) -> list[list[Rollout]]: ...


class Measured(NamedTuple):
    """Right samples (strict) of each candidate, and what drawing them cost."""

    successes: tuple[int, ...]
    flops: Flops


CostOf = Callable[[list[list[Rollout]]], Flops]


def measure(config: RLConfig, edge: Filter, roll_out: RollOut, cost_of: CostOf, *when: int) -> Measured:
    """Each candidate asked `edge.samples` times, by the model as it is; `when` is the step of a measurement that is not the
    first, which has random numbers of its own."""
    successes: list[int] = []
    flops: Counter[str] = Counter()
    size, seed = max(1, CHUNK_SAMPLES // edge.samples), derive("edge", config.seed, *when)
    for start in range(0, edge.candidates, size):
        problems = config.pool.take(start, min(size, edge.candidates - start))
        groups = roll_out(problems, group=edge.samples, seed=seed)
        successes += [sum(r.verdict.strict for r in group) for group in groups]
        flops.update(cost_of(groups))
    return Measured(tuple(successes), dict(flops))


def measured(config: RLConfig, folder: Path, roll_out: RollOut, cost_of: CostOf, *, writes: bool = True) -> Measured:
    """The same, from `edge.json` where an earlier start of the stage left it; nothing where no filter is asked for."""
    edge = config.selection
    if not isinstance(edge, Filter):
        return Measured((), {})
    path = folder / "edge.json"
    if path.exists():
        record = json.loads(path.read_text())
        return Measured(tuple(record["successes"]), record["flops"])
    found = measure(config, edge, roll_out, cost_of)
    if writes:
        record = {"samples": edge.samples, **found._asdict(), "chosen": edge.chosen(found.successes)}
        write_json(path, record)
    return found


def held_out_metrics(held_out: HeldOut, roll_out: RollOut, *, seed: int) -> dict[str, float]:
    """Strict accuracy and pass@samples on the fixed problems, also per op; the same random numbers every time."""
    problems = list(held_out.stream.first(held_out.problems))
    groups = [g for g in roll_out(problems, group=held_out.samples, seed=derive("held_out", seed)) if g]
    if not groups:
        raise ValueError(f"no held-out prompt of {len(problems)} fits the model's positions beside max_new_tokens")
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
