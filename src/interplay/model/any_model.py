"""Sampling from any causal model of transformers through its own forward pass: slower, and the same samples.

Prompt by prompt: its cache is read once and repeated for its rows, so that no row needs padding. Rows that end leave.
"""

# R rows, V vocabulary

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from interplay.model.cohort import Completion, Unit
from interplay.model.next_token import choose, row_key, uniforms
from interplay.model.worker import Job

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def sample_by_model_forward(
    model: PreTrainedModel, job: Job, units: Iterable[Unit], max_rows: int
) -> Iterator[Completion]:
    training = model.training
    model.eval()
    try:
        for unit in units:
            cache, logits_1_V = _read(model, job.prompts[unit.prompt])
            for start in range(0, unit.num_samples, max_rows):
                count = min(max_rows, unit.num_samples - start)
                part = Unit(unit.prompt, unit.first_sample + start, count)
                yield from _grow(model, job, part, copy.deepcopy(cache), logits_1_V.expand(count, -1).clone())
    finally:
        model.train(training)


@torch.inference_mode()
def _read(model: PreTrainedModel, prompt: Any) -> tuple[Any, Tensor]:
    device = next(model.parameters()).device
    read = model(torch.tensor([list(prompt)], device=device), use_cache=True)
    return read.past_key_values, read.logits[:, -1].float()


@torch.inference_mode()
def _grow(model: PreTrainedModel, job: Job, unit: Unit, cache: Any, logits_R_V: Tensor) -> list[Completion]:
    device, limit = logits_R_V.device, job.config.max_new_tokens
    samples = list(range(unit.first_sample, unit.first_sample + unit.num_samples))
    keys_R = torch.tensor([row_key(job.seed, job.keys[unit.prompt], sample) for sample in samples], device=device)
    said: list[tuple[list[int], list[float]]] = [([], []) for _ in samples]
    rows = list(range(unit.num_samples))
    done: list[Completion] = []
    cache.batch_repeat_interleave(unit.num_samples)
    for step in range(limit):
        choice = choose(logits_R_V, uniforms(keys_R, torch.full_like(keys_R, step)), job.config)
        if not bool(choice.logprobs_R.isfinite().all()):
            raise ValueError("the model's logits are not finite: its weights have diverged")
        stops = job.stops_V[choice.tokens_R].tolist()
        for row, token, logprob, stop in zip(
            rows, choice.tokens_R.tolist(), choice.logprobs_R.tolist(), stops, strict=True
        ):
            said[row][0].append(token)
            said[row][1].append(logprob)
            if stop or step + 1 == limit:
                done.append(Completion(unit.prompt, samples[row], *said[row], stop))
        alive = [i for i, stop in enumerate(stops) if not stop]
        if not alive or step + 1 == limit:
            break
        tokens_R = choice.tokens_R
        if len(alive) < len(rows):
            alive_R = torch.tensor(alive, device=device)
            cache.batch_select_indices(alive_R)
            keys_R, tokens_R, rows = keys_R[alive_R], tokens_R[alive_R], [rows[i] for i in alive]
        grown = model(tokens_R[:, None], past_key_values=cache, use_cache=True)
        cache, logits_R_V = grown.past_key_values, grown.logits[:, -1].float()
    return done
