"""transformers' Trainer, told what is ours: sequential blocks, counted documents, sealed checkpoints, our optimiser.

With several processes each takes its rows of every step, so the step is the one a single process would take. Where the
budget does not divide, blank rows without a label fill the last round; without them accelerate would serve the first
documents a second time. The loader gives a process its rows of a whole step; on a GPU they are cut into micro-batches here,
after packing, so that what is held at once follows from `micro_tokens` and not from the size of a block.
"""

from __future__ import annotations

import math
import time
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, cast

import torch
from accelerate.utils import gather_object
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import SequentialSampler
from transformers import PreTrainedModel, PreTrainedTokenizerFast, Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback
from transformers.utils import logging as transformers_logging

from interplay.files import shared_staging
from interplay.model.document_attention import document_kwargs, use_document_kernel
from interplay.model.sampler import positions_of
from interplay.train.blocks import PackedBlocks, Shares, Starts, collate
from interplay.train.checkpoint import prune_old, seal
from interplay.train.config import TrainConfig
from interplay.train.optimizer import build_optimizer
from interplay.train.run_record import Record
from interplay.train.runtime import Runtime
from interplay.train.sharding_on_cpu import asked_to_shard, shard_on_cpu
from interplay.train.step import add_step_gradient
from interplay.train.tally import Tally

SERVED = "served.json"


class SupervisedTrainer(Trainer):
    """transformers' Trainer with sequential data, counted documents and sealed checkpoints."""

    config: TrainConfig
    here: Tally  # what this process served; on process 0 also what was served before a resume
    resume_dir: Path
    parameters: int
    model_shape: Any
    blocks: PackedBlocks
    by_kernel = False  # documents are kept apart by `model/document_attention.py`
    waited_s: float = 0.0

    def __init__(self, runtime: Runtime, **options: Any) -> None:
        self.runtime = runtime
        super().__init__(**options)

    def create_accelerator_and_postprocess(self) -> None:
        """The Trainer's, and FSDP2 on CPU processes where it was asked for."""
        super().create_accelerator_and_postprocess()
        self.is_fsdp_enabled |= shard_on_cpu(self.accelerator)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """Made by the Trainer when the model is in its final form: sharding replaces the parameters."""
        if self.optimizer is None:
            if self.is_fsdp_enabled and self.config.optimizer.kind == "muon":
                raise ValueError(
                    "muon orthogonalises whole matrices, which FSDP cuts; use optimizer kind 'adamw' with FSDP"
                )
            self.optimizer = build_optimizer(
                cast(Any, model or self.model), self.config.optimizer, self.runtime.threads if self.in_shares else 1
            )
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The factor of the whole run's schedule at every step."""
        if self.lr_scheduler is None:
            steps, schedule = self.config.steps, self.config.schedule
            self.lr_scheduler = LambdaLR(
                cast(Any, optimizer or self.optimizer), lambda step: schedule.factor(min(step, steps - 1), steps)
            )
        return self.lr_scheduler

    def _get_train_sampler(self, train_dataset: Any = None) -> SequentialSampler:
        return SequentialSampler(cast(Any, self.train_dataset))

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> Any:
        """Fetch a step's micro-batches, counting the wait and what was served."""
        start = time.monotonic()
        batches, items = super().get_batch_samples(*args, **kwargs)
        self.waited_s += time.monotonic() - start
        for batch in batches:
            self.here += batch.pop("served")
            if self.in_shares:
                batch.pop("starts")
        return batches, items

    @property
    def in_shares(self) -> bool:
        """Whether a step's gradient is made by `train/step.py`: on CPUs, unless the model is sharded."""
        return self.runtime.on_cpu and not self.is_fsdp_enabled

    def training_step(self, model: nn.Module, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """The gradient of this process's rows."""
        if not self.args.dataloader_num_workers:
            self.blocks.pack_ahead()
        if not self.in_shares:
            return self._in_micro_batches(model, inputs, num_items_in_batch)
        model.eval()  # dropout would draw from a state that all threads share
        accelerator = self.accelerator
        whole: Any = accelerator.unwrap_model(model)
        loss = add_step_gradient(whole, inputs, self.config.precision, float(num_items_in_batch), self.runtime.threads)
        self._must_be_finite("loss", loss)
        if accelerator.num_processes > 1:
            for parameter in whole.parameters():
                torch.distributed.all_reduce(parameter.grad)
        return torch.tensor(loss * accelerator.num_processes)  # the Trainer logs the mean over processes

    def _in_micro_batches(self, model: nn.Module, inputs: Any, num_items_in_batch: Any) -> torch.Tensor:
        """Through the model of transformers, `micro_tokens` positions at a time; processes exchange gradients once."""
        parts = micro_batches(inputs, self.runtime.micro_tokens)
        for part in parts:
            self._say_who_sees_whom(part)
        self.current_gradient_accumulation_steps = len(parts)  # for models whose loss is a mean over the micro-batch
        losses = []
        for part in parts[:-1]:
            with self.accelerator.no_sync(model):
                losses.append(super().training_step(model, part, num_items_in_batch))
        losses.append(super().training_step(model, parts[-1], num_items_in_batch))
        return torch.stack(losses).sum()

    def _say_who_sees_whom(self, part: dict[str, Any]) -> None:
        """Put in the words of transformers. Through rows attention is causal, and position ids that say no more would
        have it make a mask when compiled."""
        starts = part.pop("starts")
        if self.config.packing.attention == "row":
            part.pop("position_ids")
        elif self.by_kernel:
            part |= document_kwargs(starts.places_R, part["input_ids"].shape[1], part["input_ids"].device)

    def _get_grad_norm(self, model: PreTrainedModel, grad_norm: Any = None) -> Any:
        """The gradient's norm before clipping; a step is not taken where it is not finite."""
        norm = cast(Any, super())._get_grad_norm(model, grad_norm)
        self._must_be_finite("gradient norm", float(norm))
        return norm

    def _must_be_finite(self, name: str, value: float) -> None:
        if not math.isfinite(value):
            raise ValueError(
                f"the {name} of step {self.state.global_step + 1} of {self.state.max_steps} is {value}: training has diverged "
                "and stops before the step; lower the learning rate, or start from other weights"
            )

    def floating_point_ops(self, inputs: Any) -> int:
        """Nothing: `accounting` counts them from the shape; the Trainer would count the parameters anew every step."""
        return 0

    def served(self) -> Tally:
        """What all processes served together; every process must ask."""
        if self.accelerator.num_processes == 1:
            return self.here
        parts: list[Tally] = gather_object([self.here])
        return reduce(add, parts)

    def _get_output_dir(self, trial: Any) -> str:
        return str(shared_staging(self.resume_dir / "trainer"))

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Every process writes its part; process 0 seals when all have, and nobody goes on before."""
        super()._save_checkpoint(model, trial)
        served = self.served()  # gathering waits for every process
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            step = self.state.global_step
            staging = Path(self._get_output_dir(trial)) / f"checkpoint-{step}"
            (staging / SERVED).write_text(served.to_json())
            seal(staging, self.resume_dir / f"step-{step:07d}")
            prune_old(self.resume_dir)
        self.accelerator.wait_for_everyone()


def build_trainer(
    config: TrainConfig,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    runtime: Runtime,
    callbacks: list[Any],
) -> SupervisedTrainer:
    """A Trainer of the budget. Raises ValueError where a step cannot be shared evenly by the processes."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    runtime.torch_device()
    arguments = _arguments(config, folder, runtime)
    blocks = PackedBlocks(config, tokenizer, Shares.of(config, arguments.world_size))
    trainer = SupervisedTrainer(
        runtime,
        model=model,
        args=arguments,
        train_dataset=blocks,
        data_collator=collate,
        processing_class=tokenizer,
        callbacks=callbacks,
    )
    trainer.remove_callback(PrinterCallback)
    documents = config.packing.attention == "document"
    trainer.by_kernel = documents and use_document_kernel(model, config.precision, on_cpu=runtime.on_cpu)
    trainer.config, trainer.blocks, trainer.resume_dir = config, blocks, folder / "resume"
    trainer.parameters, trainer.model_shape = model.num_parameters(), model.config
    for record in callbacks:
        if isinstance(record, Record):
            record.attach(trainer.accelerator, tokenizer, positions_of(model))
    return trainer


def _arguments(config: TrainConfig, folder: Path, runtime: Runtime) -> TrainingArguments:
    in_shares = runtime.on_cpu and not asked_to_shard()
    arguments = TrainingArguments(
        output_dir=str(folder / "resume"),
        max_steps=config.steps,
        use_cpu=runtime.on_cpu,
        bf16=config.precision == "bf16" and not in_shares,
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
    _use_one_device(arguments)
    arguments.per_device_train_batch_size = Shares.of(config, arguments.world_size).per_process
    return arguments


def _use_one_device(arguments: TrainingArguments) -> None:
    """A process trains on one device, also where it sees several: transformers would wrap the model in DataParallel and
    multiply the batch, and so train something else under the same address. Several devices are for several processes."""
    if arguments.n_gpu > 1:  # asking makes transformers look
        arguments._n_gpu = 1


def micro_batches(batch: dict[str, Any], positions: int) -> list[dict[str, Any]]:
    """The rows of a batch in nearly equal parts of at most so many positions each, or one row."""
    rows, width = batch["input_ids"].shape
    count = -(-rows // max(1, positions // width))
    size = -(-rows // count)

    def some(value: Any, rows_of: slice) -> Any:
        if isinstance(value, Starts):
            return Starts(value.places_R[rows_of])
        return value[rows_of] if torch.is_tensor(value) else value

    cuts = [slice(start, start + size) for start in range(0, rows, size)]
    return [{name: some(value, rows_of) for name, value in batch.items()} for rows_of in cuts]
