"""Training tokens per second at `micro`, beside a bare PyTorch loop on the same model, rows, loss, optimiser and clipping.

Both pack their data as they go and step in turn, so a busy machine slows both and the ratio is one of pairs. The value is
the steady state: what a step takes, with everything the Trainer and the record do between two steps. Start and end of a
stage are in `parts`, and so are whole steps at three sizes, in fp32 and bf16, beside one by hand (`bench/step.py`).
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerFast, TrainerCallback

from interplay.bench.step import steps
from interplay.data.tokenizer import train_tokenizer
from interplay.model.build import build
from interplay.studies.recipe import Recipe
from interplay.studies.scales import MICRO
from interplay.studies.study import Workplace
from interplay.train.blocks import PackedBlocks, collate
from interplay.train.config import TrainConfig
from interplay.train.optimizer import build_optimizer
from interplay.train.runtime import Runtime
from interplay.train.supervised import supervise

STEPS = 16
WARM_STEPS = 2  # of each run, left out: first allocations
BUDGET_S = 20.0


def bench(threads: int) -> dict[str, Any]:
    """Whole stages of `STEPS` steps until the budget is spent, each step followed by one of the bare loop."""
    torch.set_num_threads(1)
    on_one_thread = steps()
    torch.set_num_threads(threads)
    recipe = Recipe(MICRO, Workplace(store="store", runtime={}))
    base = recipe.base(0).config.model_dump() | {"grid_tokens": (), "validation": None}
    config = TrainConfig.model_validate(base | {"budget_tokens": STEPS * MICRO.train.batch_tokens})
    tokenizer = train_tokenizer(recipe.tokenizer().config)
    runs: list[Paired] = []
    started = time.perf_counter()
    while not runs or time.perf_counter() - started < BUDGET_S * len(runs) / (len(runs) + 1):
        runs.append(Paired(config, tokenizer, Runtime(threads=threads)))
    pairs = [pair for run in runs for pair in run.pairs]
    ours_s, bare_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    outside_s = statistics.median(run.outside_s for run in runs)
    whole = MICRO.pretrain.tokens // MICRO.train.batch_tokens
    return {
        "value": round(config.batch_tokens / ours_s, 1), "unit": "tokens/s",
        "peer": "a bare PyTorch loop", "peer_value": round(config.batch_tokens / bare_s, 1),
        "parts": {
            "steady_tokens_per_s": round(config.batch_tokens / ours_s, 1),
            "median_ratio_of_paired_steps": round(statistics.median(bare / ours for ours, bare in pairs), 4),
            "data_wait_share": round(sum(run.waited_s for run in runs) / sum(ours for ours, _ in pairs), 4),
            "start_and_end_s": round(outside_s, 3),
            "whole_stage_tokens_per_s": round(whole * config.batch_tokens / (whole * ours_s + outside_s), 1),
            "paired_steps": len(pairs),
            **on_one_thread,
        },
    }  # fmt: skip


class Paired(TrainerCallback):
    """One stage; at the beginning of each of its steps the bare loop takes one, which is timed apart."""

    def __init__(self, config: TrainConfig, tokenizer: PreTrainedTokenizerFast, runtime: Runtime) -> None:
        self.bare_step = bare_loop(config, tokenizer)
        self.waited_s, self.outside_s = 0.0, 0.0
        ours: list[float] = []
        bare: list[float] = []
        self.ours, self.bare, self.resumed = ours, bare, time.perf_counter()
        started = self.resumed
        with tempfile.TemporaryDirectory() as folder:
            model = build(MICRO.model, len(tokenizer), 0)
            summary = supervise(config, model, tokenizer, Path(folder), runtime, callbacks=[self])
        whole_s = time.perf_counter() - started
        self.pairs = list(zip(ours[1:], bare[:-1], strict=True))[WARM_STEPS:]
        self.waited_s = summary["data_wait_share"] * summary["wall_s"] * len(self.pairs) / config.steps
        self.outside_s = whole_s - sum(bare) - config.steps * statistics.median(ours[1:])

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ours ends here: fetched, learned, logged, and fetched the next."""
        now = time.perf_counter()
        self.ours.append(now - self.resumed)
        self.bare_step()
        self.resumed = time.perf_counter()
        self.bare.append(self.resumed - now)


def bare_loop(config: TrainConfig, tokenizer: PreTrainedTokenizerFast) -> Callable[[], None]:
    """A function that takes one step on the next block: what anybody would write by hand."""
    model = build(MICRO.model, len(tokenizer), 0).train()
    optimizer, blocks = build_optimizer(model, config.optimizer), PackedBlocks(config, tokenizer)
    indices = iter(range(len(blocks)))

    def step() -> None:
        batch = collate([blocks[next(indices)]])
        batch.pop("served"), batch.pop("starts")
        model(**batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.optimizer.clip_norm)
        optimizer.step()
        optimizer.zero_grad()

    return step
