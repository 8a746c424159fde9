"""Rows that started together: their cache, what they have said so far, and their leaving.

A finished row goes on being computed until enough of them have gathered; then the cohort is rewritten without them.
Such a rewriting costs about two readings of the cache, and each step is one.
"""

# R rows, P prompts, L prompt positions, T new tokens, V vocabulary

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from interplay.model.cache import Grid, Prefix, Suffix
from interplay.model.next_token import Choice

DEAD_SHARE = 1 / 8


class Completion(NamedTuple):
    """One sample. `tokens` ends with the stop token when `finished`; otherwise it was cut at max_new_tokens.

    `logprobs` are those of the unmodified model at the sampling temperature, before top-k and top-p.
    """

    prompt: int
    sample: int
    tokens: list[int]
    logprobs: list[float]
    finished: bool


class Unit(NamedTuple):
    """Samples of one prompt that start together."""

    prompt: int
    first_sample: int
    num_samples: int


class Cohort:
    """The rows of a few units, from their first token to their last."""

    def __init__(self, units: Sequence[Unit], prefix: Prefix, keys: Sequence[int], max_new_tokens: int) -> None:
        device = prefix.logits_P_V.device
        self.names = [(unit.prompt, unit.first_sample + i) for unit in units for i in range(unit.num_samples)]
        counts_P = torch.tensor([unit.num_samples for unit in units], device=device)
        self.prompt_R = torch.arange(len(units), device=device).repeat_interleave(counts_P)
        self.keys_R = torch.tensor(keys, device=device)
        self.max_new_tokens = max_new_tokens
        self.length = 0
        self.suffix = Suffix(prefix, len(self), max_new_tokens - 1)
        self.tokens_R_T = torch.empty(len(self), max_new_tokens, dtype=torch.long, device=device)
        self.logprobs_R_T = torch.empty(len(self), max_new_tokens, device=device)
        self.num_tokens_R = torch.zeros(len(self), dtype=torch.long, device=device)  # 0 while the row is alive
        self.finished_R = torch.zeros(len(self), dtype=torch.bool, device=device)
        self._stand_on(prefix)

    def __len__(self) -> int:
        return len(self.names)

    def _stand_on(self, prefix: Prefix) -> None:
        self.prefix = prefix
        self.grid = Grid.of(self.prompt_R)
        self.positions_R = prefix.lengths_P[self.prompt_R]
        longest = prefix.keys_K_P_L_E[0].shape[2]
        padded_P_L = torch.arange(longest, device=self.prompt_R.device) >= prefix.lengths_P[:, None]
        mask_P_1_L = torch.zeros(padded_P_L.shape, dtype=prefix.keys_K_P_L_E[0].dtype, device=padded_P_L.device)
        mask_P_1_L = mask_P_1_L.masked_fill_(padded_P_L, float("-inf"))[:, None]
        self.mask_P_1_L = mask_P_1_L if bool(padded_P_L.any()) else None

    @property
    def held_tokens(self) -> int:
        """Tokens whose keys and values this cohort holds or has reserved."""
        return len(self) * self.max_new_tokens + self.prefix.keys_K_P_L_E[0].shape[1:3].numel()

    @property
    def last_R(self) -> Tensor:
        return self.tokens_R_T[:, self.length]

    def record(self, step: int, choice: Choice, stops_R: Tensor) -> None:
        """Append the tokens chosen at `step`; a row whose token is a stop token is finished."""
        self.tokens_R_T[:, step] = choice.tokens_R
        self.logprobs_R_T[:, step] = choice.logprobs_R
        alive_R = self.num_tokens_R == 0
        ends_R = alive_R & stops_R
        self.finished_R |= ends_R
        if step + 1 == self.max_new_tokens:
            ends_R = alive_R
        self.num_tokens_R.masked_fill_(ends_R, step + 1)

    def leave(self) -> list[Completion]:
        """Give back what has ended, once that is worth rewriting the rest."""
        ended = int(torch.count_nonzero(self.num_tokens_R))
        if ended == 0 or ended < len(self) * DEAD_SHARE:
            return []
        leaving_R = self.num_tokens_R.nonzero().squeeze(1)
        completions = self._completions(leaving_R)
        self._keep((self.num_tokens_R == 0).nonzero().squeeze(1))
        return completions

    def _completions(self, rows: Tensor) -> list[Completion]:
        tokens, logprobs = self.tokens_R_T[rows].tolist(), self.logprobs_R_T[rows].tolist()
        lengths, finished = self.num_tokens_R[rows].tolist(), self.finished_R[rows].tolist()
        names = [self.names[row] for row in rows.tolist()]
        return [
            Completion(name[0], name[1], said[:length], scores[:length], bool(end))
            for name, said, scores, length, end in zip(names, tokens, logprobs, lengths, finished, strict=True)
        ]

    def _keep(self, rows: Tensor) -> None:
        self.names = [self.names[row] for row in rows.tolist()]
        if not self.names:
            return
        self.suffix.keep(rows)
        self.keys_R, self.num_tokens_R, self.finished_R, self.tokens_R_T, self.logprobs_R_T = (
            t[rows] for t in (self.keys_R, self.num_tokens_R, self.finished_R, self.tokens_R_T, self.logprobs_R_T)
        )
        staying_P, self.prompt_R = torch.unique_consecutive(self.prompt_R[rows], return_inverse=True)
        self._stand_on(self.prefix if len(staying_P) == len(self.prefix.lengths_P) else self.prefix.select(staying_P))
