"""A supervised stage: pre-training and mid-training are two configs of this one thing.

The loop is transformers' Trainer on accelerate. What is ours is around it: rows that are pure functions of their index, a
budget met to the row, a complete schedule of its own, checkpoints that are whole or absent, and a record of what was
really served.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from pydantic import PositiveInt
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import Dataset, SequentialSampler
from transformers import PreTrainedTokenizerFast, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback
from transformers.utils import logging as transformers_logging

from interplay.config import Config
from interplay.data.packing import Block, PackingConfig, pack_block
from interplay.data.stream import Stream
from interplay.progress import Update, progress, say
from interplay.train.checkpoint import newest, prune, seal, step_of
from interplay.train.flops import forward_cost
from interplay.train.metrics import MetricsLog
from interplay.train.optimizer import OptimizerConfig, build_optimizer
from interplay.train.publish import finish, publish, read_summary
from interplay.train.runtime import Runtime
from interplay.train.schedule import Schedule

SERVED = "served.json"


class TrainConfig(Config):
    """What is trained on what, and how. Every field can change the result."""

    stream: Stream
    budget_tokens: PositiveInt
    batch_tokens: PositiveInt = 1 << 19
    packing: PackingConfig = PackingConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: Schedule = Schedule()
    precision: str = "fp32"
    grid_tokens: tuple[PositiveInt, ...] = ()

    @property
    def block_tokens(self) -> int:
        """Positions of one packed block."""
        return self.packing.rows * self.packing.width

    @property
    def blocks_per_step(self) -> int:
        """Blocks of one optimiser step. Raises ValueError when the batch is not a whole number of blocks."""
        count, rest = divmod(self.batch_tokens, self.block_tokens)
        if rest or not count:
            raise ValueError(
                f"batch_tokens must be a multiple of a block's {self.packing.rows} x {self.packing.width} = "
                f"{self.block_tokens} tokens, got {self.batch_tokens}"
            )
        return count

    @property
    def rows(self) -> int:
        """Rows of the whole budget; the last one is cut down to nothing, never exceeded."""
        return self.budget_tokens // self.packing.width

    @property
    def blocks(self) -> int:
        """Blocks of the whole budget, the last one possibly cut."""
        return -(-self.rows // self.packing.rows)

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole budget. Raises ValueError for a budget below one row."""
        if not self.rows:
            raise ValueError(f"budget_tokens {self.budget_tokens} is less than one row of {self.packing.width}")
        return -(-self.blocks // self.blocks_per_step)


class PackedBlocks(Dataset[Block]):
    """The blocks of a budget by index."""

    def __init__(self, config: TrainConfig, tokenizer: PreTrainedTokenizerFast) -> None:
        self.config, self.tokenizer = config, tokenizer

    def __len__(self) -> int:
        return self.config.blocks

    def __getitem__(self, index: int) -> Block:
        config = self.config
        block = pack_block(config.stream, self.tokenizer, config.packing, index)
        rows = min(config.packing.rows, config.rows - index * config.packing.rows)
        return block._replace(
            input_ids_R_T=block.input_ids_R_T[:rows],
            labels_R_T=block.labels_R_T[:rows],
            position_ids_R_T=block.position_ids_R_T[:rows],
        )


def collate(blocks: list[Block]) -> dict[str, Any]:
    """One micro-batch from several blocks."""
    names = ("input_ids", "labels", "position_ids")
    batch: dict[str, Any] = {
        name: torch.from_numpy(np.concatenate([getattr(block, f"{name}_R_T") for block in blocks])) for name in names
    }
    batch["served"] = sum((block.documents for block in blocks), Counter())
    return batch


class SupervisedTrainer(Trainer):
    """transformers' Trainer with sequential data, counted documents and sealed checkpoints."""

    served: Counter[str]
    waited_s: float = 0.0
    resume_dir: Path

    def _get_train_sampler(self, train_dataset: Any = None) -> SequentialSampler:
        return SequentialSampler(cast(Any, self.train_dataset))

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> Any:
        """Fetch a step's micro-batches, counting the wait and what was served."""
        start = time.monotonic()
        batches, items = super().get_batch_samples(*args, **kwargs)
        self.waited_s += time.monotonic() - start
        for batch in batches:
            self.served += batch.pop("served")
        return batches, items

    def _get_output_dir(self, trial: Any) -> str:
        return str(self.resume_dir / ".staging")

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        if not self.args.should_save:
            return
        step = self.state.global_step
        written = self.resume_dir / ".staging" / f"checkpoint-{step}"
        (written / SERVED).write_text(json.dumps(dict(sorted(self.served.items()))))
        seal(written, self.resume_dir / f"step-{step:07d}")
        prune(self.resume_dir, {step})


class Record(TrainerCallback):
    """Writes metrics, shows progress and decides when to save: on the token grid and every `save_seconds`."""

    def __init__(self, config: TrainConfig, runtime: Runtime, folder: Path, step: int, update: Update) -> None:
        self.config, self.runtime, self.folder, self.update = config, runtime, folder, update
        self.metrics = MetricsLog(folder / "metrics.jsonl", step)
        self.saved_s = time.monotonic()
        self.grid = {-(-tokens // config.batch_tokens): tokens for tokens in config.grid_tokens}

    def tokens(self, step: int) -> int:
        """Positions trained on after `step` steps."""
        return min(step * self.config.batch_tokens, self.config.rows * self.config.packing.width)

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """One line a step."""
        logs: dict[str, Any] = kwargs["logs"]
        if not state.is_world_process_zero or "loss" not in logs:
            return
        step = state.global_step
        row = {"step": step, "tokens": self.tokens(step), "train/loss": logs["loss"]}
        row |= {"train/grad_norm": logs.get("grad_norm"), "train/lr": logs["learning_rate"]}
        self.metrics.write(row)
        self.update(self.tokens(step), loss=logs["loss"])

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ask for a resume checkpoint now and then, and publish on the grid."""
        if state.global_step in self.grid and state.is_world_process_zero:
            name = f"step-{state.global_step:07d}"
            publish(kwargs["model"], kwargs["processing_class"], self.folder / "checkpoints" / name)
        if time.monotonic() - self.saved_s > self.runtime.save_seconds and state.global_step < state.max_steps:
            control.should_save = True
            self.saved_s = time.monotonic()


def supervise(
    config: TrainConfig,
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    runtime: Runtime,
    title: str = "train",
) -> dict[str, Any]:
    """Train `model` in place on the budget, resuming what `folder` holds; returns the stage's summary.

    Writes `metrics.jsonl`, `checkpoints/step-N` (Hugging Face folders) and `summary.json` under `folder`.
    """
    longest = model.config.max_position_embeddings
    if config.packing.width > longest:
        raise ValueError(f"rows of {config.packing.width} tokens do not fit the model's {longest} positions")
    if (done := read_summary(folder)) is not None:
        return done
    folder.mkdir(parents=True, exist_ok=True)
    found, complaints = newest(folder / "resume")
    for complaint in complaints:
        say(complaint)
    start_step = step_of(found) if found else 0
    with progress(title, config.rows * config.packing.width) as update:
        record = Record(config, runtime, folder, start_step, update)
        trainer = _trainer(config, model, tokenizer, folder, runtime, record)
        trainer.served = Counter(json.loads((found / SERVED).read_text()) if found else {})
        started = time.monotonic()
        trainer.train(resume_from_checkpoint=str(found) if found else None)
        wall_s = time.monotonic() - started
        record.metrics.close()
    summary = _summary(config, trainer, start_step, wall_s)
    name = f"checkpoints/step-{config.steps:07d}"
    summary = {"checkpoint": name, **summary}
    if trainer.is_world_process_zero():
        publish(trainer.accelerator.unwrap_model(trainer.model), tokenizer, folder / name)
        finish(folder, summary, scratch=("resume",))
    return summary


def _trainer(
    config: TrainConfig, model: Any, tokenizer: Any, folder: Path, runtime: Runtime, record: Record
) -> SupervisedTrainer:
    cast(Any, transformers_logging).set_verbosity_error()
    cast(Any, transformers_logging).disable_progress_bar()
    runtime.torch_device()
    optimizer = build_optimizer(model, config.optimizer)
    schedule = LambdaLR(optimizer, lambda step: config.schedule.factor(min(step, config.steps - 1), config.steps))
    micro_blocks = max(1, min(config.blocks_per_step, runtime.micro_tokens // config.block_tokens))
    while config.blocks_per_step % micro_blocks:
        micro_blocks -= 1
    arguments = TrainingArguments(
        output_dir=str(folder / "resume"),
        max_steps=config.steps,
        per_device_train_batch_size=micro_blocks,
        use_cpu=runtime.on_cpu,
        bf16=config.precision == "bf16",
        max_grad_norm=config.optimizer.clip_norm,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_num_workers=runtime.workers,
        dataloader_pin_memory=not runtime.on_cpu,
    )
    processes = arguments.world_size
    accumulated, rest = divmod(config.blocks_per_step, micro_blocks * processes)
    if rest:
        raise ValueError(
            f"a step of {config.blocks_per_step} blocks cannot be shared by {processes} processes of {micro_blocks} blocks"
        )
    arguments.gradient_accumulation_steps = accumulated
    trainer = SupervisedTrainer(
        model=model,
        args=arguments,
        train_dataset=PackedBlocks(config, tokenizer),
        data_collator=collate,
        processing_class=tokenizer,
        optimizers=(optimizer, schedule),
        callbacks=[record],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.resume_dir = folder / "resume"
    return trainer


def _summary(config: TrainConfig, trainer: SupervisedTrainer, start_step: int, wall_s: float) -> dict[str, Any]:
    tokens = config.rows * config.packing.width
    cost = forward_cost(cast(Any, trainer.model).config)
    trained_here = tokens - start_step * config.batch_tokens
    return {
        "steps": config.steps,
        "tokens": tokens,
        "documents": dict(sorted(trainer.served.items())),
        "flops": cost.training(tokens, tokens * config.packing.width / 2),
        "wall_s": wall_s,
        "tokens_per_s": trained_here / wall_s if wall_s else None,
        "data_wait_share": trainer.waited_s / wall_s if wall_s else None,
        "resumed_at_step": start_step,
    }
