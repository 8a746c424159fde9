"""One RL stage as a file: `interplay rl JOB.json OUT`, alone or under `accelerate launch` and `torchrun` on many processes.

Studies run their stages themselves; a job reinforces a checkpoint outside a study. OUT is filled as the RL stage of a study
is, goes on from where it was cut, and refuses another config or another checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch.distributed as dist

from interplay.config import Config, identity_of
from interplay.data.tokenizer import required_token
from interplay.files import space_for
from interplay.folder_claim import checkpoint_digests, claim
from interplay.model.build import load_with_tokenizer
from interplay.model.problems import end_tokens
from interplay.rl.config import RLConfig
from interplay.rl.grpo import reinforce
from interplay.train.job import fields_of
from interplay.train.runtime import Runtime


class RLJob(Config):
    """A checkpoint to start from, how it is reinforced, and how that runs."""

    config: RLConfig
    start: Path
    runtime: Runtime = Runtime()


def read_rl_job(path: Path, runtime: Iterable[str] = (), sampler: str = "") -> RLJob:
    """The job in a JSON file, with `KEY=VALUE` changes of how it runs, and another sampler where one is named. Raises
    ValueError naming what is wrong."""
    fields = fields_of(path, runtime)
    if sampler and isinstance(fields.get("config"), dict):
        fields["config"]["sampler"] = sampler
    return RLJob.model_validate(fields)


def run_rl_job(job: RLJob, out: Path) -> dict[str, object]:
    """Reinforce, or go on, in `out`; returns the summary. Raises ValueError where `out` belongs to another job."""
    model, tokenizer = load_with_tokenizer(job.start)
    end_tokens(model, tokenizer), required_token(tokenizer, "pad")  # a call that is refused takes no folder
    job.config.check_sampler()
    claim(out, {"config": identity_of(job.config, True), "start": checkpoint_digests(job.start)}, "job")
    try:
        with space_for(out):
            return reinforce(job.config, model, tokenizer, out, job.runtime)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
