"""What a supervised run writes while it runs: a line of metrics a step, checkpoints and curves on the token grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from transformers import PreTrainedTokenizerFast, TrainerCallback

from interplay.progress import Update
from interplay.train.config import TrainConfig
from interplay.train.curves import CURVES, Curves
from interplay.train.metrics import MetricsLog
from interplay.train.pace import Pace
from interplay.train.publish import publish
from interplay.train.runtime import Runtime


class Record(TrainerCallback):
    """Writes metrics, shows progress and decides when to save: on the token grid and at its pace.

    Every process has one, because a sharded model is gathered by all of them; process 0 alone writes.
    """

    def __init__(self, config: TrainConfig, runtime: Runtime, folder: Path, step: int, update: Update) -> None:
        self.config, self.folder, self.update, self.step = config, folder, update, step
        self.pace = Pace(runtime.save_seconds, runtime.save_share)
        self.grid = {-(-tokens // config.batch_tokens): tokens for tokens in config.grid_tokens}

    def attach(self, accelerator: Accelerator, tokenizer: PreTrainedTokenizerFast, longest: int) -> None:
        """Open the files once it is known which process this is."""
        self.accelerator = accelerator
        main = accelerator.is_main_process
        self.metrics = MetricsLog(self.folder / "metrics.jsonl", self.step) if main else None
        validation = self.config.validation
        self.curves = Curves(validation, self.config.stream, tokenizer, longest) if validation else None
        self.curve_log = MetricsLog(self.folder / CURVES, self.step) if main and self.curves else None

    def close(self) -> None:
        """Close the files."""
        for log in (self.metrics, self.curve_log):
            if log:
                log.close()

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """One line a step."""
        logs: dict[str, Any] = kwargs["logs"]
        if self.metrics is None or "loss" not in logs:
            return
        step, tokens = state.global_step, self.config.tokens_after(state.global_step)
        row = {"step": step, "tokens": tokens, "train/loss": logs["loss"]}
        row |= {"train/grad_norm": logs.get("grad_norm"), "train/lr": logs["learning_rate"]}
        self.metrics.write(row)
        self.update(tokens, loss=logs["loss"])

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ask for a resume checkpoint now and then; publish and measure on the grid, measure at the end as well."""
        step, last = state.global_step, state.global_step == state.max_steps
        if step in self.grid:
            weights = self.accelerator.get_state_dict(kwargs["model"])
            if self.metrics:
                folder = self.folder / "checkpoints" / f"step-{step:07d}"
                publish(kwargs["model"], kwargs["processing_class"], folder, weights)
        if self.curves and (step in self.grid or last):
            cells = self.curves.measure(kwargs["model"])
            if self.curve_log:
                self.curve_log.write({"step": step, "tokens": self.config.tokens_after(step), "cells": cells})
        if self._due() and not last:
            control.should_save = True
            self.pace.begin()

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The resume checkpoint stands."""
        self.pace.end()

    def _due(self) -> bool:
        """Whether it is time to save, by the clock of process 0: a checkpoint is written by all processes together."""
        due = self.pace.due()
        if self.accelerator.num_processes == 1:
            return due
        return bool(broadcast(torch.tensor(int(due), device=self.accelerator.device)).item())
