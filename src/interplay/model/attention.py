"""Attention of one new token per row on a CPU: to its prompt, which its neighbours share, and to its own suffix."""

# R rows of one cohort, P prompts, L prompt positions, S slots per prompt, T suffix positions, B tokens of a block,
# H query heads, K kv heads, G = H / K, E head dim, C = E / 2 rotary pairs, M positions

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from interplay.model.cohort import Cohort


class Spot(NamedTuple):
    """Where a cohort's next token goes: its place in the last block and each row's rotation, for q with the scale in it."""

    place: int
    turn_R_C: Tensor
    scaled_turn_R_C: Tensor


def turn(x____E: Tensor, turn_C: Tensor, out____E: Tensor) -> None:
    """The rotary position embedding: neighbouring numbers are one complex number, and a position turns it."""
    pairs____C = torch.view_as_complex(_pairs(x____E.float()))
    if out____E.dtype == torch.float32:
        torch.mul(pairs____C, turn_C, out=torch.view_as_complex(_pairs(out____E)))
    else:
        out____E.copy_(torch.view_as_real(pairs____C * turn_C).flatten(-2))


def _pairs(x____E: Tensor) -> Tensor:
    return x____E.view(*x____E.shape[:-1], -1, 2)


def attend(cohort: Cohort, i: int, spot: Spot, qkv_R_: Tensor) -> Tensor:
    """Write this token's key and value in layer i, then attend to prompt and suffix under one softmax."""
    keys, values = cohort.suffix.keys[i], cohort.suffix.values[i]
    kv_heads, num_rows, _, head_dim = keys[-1].shape
    heads = qkv_R_.shape[1] // head_dim - 2 * kv_heads
    qkv_H_R_E = qkv_R_.view(num_rows, -1, head_dim).transpose(0, 1)
    q_K_R_G_E = qkv_R_.new_empty(kv_heads, num_rows, heads // kv_heads, head_dim)
    turn(qkv_H_R_E[:heads].view(kv_heads, -1, num_rows, head_dim), spot.scaled_turn_R_C, q_K_R_G_E.transpose(1, 2))
    _write(spot, qkv_H_R_E[heads:], keys[-1], values[-1])

    q_KR_G_E = q_K_R_G_E.flatten(0, 1)
    scores = [_scores_of_prefix(cohort, i, q_K_R_G_E), *(torch.bmm(q_KR_G_E, block.flatten(0, 1).mT) for block in keys)]
    scores_KR_G_LT = torch.cat(scores, dim=-1)
    scores_KR_G_LT[..., -keys[-1].shape[2] :][..., spot.place + 1 :].fill_(float("-inf"))  # not yet written
    shares_KR_G_LT = torch.softmax(scores_KR_G_LT, dim=-1)
    shares = torch.split(shares_KR_G_LT, [part.shape[-1] for part in scores], dim=-1)
    attended_KR_G_E = _attended_in_prefix(cohort, i, shares[0])
    for shares_KR_G_B, block_K_R_B_E in zip(shares[1:], values, strict=True):
        attended_KR_G_E.baddbmm_(shares_KR_G_B, block_K_R_B_E.flatten(0, 1))
    return attended_KR_G_E.view(kv_heads, num_rows, -1)


def _write(spot: Spot, kv_2K_R_E: Tensor, keys_K_R_B_E: Tensor, values_K_R_B_E: Tensor) -> None:
    kv_heads = len(keys_K_R_B_E)
    turn(kv_2K_R_E[:kv_heads], spot.turn_R_C, keys_K_R_B_E[:, :, spot.place])
    values_K_R_B_E[:, :, spot.place].copy_(kv_2K_R_E[kv_heads:])


def _scores_of_prefix(cohort: Cohort, i: int, q_K_R_G_E: Tensor) -> Tensor:
    grid, keys_K_P_L_E = cohort.grid, cohort.prefix.keys_K_P_L_E[i]
    kv_heads, prompts, length, head_dim = keys_K_P_L_E.shape
    q_KP_SG_E = grid.to_slots(q_K_R_G_E).reshape(kv_heads * prompts, -1, head_dim)
    scores_KP_SG_L = torch.bmm(q_KP_SG_E, keys_K_P_L_E.flatten(0, 1).mT)
    if cohort.mask_P_1_L is not None:
        scores_KP_SG_L.view(kv_heads, prompts, -1, length).add_(cohort.mask_P_1_L)
    scores_K_PS_G_L = scores_KP_SG_L.view(kv_heads, prompts * grid.slots, -1, length)
    return grid.to_rows(scores_K_PS_G_L).flatten(0, 1)


def _attended_in_prefix(cohort: Cohort, i: int, shares_KR_G_L: Tensor) -> Tensor:
    grid, values_K_P_L_E = cohort.grid, cohort.prefix.values_K_P_L_E[i]
    kv_heads, prompts, length, head_dim = values_K_P_L_E.shape
    shares_K_R_G_L = shares_KR_G_L.view(kv_heads, -1, shares_KR_G_L.shape[1], length)
    shares_KP_SG_L = grid.to_slots(shares_K_R_G_L).flatten(0, 2).view(kv_heads * prompts, -1, length)
    attended_KP_SG_E = torch.bmm(shares_KP_SG_L, values_K_P_L_E.flatten(0, 1))
    attended_K_PS_G_E = attended_KP_SG_E.view(kv_heads, prompts * grid.slots, -1, head_dim)
    return grid.to_rows(attended_K_PS_G_E).flatten(0, 1)
