"""Solutions of problems: the one way evaluation and RL ask the sampler."""

from __future__ import annotations

from typing import Any, NamedTuple

from transformers import PreTrainedTokenizerFast

from interplay.model.sampler import Completion, SamplingConfig, sample
from interplay.world.problem import Problem


class Sampled(NamedTuple):
    """Token ids of each problem's prompt, and the completions in order of problem and sample."""

    prompts: list[list[int]]
    completions: list[Completion]


def sample_problems(
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    problems: list[Problem],
    *,
    num_samples: int,
    config: SamplingConfig,
    seed: int,
    max_rows: int,
    threads: int,
) -> Sampled:
    """`num_samples` solutions of each problem. The key of a sample is its problem's id; it stops at the end token."""
    prompts = [tokenizer.backend_tokenizer.encode(p.prompt, add_special_tokens=False).ids for p in problems]
    completions = sample(
        model,
        prompts,
        num_samples=num_samples,
        config=config,
        stop_ids=[tokenizer.eos_token_id],
        seed=seed,
        keys=[p.id for p in problems],
        max_rows=max_rows,
        threads=threads,
    )
    return Sampled(prompts, sorted(completions, key=lambda c: (c.prompt, c.sample)))
