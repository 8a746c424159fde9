"""One step's experience: problems from the pool, G samples of each from the training model itself, verdicts, rewards."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from interplay.data.tokenizer import decode_completion
from interplay.model.problems import sample_problems
from interplay.model.sampler import Completion, SamplingConfig
from interplay.rl.judge import Judge, Text, judge_inline
from interplay.rl.rewards import RewardConfig, reward, step_rewards
from interplay.world.problem import Problem
from interplay.world.verify import Reference, Verdict


class Rollout(NamedTuple):
    """One sampled solution and what it earned; `token_rewards` is given by per-step credit only."""

    problem: Problem
    prompt: list[int]
    completion: Completion
    text: str
    verdict: Verdict
    reward: float
    token_rewards: list[float] | None


class Batch(NamedTuple):
    """B rollouts, padded: prompt and completion in `input_ids`, completion-aligned tensors of T positions."""

    input_ids: Tensor
    attention: Tensor
    prompt_lengths: list[int]
    tokens_B_T: Tensor
    mask_B_T: Tensor
    old_logprobs_B_T: Tensor
    advantages_B_T: Tensor


def roll_out(
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    problems: list[Problem],
    *,
    group: int,
    sampling: SamplingConfig,
    rewards: RewardConfig,
    seed: int,
    rows: int,
    judge: Judge = judge_inline,
) -> list[list[Rollout]]:
    """P groups of G rollouts, in the order of `problems`."""
    prompts, ordered = sample_problems(
        model, tokenizer, problems, num_samples=group, config=sampling, seed=seed, max_rows=rows
    )
    references = [Reference.from_graph(p.graph, p.solution) for p in problems]
    texts = [
        Text(references[c.prompt], decode_completion(tokenizer, c.tokens), truncated=not c.finished) for c in ordered
    ]
    groups: list[list[Rollout]] = [[] for _ in problems]
    for completion, text, verdict in zip(ordered, texts, judge(texts), strict=True):
        problem, prompt = problems[completion.prompt], prompts[completion.prompt]
        credit = step_rewards(verdict, token_starts(tokenizer, completion.tokens)) if rewards.kind == "steps" else None
        groups[completion.prompt].append(
            Rollout(problem, prompt, completion, text.text, verdict, reward(verdict, rewards), credit)
        )
    return groups


def token_starts(tokenizer: PreTrainedTokenizerFast, tokens: list[int]) -> list[int]:
    """The character at which each token's own text starts (a leading blank belongs to the token but not to its step)."""
    starts, text = [], ""
    for count in range(1, len(tokens) + 1):
        longer = str(tokenizer.backend_tokenizer.decode(tokens[:count], skip_special_tokens=False))
        piece = longer[len(text) :]
        starts.append(len(text) + len(piece) - len(piece.lstrip()))
        text = longer
    return starts


def make_batch(rollouts: list[Rollout], advantages: list[Tensor], pad: int, device: torch.device) -> Batch:
    """Pad rollouts on the right; `advantages` holds one value per sampled token of each."""
    prompt_lengths = [len(r.prompt) for r in rollouts]
    lengths = [len(r.completion.tokens) for r in rollouts]
    width = max(p + t for p, t in zip(prompt_lengths, lengths, strict=True))
    input_ids = torch.full((len(rollouts), width), pad)
    attention = torch.zeros_like(input_ids)
    shape = (len(rollouts), max(lengths))
    tokens, mask = torch.full(shape, pad), torch.zeros(shape)
    old, advantage = torch.zeros(shape), torch.zeros(shape)
    for row, r in enumerate(rollouts):
        sampled = torch.tensor(r.completion.tokens)
        input_ids[row, : prompt_lengths[row] + lengths[row]] = torch.cat([torch.tensor(r.prompt), sampled])
        attention[row, : prompt_lengths[row] + lengths[row]] = 1
        tokens[row, : lengths[row]], mask[row, : lengths[row]] = sampled, 1.0
        old[row, : lengths[row]] = torch.tensor(r.completion.logprobs)
        advantage[row, : lengths[row]] = advantages[row]
    tensors = (t.to(device) for t in (tokens, mask, old, advantage))
    return Batch(input_ids.to(device), attention.to(device), prompt_lengths, *tensors)


def logprobs_of(model: Any, batch: Batch, temperature: float) -> tuple[Tensor, Tensor]:
    """(log-probabilities, entropies) of the sampled tokens at the sampling temperature, each [B, T].

    Logits are taken at the sampled positions only. Right padding needs no attention mask: a causal model's real positions
    never see it.
    """
    hidden = model.model(input_ids=batch.input_ids, use_cache=False).last_hidden_state
    rows, columns = batch.mask_B_T.nonzero(as_tuple=True)
    offsets = torch.tensor(batch.prompt_lengths, device=hidden.device)[rows] - 1
    return of_sampled_tokens(model, hidden[rows, offsets + columns], batch, temperature)


def of_sampled_tokens(model: Any, hidden_N_D: Tensor, batch: Batch, temperature: float) -> tuple[Tensor, Tensor]:
    """The same, from the hidden states that precede the N sampled tokens, in the order of `mask_B_T.nonzero()`."""
    rows, columns = batch.mask_B_T.nonzero(as_tuple=True)
    logits_N_V = model.lm_head(hidden_N_D).float() / temperature
    log_softmax_N_V = logits_N_V.log_softmax(dim=-1)
    tokens_N = batch.tokens_B_T[rows, columns]
    logprobs, entropies = torch.zeros_like(batch.mask_B_T), torch.zeros_like(batch.mask_B_T)
    picked_N = log_softmax_N_V.gather(1, tokens_N[:, None])[:, 0]
    logprobs = logprobs.index_put((rows, columns), picked_N)
    entropies = entropies.index_put((rows, columns), -(log_softmax_N_V.exp() * log_softmax_N_V).sum(-1))
    return logprobs, entropies
