"""What an RL stage leaves in its folder, and how it goes on from there. Of several processes the first one writes."""

from __future__ import annotations

from pathlib import Path

from transformers import PreTrainedTokenizerFast

from interplay.model.vllm import version
from interplay.progress import say
from interplay.rl.config import RLConfig
from interplay.rl.learner import Learner
from interplay.rl.pools import PoolState, Refreshed
from interplay.rl.rollout import Rollout
from interplay.rl.rollout_log import RolloutLog
from interplay.rl.scoring import all_silent
from interplay.train.checkpoint import newest, prune, prune_old, step_of
from interplay.train.metrics import MetricsLog, read_metrics
from interplay.train.publish import finish, publish

BEST = "held_out/strict"
STATE = "pool.json"
EDGES = "edges.jsonl"


class StageFolder:
    """The files of one stage: `metrics.jsonl`, `rollouts.parquet`, `checkpoints/step-N`, and `resume/` on the way."""

    def __init__(self, path: Path, config: RLConfig, learner: Learner, tokenizer: PreTrainedTokenizerFast) -> None:
        self.path, self.config, self.learner, self.tokenizer = path, config, learner, tokenizer
        self.writes = learner.processes.is_first
        self.best: tuple[float, int] | None = None
        self.start_step = 0

    def resume(self) -> PoolState | None:
        """Read the newest whole state back into the learner; what the pool knew then, None where nothing is saved."""
        self.path.mkdir(parents=True, exist_ok=True)
        found, complaints = newest(self.path / "resume")
        for complaint in complaints if self.writes else []:
            say(complaint)
        self.start_step = self.learner.processes.agreed("the step to resume at", step_of(found) if found else 0)
        state = None
        if found is not None:
            self.learner.load(found)
            state = PoolState.model_validate_json((found / STATE).read_text())
            for row in read_metrics(self.path / "metrics.jsonl"):
                if row["step"] <= self.start_step and BEST in row:
                    self.is_best(row[BEST], row["step"])
        self.learner.processes.wait()  # nobody writes before all have read
        if self.writes:
            self.metrics = MetricsLog(self.path / "metrics.jsonl", self.start_step)
            self.rollouts = RolloutLog(self.path, self.start_step)
            if isinstance(self.config.selection, Refreshed):
                self.edges = MetricsLog(self.path / EDGES, self.start_step)
        return state

    def write(self, step: int, row: dict[str, object], groups: list[list[Rollout]]) -> None:
        """Put one step on record."""
        if self.writes:
            self.metrics.write(row)
            self.rollouts.add(step, groups)

    def write_edge(self, step: int, found: dict[str, object]) -> None:
        """Put on record which candidates were on the edge when `step` began."""
        if self.writes:
            self.edges.write({"step": step, **found})

    def save(self, step: int, state: PoolState) -> None:
        """The state to go on from after `step` steps."""
        if self.writes:
            self.rollouts.flush(step)
            self.learner.save(self.path / "resume" / f"step-{step:07d}", {STATE: state.model_dump_json()})
            prune_old(self.path / "resume")

    def is_best(self, value: float, step: int) -> bool:
        """Note a held-out accuracy; True where it beats those before."""
        if self.best is None or value > self.best[0]:
            self.best = value, step
            return True
        return False

    def publish(self, step: int) -> str:
        """Write the checkpoint of a step; its name."""
        name = f"checkpoints/step-{step:07d}"
        if self.writes:
            publish(self.learner.model, self.tokenizer, self.path / name)
        return name

    def kept(self) -> set[int]:
        """Steps whose checkpoints are wanted at the end: the last, the best and those on the grid."""
        every = self.config.checkpoint_every
        grid = set(range(every, self.config.steps, every)) if every else set()
        return {self.config.steps, *grid, *([self.best[1]] if self.best else [])}

    def finish(self, wall_s: float) -> dict[str, object]:
        """Merge the records, publish the last checkpoint and write the summary, which is returned by every process."""
        config = self.config
        if self.writes:
            self.metrics.close()
            if isinstance(config.selection, Refreshed):
                self.edges.close()
            self.rollouts.finish(config.steps)
        name = self.publish(config.steps)
        self.learner.processes.wait()
        rows = read_metrics(self.path / "metrics.jsonl")
        if self.writes and all_silent(rows, config):
            say("RL took no gradient: in no step did the rewards of a group differ, so it learned nothing")
        tokens = sum(row["rl/tokens"] for row in rows)
        summary = {"checkpoint": name, "steps": config.steps, "tokens": int(tokens), "wall_s": wall_s}
        summary |= {"resumed_at_step": self.start_step, "processes": self.learner.processes.world}
        if all("rl/unfit" in row for row in rows):
            summary["unfit"] = int(sum(row["rl/unfit"] for row in rows))
        if config.sampler == "vllm":
            summary["sampler"] = f"vllm {version()}"
        if self.best is not None:
            summary |= {"best": f"checkpoints/step-{self.best[1]:07d}", "best_held_out": self.best[0]}
        if self.writes:
            prune(self.path / "checkpoints", self.kept())
            published = ("checkpoints", "metrics.jsonl", "rollouts.parquet", "edge.json", EDGES)
            finish(self.path, summary, published=published, scratch=("resume", "rollouts"))
        self.learner.processes.wait()
        return summary
