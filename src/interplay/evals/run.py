"""Evaluate a checkpoint on a file: what `interplay eval` does, in one process or in several that share the chunks."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch

from interplay.data.row_files import read_items
from interplay.evals.evaluate import TABLES, check_prompts, evaluate
from interplay.evals.from_file import FileProblems, problems_of_items
from interplay.evals.nll import evaluate_gold, summarize_gold
from interplay.evals.summary import summarize
from interplay.folder_claim import checkpoint_digests, claim
from interplay.manifest import file_digest
from interplay.model.build import load_with_tokenizer
from interplay.model.next_token import SamplingConfig
from interplay.model.problems import Sampler
from interplay.progress import say
from interplay.rank import local_rank, share_of_environment
from interplay.train.publish import finish
from interplay.train.runtime import Runtime
from interplay.world.verify import VERIFIER_VERSION


class EvalRequest(NamedTuple):
    """One evaluation, as the command line asks for it."""

    checkpoint: Path
    data: Path
    out: Path
    samples: int
    ks: tuple[int, ...]
    temperature: float
    max_new_tokens: int
    seed: int
    threads: int
    gold: bool = True
    verify_workers: int | None = None
    bos: bool = False
    backend: str = ""  # what samples where it is not our own sampler, with its version

    @property
    def identity(self) -> dict[str, object]:
        """What the samples depend on; an output folder belongs to one identity."""
        return {
            "checkpoint": checkpoint_digests(self.checkpoint),
            "verifier": VERIFIER_VERSION,
            "data": file_digest(self.data),
            "samples": self.samples,
            "temperature": self.temperature,
            "max_new_tokens": self.max_new_tokens,
            "seed": self.seed,
            **({"bos": True} if self.bos else {}),
            **({"backend": self.backend} if self.backend else {}),
        }


def run_eval(request: EvalRequest, sampler: Sampler | None = None) -> dict[str, object] | None:
    """Run or resume it; the summary with pass@k rows. Raises ValueError for anything the caller can mend.

    `sampler` draws in place of our own; the request's `backend` names it then.

    Under `accelerate launch` or `torchrun` every process does its share; the first one merges, and the others get None.
    """
    if not request.data.is_file():
        raise ValueError(f"no such file: {request.data}")
    if request.samples < 1:
        raise ValueError(f"--samples must be at least 1, got {request.samples}")
    share = share_of_environment()
    if share.world > 1 and torch.cuda.is_available():
        torch.cuda.set_device(local_rank() % torch.cuda.device_count())
    sampling = SamplingConfig(temperature=request.temperature, max_new_tokens=request.max_new_tokens, bos=request.bos)
    model, tokenizer = load_with_tokenizer(request.checkpoint)
    found = problems_of_items(read_items(request.data))
    check_prompts(model, tokenizer, found.asked, sampling)  # a call that is refused takes no folder
    claim(request.out, request.identity, "evaluation")
    if share.is_first and found.left_out:
        say(found.left_out)
    runtime, name = Runtime(threads=request.threads), str(request.checkpoint.name)
    unfit = evaluate(
        found.asked, model, tokenizer, request.out, samples=request.samples, sampling=sampling, seed=request.seed,
        runtime=runtime, title=name, verify_workers=request.verify_workers, share=share, sampler=sampler,
    )  # fmt: skip
    if request.gold:
        evaluate_gold(
            found.asked, model, tokenizer, request.out, sampling=sampling, runtime=runtime, title=f"{name} on gold",
            share=share,
        )  # fmt: skip
    return _summary(request, found, unfit) if share.is_first else None


def _summary(request: EvalRequest, found: FileProblems, unfit: int) -> dict[str, object]:
    summary = {
        "out": str(request.out),
        "problems": len(found.asked),
        "samples": request.samples,
        "bad_rows": found.bad,
        "defective_rows": found.defective,
        "repeated_rows": found.repeated,
        "unfit": unfit,
        "pass_at_k": summarize(request.out, request.ks),
    }
    if request.gold:
        summary |= {
            "gold": summarize_gold(request.out),
            "gold_cells": summarize_gold(request.out, ("context", "op", "mode")),
        }
    return finish(request.out, summary, published=(*TABLES, "parts"))
