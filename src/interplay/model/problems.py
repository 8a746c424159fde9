"""Solutions of problems: the one way evaluation and RL ask the sampler.

A prompt that leaves no room for a solution has none: the model's positions are a limit of the model, not an error of the
run. Evaluation records it as failed, RL goes on without it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from transformers import PreTrainedTokenizerFast

from interplay.data.tokenizer import required_token
from interplay.model.sampler import Completion, SamplingConfig, positions_of, sample
from interplay.world.problem import Problem

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Sampler(Protocol):
    """Another engine that holds the same checkpoint, in place of our own sampler; arguments as for `sample`."""

    def __call__(
        self, prompts: Sequence[Sequence[int]], *, num_samples: int, config: SamplingConfig, stop_ids: Collection[int],
        seed: int, keys: Sequence[str | int] | None = None,
    ) -> Iterable[Completion]: ...  # fmt: skip


class Sampled(NamedTuple):
    """Token ids of each problem's prompt, and the completions in order of problem and sample."""

    prompts: list[list[int]]
    completions: list[Completion]


def sample_problems(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    problems: list[Problem],
    *,
    num_samples: int,
    config: SamplingConfig,
    seed: int,
    max_rows: int | None,
    threads: int,
    sampler: Sampler | None = None,
    drawn: Callable[[Completion], None] | None = None,
) -> Sampled:
    """`num_samples` solutions of each problem whose prompt fits. The key of a sample is its problem's id; it stops at any
    of the model's end tokens. `drawn` is told of each when it is complete, in no fixed order, while others are sampled."""
    prompts = prompts_of(tokenizer, problems, config)
    left_out = set(unfit(model, prompts, config))
    fitting = [number for number in range(len(prompts)) if number not in left_out]
    draw = sampler or partial(sample, model, max_rows=max_rows, threads=threads)
    completions = draw(
        [prompts[number] for number in fitting],
        num_samples=num_samples,
        config=config,
        stop_ids=end_tokens(model, tokenizer),
        seed=seed,
        keys=[problems[number].id for number in fitting],
    )
    named = []
    for completion in completions:
        named.append(completion._replace(prompt=fitting[completion.prompt]))
        if drawn is not None:
            drawn(named[-1])
    return Sampled(prompts, sorted(named, key=lambda c: (c.prompt, c.sample)))


def prompts_of(tokenizer: PreTrainedTokenizerFast, problems: list[Problem], config: SamplingConfig) -> list[list[int]]:
    """Token ids of each prompt, behind the first token that foreign models may have been trained with, where asked for."""
    first = [required_token(tokenizer, "bos")] if config.bos else []
    encode = tokenizer.backend_tokenizer.encode
    return [first + encode(p.prompt, add_special_tokens=False).ids for p in problems]


def unfit(model: PreTrainedModel, prompts: list[list[int]], config: SamplingConfig) -> list[int]:
    """Numbers of the prompts that leave less than `max_new_tokens` of the model's positions."""
    room = positions_of(model) - config.max_new_tokens
    return [number for number, prompt in enumerate(prompts) if len(prompt) > room]


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """Every token that ends a text: the tokenizer's own and those of the model's `generation_config`, which chat models
    have several of. Raises ValueError where neither names one."""
    listed = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    several = listed if isinstance(listed, (list, tuple)) else [listed]
    named = {int(token) for token in [*several, tokenizer.eos_token_id] if token is not None}
    size = int(model.config.vocab_size)
    found = sorted(token for token in named if 0 <= token < size)  # others are never said
    if not found:
        raise ValueError(
            "no end token: name one as eos_token in tokenizer_config.json or as eos_token_id in generation_config.json"
        )
    return found
