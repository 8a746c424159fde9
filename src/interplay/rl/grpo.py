"""The GRPO loop: roll out, score, compare within groups, update; every step on record, every step repeatable.

Samples are a function of (weights, problem, sample index, seed), problems of the step and the pool's saved state, so a
run that is cut anywhere and started again ends in the same bytes.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from interplay.progress import progress, say
from interplay.rl.config import RLConfig
from interplay.rl.cost import step_flops
from interplay.rl.judge import Judge, judge_inline
from interplay.rl.learner import Learner
from interplay.rl.measure import held_out_metrics, measured
from interplay.rl.pools import PoolState, after_step, start_state, take
from interplay.rl.record import RolloutLog, step_metrics
from interplay.rl.rollout import Rollout, roll_out
from interplay.rl.scoring import Scored, has_signal, score
from interplay.train.checkpoint import newest, prune, step_of
from interplay.train.metrics import MetricsLog, read_metrics
from interplay.train.publish import finish, publish, read_summary
from interplay.train.runtime import Runtime
from interplay.world.randomness import derive

__all__ = ["Learner", "RLConfig", "Scored", "reinforce", "score"]

BEST = "held_out/strict"
STATE = "pool.json"


class Loop:
    """A stage on its way: the learner, the pool's state, and the step it stands at."""

    def __init__(
        self, config: RLConfig, learner: Learner, tokenizer: PreTrainedTokenizerFast, folder: Path, judge: Judge
    ) -> None:
        self.config, self.learner, self.tokenizer, self.folder, self.judge = config, learner, tokenizer, folder, judge
        self.rows = learner.runtime.sample_rows
        self.best: tuple[float, int] | None = None
        self.start_step = 0
        self.state = PoolState()

    def resume(self) -> None:
        """Go to the newest whole state under the folder, or measure what the pool needs and start."""
        found, complaints = newest(self.folder / "resume")
        for complaint in complaints:
            say(complaint)
        if found is None:
            successes = measured(
                self.config, self.learner.model, self.tokenizer, self.folder, rows=self.rows, judge=self.judge
            )
            self.state = start_state(self.config.selection, successes)
            return
        self.start_step = step_of(found)
        self.learner.load(found)
        if self.config.selection is not None:
            self.state = PoolState.model_validate_json((found / STATE).read_text())
        for row in read_metrics(self.folder / "metrics.jsonl"):
            if row["step"] <= self.start_step and BEST in row:
                self._note(row[BEST], row["step"])

    def step(self, step: int) -> tuple[dict[str, Any], list[list[Rollout]]]:
        """One step: its row of metrics and its rollouts, those of replaced groups included."""
        clock = time.monotonic()
        groups, used = self._gather(step)
        sampled_s = time.monotonic() - clock
        scored = score(used, self.config)
        updated = self.learner.update(scored, step)
        total_s = time.monotonic() - clock
        row = {"step": step + 1, **step_metrics(groups), **updated, **step_flops(self.learner, groups, scored.rollouts)}
        row["rl/drawn"], row["rl/top_op"] = float(len(groups)), float(max(group[0].problem.op for group in groups))
        strict = [(g[0].problem.op, sum(r.verdict.strict for r in g) / len(g)) for g in groups]
        self.state = after_step(self.config.pool, self.config.selection, self.state, strict)
        return row | {"time/rollout_s": round(sampled_s, 3), "time/update_s": round(total_s - sampled_s, 3)}, groups

    def _gather(self, step: int) -> tuple[list[list[Rollout]], list[list[Rollout]]]:
        """(all groups drawn, those to learn from). Groups without signal are replaced until the bound on draws."""
        config = self.config
        bound = config.prompts * config.max_draws
        groups: list[list[Rollout]] = []
        while True:
            lively = [g for g in groups if has_signal(g, config)] if config.max_draws > 1 else groups
            missing = min(config.prompts - len(lively), bound - len(groups))
            if missing <= 0:
                break
            problems = take(config.pool, config.selection, self.state, step, step * bound + len(groups), missing)
            groups += roll_out(
                self.learner.model, self.tokenizer, problems, group=config.group, sampling=config.sampling,
                rewards=config.reward, seed=derive("rl", config.seed, step), rows=self.rows, judge=self.judge,
            )  # fmt: skip
        silent = [g for g in groups if not any(g is other for other in lively)]
        return groups, (lively + silent)[: config.prompts] if silent else lively

    def evaluate(self, step: int) -> dict[str, float]:
        """Held-out accuracy where it is due after `step` steps; the best so far is published."""
        held_out = self.config.held_out
        if held_out is None or (step % held_out.every and step != self.config.steps):
            return {}
        metrics = held_out_metrics(
            held_out,
            self.learner.model,
            self.tokenizer,
            self.config.sampling,
            seed=self.config.seed,
            rows=self.rows,
            judge=self.judge,
        )
        if self._note(metrics[BEST], step):
            self.publish(step)
        return metrics

    def _note(self, value: float, step: int) -> bool:
        if self.best is None or value > self.best[0]:
            self.best = value, step
            return True
        return False

    def publish(self, step: int) -> str:
        """Write the checkpoint of a step; its name."""
        name = f"checkpoints/step-{step:07d}"
        publish(self.learner.model, self.tokenizer, self.folder / name)
        return name

    def kept(self) -> set[int]:
        """Steps whose checkpoints are wanted at the end: the last, the best and those on the grid."""
        every = self.config.checkpoint_every
        grid = set(range(every, self.config.steps, every)) if every else set()
        return {self.config.steps, *grid, *([self.best[1]] if self.best else [])}

    def save(self, step: int) -> None:
        """The state to go on from after `step` steps."""
        self.learner.save(self.folder / "resume" / f"step-{step:07d}", {STATE: self.state.model_dump_json()})
        prune(self.folder / "resume", {step})


def reinforce(
    config: RLConfig,
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    runtime: Runtime,
    title: str = "rl",
    judge: Judge = judge_inline,
    share_prompts: bool = False,
) -> dict[str, Any]:
    """Train `model` in place with GRPO, resuming what `folder` holds; returns the stage's summary.

    Writes `metrics.jsonl`, `rollouts.parquet`, `checkpoints/step-N` and `summary.json` under `folder`.
    """
    if (done := read_summary(folder)) is not None:
        return done
    folder.mkdir(parents=True, exist_ok=True)
    loop = Loop(config, Learner(model, tokenizer, config, runtime, share_prompts), tokenizer, folder, judge)
    loop.resume()
    metrics, rollouts = MetricsLog(folder / "metrics.jsonl", loop.start_step), RolloutLog(folder, loop.start_step)
    started = saved = time.monotonic()
    with progress(title, config.steps) as update:
        for step in range(loop.start_step, config.steps):
            row, groups = loop.step(step)
            metrics.write(row | loop.evaluate(step + 1))
            rollouts.add(step + 1, groups)
            update(step + 1, reward=row["rl/reward"], strict=row["rl/strict"])
            if step + 1 == config.steps:
                break
            if config.checkpoint_every and (step + 1) % config.checkpoint_every == 0:
                loop.publish(step + 1)
            if time.monotonic() - saved > runtime.save_seconds:
                rollouts.flush(step + 1)
                loop.save(step + 1)
                saved = time.monotonic()
    metrics.close()
    rollouts.finish(config.steps)
    return _finished(loop, time.monotonic() - started)


def _finished(loop: Loop, wall_s: float) -> dict[str, Any]:
    name = loop.publish(loop.config.steps)
    prune(loop.folder / "checkpoints", loop.kept())
    rows = read_metrics(loop.folder / "metrics.jsonl")
    tokens = sum(row["rl/tokens"] for row in rows)
    summary = {"checkpoint": name, "steps": loop.config.steps, "tokens": int(tokens), "wall_s": wall_s}
    summary["resumed_at_step"] = loop.start_step
    if loop.best is not None:
        summary |= {"best": f"checkpoints/step-{loop.best[1]:07d}", "best_held_out": loop.best[0]}
    return finish(loop.folder, summary, scratch=("resume", "rollouts"))
