"""A supervised stage: pre-training and mid-training are two configs of this one thing.

The loop is transformers' Trainer on accelerate. What is ours is around it: rows that are pure functions of their index, a
budget met to the row, a complete schedule of its own, checkpoints that are whole or absent, and a record of what was
really served.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import PreTrainedTokenizerFast, TrainerCallback

from interplay.data.tokenizer import required_token
from interplay.model.isolation import keeps_documents_apart
from interplay.model.sampler import positions_of
from interplay.model.weights import in_family
from interplay.progress import progress, say
from interplay.train.accounting import compute, peak_memory
from interplay.train.blocks import PackedBlocks, collate
from interplay.train.checkpoint import newest, step_of
from interplay.train.config import TrainConfig
from interplay.train.curves import CURVES
from interplay.train.processor import without_bf16
from interplay.train.publish import finish, finished, publish
from interplay.train.run_record import Record
from interplay.train.runtime import Runtime
from interplay.train.tally import Tally, served
from interplay.train.trainer import SERVED, SupervisedTrainer, build_trainer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["PackedBlocks", "Record", "TrainConfig", "collate", "supervise"]


def supervise(
    config: TrainConfig,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    runtime: Runtime,
    title: str = "train",
    callbacks: Sequence[TrainerCallback] = (),
) -> dict[str, Any]:
    """Train `model` in place on the budget, resuming what `folder` holds; returns the stage's summary.

    Writes `metrics.jsonl`, `checkpoints/step-N` (Hugging Face folders), `curves.jsonl` where there is validation, and
    `summary.json` under `folder`. Under `accelerate launch` every process calls it with the same arguments. `callbacks`
    are transformers' own, for what else shall happen during the run.
    """
    check_trainable(config, model, tokenizer)
    if (done := finished(folder)) is not None:
        return done
    if runtime.on_cpu and config.precision == "bf16" and without_bf16():
        say(f"{title}: this processor has no instructions for bf16, so precision=bf16 is slower here than fp32")
    model.float()  # whatever the file held: bf16 has no room for a small step
    folder.mkdir(parents=True, exist_ok=True)
    found, complaints = newest(folder / "resume")
    for complaint in complaints:
        say(complaint)
    start_step = step_of(found) if found else 0
    with progress(title, config.tokens, "tokens", start_step * config.batch_tokens) as update:
        record = Record(config, runtime, folder, start_step, update)
        trainer = build_trainer(config, model, tokenizer, folder, runtime, [record, *callbacks])
        before = found if found and trainer.is_world_process_zero() else None
        trainer.here = Tally.from_json((before / SERVED).read_text()) if before else Tally()
        started = time.monotonic()
        try:
            trainer.train(resume_from_checkpoint=str(found) if found else None)
        finally:
            trainer.blocks.close()
        wall_s = time.monotonic() - started
        record.close()
    name = f"checkpoints/step-{config.steps:07d}"
    summary = {"checkpoint": name, **_summary(config, trainer, runtime, start_step, wall_s)}
    weights = trainer.accelerator.get_state_dict(trainer.model)  # sharded or not, never the compiled face of it
    if trainer.is_world_process_zero():
        publish(trainer.accelerator.unwrap_model(trainer.model), tokenizer, folder / name, weights)
        finish(folder, summary, published=("checkpoints", "metrics.jsonl", CURVES), scratch=("resume",))
    trainer.accelerator.wait_for_everyone()
    return summary


def check_trainable(config: TrainConfig, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    """Raises ValueError where this model cannot be trained so."""
    if config.packing.width > (longest := positions_of(model)):
        raise ValueError(f"rows of {config.packing.width} tokens do not fit the model's {longest} positions")
    required_token(tokenizer, "eos")
    required_token(tokenizer, "pad")
    if config.packing.attention == "document" and not in_family(model) and not keeps_documents_apart(model):
        raise ValueError(
            f"{type(model).__name__} attends from one document of a packed row to another: it can only be trained with "
            "packing.attention 'row'"
        )


def _summary(
    config: TrainConfig, trainer: SupervisedTrainer, runtime: Runtime, start_step: int, wall_s: float
) -> dict[str, Any]:
    tally = trainer.served()
    spent = compute(config.tokens, tally, trainer.parameters, trainer.model_shape)
    trained_here = config.tokens - start_step * config.batch_tokens
    peak = runtime.peak_flops * trainer.accelerator.num_processes if runtime.peak_flops else None
    return {
        "steps": config.steps,
        "tokens": config.tokens,
        "real_tokens": tally.tokens,
        "padding_share": 1 - tally.tokens / config.tokens,
        "documents": dict(sorted(tally.documents.items())),
        "dropped_documents": tally.dropped,
        "served": served(config.stream.mixture, tally.documents),
        **spent,
        "wall_s": wall_s,
        "tokens_per_s": trained_here / wall_s if wall_s else None,
        "mfu": spent["flops"] * trained_here / config.tokens / wall_s / peak if peak and wall_s else None,
        "data_wait_share": trainer.waited_s / wall_s if wall_s else None,
        "peak_memory_bytes": peak_memory(runtime),
        "processes": trainer.accelerator.num_processes,
        "sharded": trainer.is_fsdp_enabled,
        "resumed_at_step": start_step,
    }
