"""What sampling a checkpoint's solutions cost: tokens, and floating-point operations counted from the shape.

A prompt is read once and shared by its samples, so its positions count once.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from interplay.evals.evaluate import Asked
from interplay.evals.evaluation import read_samples

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


def sampling_cost(
    folder: Path, asked: Asked, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> dict[str, float]:
    """`tokens` that were sampled in an evaluation's folder and the `flops` of prompts and samples."""
    from interplay.train.flops import causal_pairs, forward_cost

    table = read_samples(folder)
    lengths: dict[str, list[int]] = defaultdict(list)
    for problem, length in zip(table["problem_id"].to_pylist(), table["num_tokens"].to_pylist(), strict=True):
        lengths[problem].append(length)
    read = pairs = 0
    for _, problem in asked:
        prompt = len(tokenizer.backend_tokenizer.encode(problem.prompt, add_special_tokens=False).ids)
        sampled = lengths[problem.id]
        if not sum(sampled):
            continue  # the prompt did not fit, and was not read
        read += prompt + sum(sampled)
        pairs += causal_pairs([prompt + n for n in sampled]) - (len(sampled) - 1) * causal_pairs([prompt])
    flops = forward_cost(model.config).forward(read, pairs)
    return {"tokens": sum(map(sum, lengths.values())), "flops": float(flops)}
