"""Measurements inside an RL stage: which problems the start model has on its edge, and held-out accuracy while training."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from interplay.model.sampler import SamplingConfig
from interplay.rl.config import HeldOut, RLConfig
from interplay.rl.judge import Judge, judge_inline
from interplay.rl.pools import Edge
from interplay.rl.rewards import RewardConfig
from interplay.rl.rollout import Rollout, roll_out
from interplay.world.problem import Problem
from interplay.world.randomness import derive

CHUNK_SAMPLES = 4096


def measure(
    config: RLConfig,
    edge: Edge,
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    *,
    rows: int,
    judge: Judge = judge_inline,
) -> list[int]:
    """Right samples (strict) of each candidate, by the model as it is."""
    successes: list[int] = []
    size, seed = max(1, CHUNK_SAMPLES // edge.samples), derive("edge", config.seed)
    for start in range(0, edge.candidates, size):
        problems = config.pool.take(start, min(size, edge.candidates - start))
        groups = _samples(model, tokenizer, problems, edge.samples, config.sampling, seed, rows, judge)
        successes += [sum(r.verdict.strict for r in group) for group in groups]
    return successes


def measured(
    config: RLConfig,
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    *,
    rows: int,
    judge: Judge = judge_inline,
) -> list[int]:
    """The same, from `edge.json` where an earlier start of the stage left it; nothing where no edge is asked for."""
    edge = config.selection
    if not isinstance(edge, Edge):
        return []
    path = folder / "edge.json"
    if path.exists():
        return [int(right) for right in json.loads(path.read_text())["successes"]]
    successes = measure(config, edge, model, tokenizer, rows=rows, judge=judge)
    staging = path.with_suffix(".staging")
    record = {"samples": edge.samples, "successes": successes, "chosen": edge.chosen(successes)}
    staging.write_text(json.dumps(record))
    staging.replace(path)
    return successes


def held_out_metrics(
    held_out: HeldOut,
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    sampling: SamplingConfig,
    *,
    seed: int,
    rows: int,
    judge: Judge = judge_inline,
) -> dict[str, float]:
    """Strict accuracy and pass@samples on the fixed problems, also per op; the same random numbers every time."""
    problems = list(held_out.stream.first(held_out.problems))
    groups = _samples(model, tokenizer, problems, held_out.samples, sampling, derive("held_out", seed), rows, judge)
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


def _samples(
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    problems: list[Problem],
    samples: int,
    sampling: SamplingConfig,
    seed: int,
    rows: int,
    judge: Judge,
) -> list[list[Rollout]]:
    return roll_out(
        model,
        tokenizer,
        problems,
        group=samples,
        sampling=sampling,
        rewards=RewardConfig(),
        seed=seed,
        rows=rows,
        judge=judge,
    )
