"""The GRPO loop: roll out, score, compare within groups, update; every step on record, every step repeatable.

Samples are a function of (weights, problem, sample index, seed), problems of the step and the pool's saved state, so a
run that is cut anywhere and started again ends in the same bytes, and several processes make the run of one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from transformers import PreTrainedTokenizerFast

from interplay.judging.pool import Pool, spare_workers
from interplay.judging.texts import as_it_is
from interplay.model.problems import Sampler
from interplay.model.vllm import TrainedEngine
from interplay.progress import progress
from interplay.rl.config import RLConfig
from interplay.rl.flops import Flops, sampling_flops, step_flops
from interplay.rl.learner import Learner
from interplay.rl.measure import held_out_metrics, measure, measured
from interplay.rl.pools import Refreshed, after_measuring, after_step, start_state, take
from interplay.rl.rewards import RewardConfig
from interplay.rl.rollout import Judge, Rollout, roll_out
from interplay.rl.rollout_log import step_metrics
from interplay.rl.scoring import Scored, has_signal, score
from interplay.rl.stage_folder import BEST, StageFolder
from interplay.train.pace import Pace
from interplay.train.publish import finished
from interplay.train.runtime import Runtime
from interplay.world.problem import Problem
from interplay.world.randomness import derive

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Learner", "RLConfig", "Scored", "reinforce", "score"]

STRICT = RewardConfig()


class Loop:
    """A stage on its way: the learner, the pool's state, and the folder it writes."""

    def __init__(self, folder: StageFolder, judge: Judge, sampler: Sampler | None = None) -> None:
        self.config, self.learner, self.folder, self.judge = folder.config, folder.learner, folder, judge
        self.sampler = sampler
        saved = folder.resume()
        self.cost_of = partial(sampling_flops, self.learner)
        before = measured(self.config, folder.path, self.roll_out, self.cost_of, writes=folder.writes)
        self.flops_before = before.flops  # the first step pays for what was measured to choose its problems
        self.state = saved or start_state(self.config.selection, before.successes)

    def roll_out(
        self, problems: list[Problem], *, group: int, seed: int, rewards: RewardConfig = STRICT
    ) -> list[list[Rollout]]:
        """A group of rollouts of each problem, empty where the prompt does not fit the model; of several processes each
        samples its share."""
        learner = self.learner
        work = partial(
            roll_out, learner.model, self.folder.tokenizer, group=group, sampling=self.config.sampling,
            rewards=rewards, seed=seed, runtime=learner.runtime, judge=self.judge, sampler=self.sampler,
        )  # fmt: skip
        return learner.processes.spread(problems, work)

    def step(self, step: int) -> tuple[dict[str, Any], list[list[Rollout]]]:
        """One step: its row of metrics and its rollouts, those of replaced groups included."""
        clock = time.monotonic()
        paid, found = self._choose(step)
        groups, used, unfit = self._gather(step)
        sampled_s = time.monotonic() - clock
        scored = score(used, self.config)
        updated = self.learner.update(scored, step)
        total_s = time.monotonic() - clock
        flops = step_flops(self.learner, groups, scored.rollouts)
        flops = {name: value + paid.get(name, 0.0) for name, value in flops.items()}
        row = {"step": step + 1, **step_metrics(groups), **updated, **flops, **found}
        row["rl/unfit"] = float(unfit)
        row["rl/drawn"], row["rl/top_op"] = float(len(groups)), float(max(group[0].problem.op for group in groups))
        strict = [(g[0].problem.op, sum(r.verdict.strict for r in g) / len(g)) for g in groups]
        self.state = after_step(self.config.pool, self.config.selection, self.state, strict)
        return row | {"time/rollout_s": round(sampled_s, 3), "time/update_s": round(total_s - sampled_s, 3)}, groups

    def _choose(self, step: int) -> tuple[Flops, dict[str, float]]:
        """Measure again which problems the policy has on its edge, where that is due: what it cost, and what it found."""
        selection = self.config.selection
        if not isinstance(selection, Refreshed):
            return self.flops_before if step == 0 else {}, {}
        if step == 0:
            flops, successes = self.flops_before, self.state.successes
        elif selection.is_due(step):
            successes, flops = measure(self.config, selection, self.roll_out, self.cost_of, step)
            self.state = after_measuring(selection, self.state, successes)
        else:
            return {}, {}
        chosen = selection.on_edge(successes)
        self.folder.write_edge(step + 1, {"successes": successes, "chosen": chosen})
        return flops, {"rl/on_edge": len(chosen) / selection.candidates}

    def _gather(self, step: int) -> tuple[list[list[Rollout]], list[list[Rollout]], int]:
        """(all groups drawn, those to learn from, prompts that did not fit). Groups without signal are replaced until the
        bound on draws. Raises ValueError where no prompt fits."""
        config = self.config
        bound = config.prompts * config.max_draws
        groups: list[list[Rollout]] = []
        asked = 0
        while True:
            lively = [g for g in groups if has_signal(g, config)] if config.max_draws > 1 else groups
            missing = min(config.prompts - len(lively), bound - asked)
            if missing <= 0:
                break
            problems = take(config.pool, config.selection, self.state, step, step * bound + asked, missing)
            asked += missing
            found = self.roll_out(
                problems, group=config.group, seed=derive("rl", config.seed, step), rewards=config.reward
            )
            groups += [group for group in found if group]
        if not groups:
            raise ValueError(
                f"none of the {asked} prompts of step {step + 1} leaves room for max_new_tokens "
                f"{config.sampling.max_new_tokens} in the model's positions"
            )
        silent = [g for g in groups if not any(g is other for other in lively)]
        return groups, (lively + silent)[: config.prompts] if silent else lively, asked - len(groups)

    def evaluate(self, step: int) -> dict[str, float]:
        """Held-out accuracy where it is due after `step` steps; the best so far is published."""
        held_out = self.config.held_out
        if held_out is None or (step % held_out.every and step != self.config.steps):
            return {}
        metrics = held_out_metrics(held_out, self.roll_out, seed=self.config.seed)
        if self.folder.is_best(metrics[BEST], step):
            self.folder.publish(step)
        return metrics


def _silently(done: float, **shown: float | str) -> None:
    """The progress of a process that is not the first."""


def reinforce(
    config: RLConfig,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    runtime: Runtime,
    title: str = "rl",
    judge: Judge | None = None,
) -> dict[str, object]:
    """Train `model` in place with GRPO, resuming what `folder` holds; returns the stage's summary.

    Writes `metrics.jsonl`, `rollouts.parquet`, `checkpoints/step-N` and `summary.json` under `folder`. Under `accelerate
    launch` or `torchrun` every process calls it with the same arguments. Without a `judge` the cores that
    sampling leaves are used.
    """
    if (done := finished(folder)) is not None:
        return done
    stage = StageFolder(folder, config, Learner(model, tokenizer, config, runtime), tokenizer)
    workers = spare_workers(runtime.threads, stage.learner.processes.world, runtime.cores)
    with ExitStack() as held:
        judge = held.enter_context(Pool(workers, as_it_is)) if judge is None else judge
        return _run(Loop(stage, judge, held.enter_context(_sampler(stage.learner))), title)


@contextmanager
def _sampler(learner: Learner) -> Iterator[Sampler | None]:
    """Another engine beside the learner, one for the whole stage, where the config asks for it. Raises ValueError where it
    is not installed, or where several processes would each start one."""
    if learner.config.sampler == "own":
        yield None
        return
    learner.config.check_sampler()
    if learner.processes.world > 1:
        raise ValueError(f"sampler 'vllm' samples beside one process, and there are {learner.processes.world}")
    with TemporaryDirectory(prefix="interplay-weights-") as folder:
        yield TrainedEngine(learner.model, Path(folder) / "policy").sample


def _run(loop: Loop, title: str) -> dict[str, object]:
    """The steps that are left; the stage's summary."""
    config, stage, every = loop.config, loop.folder, loop.config.checkpoint_every
    runtime, started = loop.learner.runtime, time.monotonic()
    pace = Pace(runtime.save_seconds, runtime.save_share)
    with progress(title, config.steps, "steps", stage.start_step) if stage.writes else nullcontext(_silently) as update:
        for step in range(stage.start_step, config.steps):
            row, groups = loop.step(step)
            stage.write(step + 1, row | loop.evaluate(step + 1), groups)
            update(step + 1, reward=row["rl/reward"], strict=row["rl/strict"])
            if step + 1 == config.steps:
                break
            if every and (step + 1) % every == 0:
                stage.publish(step + 1)
            if pace.due():
                pace.begin()
                stage.save(step + 1, loop.state)
                pace.end()
    return stage.finish(time.monotonic() - started)
