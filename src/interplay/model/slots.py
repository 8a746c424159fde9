"""What a GPU samples in: slots with room for one text each, and the step that gives every slot its next token.

Rows of every age stand side by side: a slot whose text has ended is given to the next sample, so the step keeps its shape.
Everything a step reads and writes is allocated once and changed in place, and what depends on the rows (places, ends,
random numbers) is computed on the device. The step is thus a fixed list of launches for a number of rows and a bound on
their length: it never waits for the host, and can be captured as a CUDA graph and replayed.
"""

# S slots, R the first of them, which a step computes, L positions that it reads, T new tokens, K kv heads, G query heads of
# each, H = K * G, E head dim, C = E / 2 rotary pairs, P prompts, V vocabulary

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from interplay.model.cache import Prefix
from interplay.model.decode import feed_forward, logits_of, split
from interplay.model.next_token import SamplingConfig, choose, uniforms
from interplay.model.weights import Weights


class Rules(NamedTuple):
    """How a token is drawn and which ones end a text."""

    config: SamplingConfig
    stops_V: Tensor


class Slots:
    """Keys and values of every slot, and what its row has said. A dead row is computed along and changes nothing."""

    def __init__(self, weights: Weights, count: int, positions: int, new_tokens: int) -> None:
        device, shape = weights.device, (count, weights.kv_heads, positions, weights.head_dim)
        self.count, self.positions = count, positions
        self.keys = [torch.zeros(shape, dtype=weights.dtype, device=device) for _ in weights.layers]
        self.values = [torch.zeros_like(keys) for keys in self.keys]
        self.tokens_S = torch.zeros(count, dtype=torch.long, device=device)  # said last, not yet fed
        self.places_S = torch.zeros_like(self.tokens_S)  # where that goes
        self.steps_S = torch.zeros_like(self.tokens_S)  # how many tokens are said
        self.streams_S = torch.zeros_like(self.tokens_S)  # keys of the random numbers
        self.alive_S = torch.zeros(count, dtype=torch.bool, device=device)
        self.finished_S = torch.zeros_like(self.alive_S)
        self.sound_1 = torch.ones(1, dtype=torch.bool, device=device)  # every log-probability was finite
        # one column more, for what a dead row says
        self.said_S_T = torch.zeros(count, new_tokens + 1, dtype=torch.long, device=device)
        self.logprobs_S_T = torch.zeros(count, new_tokens + 1, device=device)

    @property
    def states(self) -> list[Tensor]:
        """Every tensor with a row for each slot."""
        return [
            *self.keys, *self.values, self.tokens_S, self.places_S, self.steps_S, self.streams_S, self.alive_S,
            self.finished_S, self.said_S_T, self.logprobs_S_T,
        ]  # fmt: skip

    def move(self, sources: Tensor, targets: Tensor) -> None:
        """Rows take other slots; those they leave are dead."""
        for state in self.states:
            state[targets] = state[sources]
        self.alive_S[sources] = False

    def begin(self, rules: Rules, prefix: Prefix, prompt_R: Tensor, slot_R: Tensor, streams_R: Tensor) -> None:
        """Put samples of read prompts into slots, with their first token."""
        length = prefix.keys_K_P_L_E[0].shape[2]
        layers = zip(self.keys, self.values, prefix.keys_K_P_L_E, prefix.values_K_P_L_E, strict=True)
        for keys, values, keys_K_P_L_E, values_K_P_L_E in layers:
            keys[slot_R, :, :length] = keys_K_P_L_E.transpose(0, 1)[prompt_R]
            values[slot_R, :, :length] = values_K_P_L_E.transpose(0, 1)[prompt_R]
        self.places_S[slot_R] = prefix.lengths_P[prompt_R] - 1
        self.steps_S[slot_R] = 0
        self.streams_S[slot_R] = streams_R
        self.alive_S[slot_R] = True
        self.finished_S[slot_R] = False
        rows = self._rows(slot_R)
        self._say(rules, prefix.logits_P_V[prompt_R], rows)
        for state, row in zip(self._counted, rows, strict=True):
            state[slot_R] = row

    @property
    def _counted(self) -> tuple[Tensor, ...]:
        return (
            self.tokens_S, self.places_S, self.steps_S, self.streams_S, self.alive_S, self.finished_S, self.said_S_T,
            self.logprobs_S_T,
        )  # fmt: skip

    def _rows(self, rows: slice | Tensor) -> list[Tensor]:
        """Views of the first slots for a slice, copies for a tensor of slots."""
        return [state[rows] for state in self._counted]

    def step(self, weights: Weights, rules: Rules, rows: int, length: int) -> None:
        """Feed the last token of the first `rows` slots and draw their next. No living row of them fills `length`."""
        first = slice(0, rows)
        tokens_R, places_R = self.tokens_S[first], self.places_S[first]
        row_R = torch.arange(rows, device=places_R.device)
        turn_R_C = weights.turn_M_C[places_R]
        unseen_R_L = torch.arange(length, device=places_R.device) > places_R[:, None]
        mask_R_1_1_L = torch.zeros(unseen_R_L.shape, dtype=weights.dtype, device=places_R.device)
        mask_R_1_1_L = mask_R_1_1_L.masked_fill_(unseen_R_L, float("-inf"))[:, None, None]
        x_R_D = F.embedding(tokens_R, weights.embed_V_D)
        for layer, keys, values in zip(weights.layers, self.keys, self.values, strict=True):
            qkv_R_ = layer.qkv(F.rms_norm(x_R_D, (x_R_D.shape[1],), layer.input_norm_D, weights.eps))
            q_H_R_E, k_K_R_E, v_K_R_E = split(weights, qkv_R_, turn_R_C)
            keys[row_R, :, places_R] = k_K_R_E.transpose(0, 1)
            values[row_R, :, places_R] = v_K_R_E.transpose(0, 1)
            # query heads of one key head are queries of one attention: no kernel needs to know of groups
            q_R_K_G_E = q_H_R_E.view(weights.kv_heads, -1, rows, weights.head_dim).permute(2, 0, 1, 3)
            attended_R_K_G_E = F.scaled_dot_product_attention(
                q_R_K_G_E, keys[first, :, :length], values[first, :, :length], attn_mask=mask_R_1_1_L
            )
            attended_R_ = attended_R_K_G_E.reshape(rows, -1)
            x_R_D = feed_forward(weights, layer, layer.out(attended_R_).add_(x_R_D))
        self._say(rules, logits_of(weights, x_R_D), self._rows(first))

    def _say(self, rules: Rules, logits_R_V: Tensor, rows: list[Tensor]) -> None:
        """Draw a token for each row and put it on record, in place."""
        tokens_R, places_R, steps_R, streams_R, alive_R, finished_R, said_R_T, logprobs_R_T = rows
        choice = choose(logits_R_V, uniforms(streams_R, steps_R), rules.config)
        said_R_T.scatter_(1, steps_R[:, None], choice.tokens_R[:, None])
        logprobs_R_T.scatter_(1, steps_R[:, None], choice.logprobs_R[:, None])
        self.sound_1.logical_and_((choice.logprobs_R.isfinite() | ~alive_R).all())
        stops_R = rules.stops_V[choice.tokens_R] & alive_R
        tokens_R.copy_(torch.where(alive_R, choice.tokens_R, tokens_R))
        places_R.add_(alive_R)
        steps_R.add_(alive_R)
        finished_R.logical_or_(stops_R)
        alive_R.logical_and_(~stops_R & (steps_R < rules.config.max_new_tokens))
