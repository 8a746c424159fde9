"""What RL leaves behind: metrics of each step and op, and every rollout with its verdict in Parquet."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from interplay.files import clear, write_table
from interplay.rl.rollout import Rollout
from interplay.schema import sampled
from interplay.schema.parquet import table_of
from interplay.schema.verdicts import Judged, columns_of


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def step_metrics(groups: list[list[Rollout]]) -> dict[str, float]:
    """Means over a step's rollouts, and over each op's; groups without signal are counted by why."""
    metrics = _metrics_of(groups)
    by_op: dict[int, list[list[Rollout]]] = defaultdict(list)
    for group in groups:
        by_op[group[0].problem.op].append(group)
    for op, members in sorted(by_op.items()):
        metrics |= {name.replace("rl/", f"rl/op{op}/"): value for name, value in _metrics_of(members).items()}
    return metrics


def _metrics_of(groups: list[list[Rollout]]) -> dict[str, float]:
    rollouts = [r for group in groups for r in group]
    silent = [group for group in groups if len({r.reward for r in group}) == 1]
    lengths = [len(r.completion.tokens) for r in rollouts]
    not_strict = [r.verdict.answer_correct and not r.verdict.strict for r in rollouts]
    return {
        "rl/reward": _mean([r.reward for r in rollouts]),
        "rl/strict": _mean([r.verdict.strict for r in rollouts]),
        "rl/outcome": _mean([r.verdict.answer_correct for r in rollouts]),
        "rl/process": _mean([r.verdict.process_accuracy for r in rollouts]),
        "rl/pass_at_group": _mean([any(r.verdict.strict for r in group) for group in groups]),
        "rl/sound": _mean([r.verdict.sound for r in rollouts]),
        "rl/hacked": _mean([r.verdict.outcome == "hacked" for r in rollouts]),
        "rl/not_strict": _mean([float(found) for found in not_strict]),
        "rl/silent_wrong": _mean([float(g in silent and g[0].reward == 0) for g in groups]),
        "rl/silent_right": _mean([float(g in silent and g[0].reward > 0) for g in groups]),
        "rl/tokens": float(sum(lengths)),
        "rl/length": _mean([float(n) for n in lengths]),
        "rl/sampled_entropy": -sum(sum(r.completion.logprobs) for r in rollouts) / sum(lengths),
        "rl/truncated": _mean([not r.completion.finished for r in rollouts]),
    }


class RolloutLog:
    """Rollouts in Parquet parts, one per save, merged at the end; parts after the resumed step are dropped."""

    def __init__(self, folder: Path, step: int) -> None:
        self.folder = folder
        self.parts = folder / "rollouts"
        self.parts.mkdir(parents=True, exist_ok=True)
        self.rows: list[dict[str, object]] = []
        clear(self.parts)
        for part in self.parts.iterdir():
            if int(part.stem) > step:
                part.unlink()

    def add(self, step: int, groups: list[list[Rollout]]) -> None:
        """Keep the rollouts of one step until the next flush."""
        self.rows += [
            {
                "step": step,
                "problem_id": r.problem.id,
                "context": r.problem.context,
                "op": r.problem.op,
                "mode": r.problem.mode,
                "sample": r.completion.sample,
                "text": r.text,
                "num_tokens": len(r.completion.tokens),
                "finished": r.completion.finished,
                "reward": r.reward,
                **columns_of(r.verdict, Judged),
            }
            for group in groups
            for r in group
        ]

    def flush(self, step: int) -> None:
        """Write what is kept as the part that ends at `step`."""
        write_table(self.parts / f"{step:07d}.parquet", table_of(self.rows, sampled.Rollout))
        self.rows = []

    def finish(self, step: int) -> None:
        """Merge all parts into `rollouts.parquet`; its bytes do not depend on where the run was cut."""
        self.flush(step)
        parts = sorted(self.parts.glob("*.parquet"))
        merged = pa.concat_tables([pq.read_table(part) for part in parts]).combine_chunks()
        write_table(self.folder / "rollouts.parquet", merged)
