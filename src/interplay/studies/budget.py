"""Compute equivalence of mid-training and RL, in training tokens.

A token of mid-training costs 6P FLOPs. A sampled token costs 2P to draw, 2P for the reference where there is a KL term and 6P
to learn from; the paper charges all of it whether or not a reference is used: T_RL = (5/3) * samples * tokens per sample
(section A of arXiv 2512.07783). What a sample is charged is a setting: the whole window, as the paper does, or the measured
mean.
"""

from __future__ import annotations

from interplay.studies.settings import Settings

QUARTERS = 4  # of RL, before each of which a refreshed filter is measured


def rl_tokens(chosen: Settings, steps: int) -> int:
    """Training tokens that cost as much as `steps` RL steps."""
    return round(steps * _step_tokens(chosen))


def rl_steps(chosen: Settings, tokens: float) -> int:
    """RL steps that cost as much as `tokens` training tokens, to the nearest one."""
    return round(tokens / _step_tokens(chosen))


def filtered_steps(chosen: Settings) -> int:
    """RL steps left of `rl.steps` when the edge filter is paid from the same compute, measured where `filtered_share` is.

    Where more groups have a signal a step learns from more of its samples, so it costs `filtered_share` of a step on the edge.
    """
    return max(1, round((chosen.rl.steps - _measuring_steps(chosen)) / chosen.extrapolation.filtered_share))


def refreshing(chosen: Settings) -> tuple[int, int]:
    """(RL steps between two measurements, RL steps in all) of an edge filter that is measured again after each quarter of
    `rl.steps`, at the compute of the filter that is measured once."""
    every = max(1, chosen.rl.steps // QUARTERS)
    each = _measuring_steps(chosen) / chosen.extrapolation.filtered_share
    once = filtered_steps(chosen)
    fewer = (steps for steps in range(once, 1, -1) if steps + each * -(-steps // every) <= once + each + 0.5)
    return every, next(fewer, 1)


def _measuring_steps(chosen: Settings) -> float:
    """RL steps that one measurement of the edge filter costs in nominal compute."""
    drawn = 2 / (10 if chosen.rl.loss.kl > 0 else 8)
    return drawn * chosen.extrapolation.filter_candidates / chosen.rl.prompts


def _step_tokens(chosen: Settings) -> float:
    return 5 / 3 * chosen.rl.prompts * chosen.rl.group * chosen.sample_tokens
