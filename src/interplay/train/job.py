"""One supervised stage as a file, for a launcher: `accelerate launch -m interplay.cli train JOB.json OUT`.

Studies run their stages themselves; a job is for a single long training on many devices. Every process reads the same file
and makes the same model and tokenizer from it, so nothing but the file need be shared before the first step.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from pydantic import NonNegativeInt, model_validator

from interplay.config import Config, identity_of, key_value
from interplay.data.tokenizer import TokenizerConfig, train_tokenizer
from interplay.files import space_for
from interplay.folder_claim import checkpoint_digests, claim
from interplay.model.sizes import ModelConfig
from interplay.train.config import TrainConfig
from interplay.train.runtime import Runtime


class Job(Config):
    """A new model (`model` and `tokenizer`) or a checkpoint to go on from (`start`), what it is trained on, and how it runs."""

    config: TrainConfig
    model: ModelConfig | None = None
    tokenizer: TokenizerConfig | None = None
    seed: NonNegativeInt = 0
    start: Path | None = None
    runtime: Runtime = Runtime()

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        made, given = self.model is not None, self.tokenizer is not None
        if made != given or made == (self.start is not None):
            raise ValueError(
                "a job has either `model` and `tokenizer`, or `start`, the checkpoint that it goes on from"
            )
        return self


def read_job(path: Path, runtime: Iterable[str] = ()) -> Job:
    """The job in a JSON file, with `KEY=VALUE` changes of how it runs. Raises ValueError naming what is wrong."""
    return Job.model_validate(fields_of(path, runtime))


def fields_of(path: Path, runtime: Iterable[str]) -> dict[str, Any]:
    """The fields of a job's file with `KEY=VALUE` changes of its `runtime`. Raises ValueError for what is no job."""
    try:
        fields = json.loads(path.read_bytes())
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise ValueError(f"{path} holds no job: it is a JSON object")
    for text in runtime:
        key, value = key_value(text, "--set")
        fields["runtime"] = {**fields.get("runtime", {}), key: value}
    return fields


def run_job(job: Job, out: Path) -> dict[str, Any]:
    """Train, or go on training, in `out`; returns the summary. Raises ValueError where `out` belongs to another job."""
    from accelerate import PartialState

    from interplay.train.supervised import check_trainable, supervise

    model, tokenizer = _origin(job)
    check_trainable(job.config, model, tokenizer)  # a call that is refused takes no folder
    read = checkpoint_digests(job.start) if job.start else {}
    asked = {name: value for name, value in identity_of(job, True).items() if name not in ("runtime", "start")}
    claim(out, {**asked, "start": read}, "job")
    try:
        with space_for(out):
            return supervise(job.config, model, tokenizer, out, job.runtime)
    finally:
        PartialState().destroy_process_group()  # its threads must not outlive the interpreter


def _origin(job: Job) -> tuple[Any, Any]:
    from interplay.model.build import build, load_with_tokenizer

    if job.start is not None:
        return load_with_tokenizer(job.start)
    assert job.model is not None
    assert job.tokenizer is not None
    tokenizer = train_tokenizer(job.tokenizer)
    ids = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    return build(job.model, len(tokenizer), job.seed, **ids), tokenizer
