"""What a step costs in floating-point operations: by the paper's rule, and counted from the positions that were computed.

nominal   (8 + 2 * reference) * P * T: sampling 2, update 6, reference 2, for P parameters and T positions, prompt
          included. With the reference this is 5/3 of what pre-training on the same positions costs (6 * P * T)
measured  the shape's own count: a shared prompt is read once when sampling, groups without signal are not updated on
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from interplay.train.flops import causal_pairs, forward_cost

if TYPE_CHECKING:
    from interplay.rl.learner import Learner
    from interplay.rl.rollout import Rollout


NOMINAL, MEASURED = "rl/flops_nominal", "rl/flops_measured"
Flops = dict[str, float]


def step_flops(learner: Learner, groups: list[list[Rollout]], updated: list[Rollout]) -> Flops:
    """Both counts of one step."""
    has_reference = learner.reference is not None
    sampled = sampling_flops(learner, groups)
    lengths = [len(r.prompt) + len(r.completion.tokens) for r in updated]
    forward = forward_cost(learner.model.config).forward(sum(lengths), causal_pairs(lengths))
    return {
        NOMINAL: (4 + has_reference) * sampled[NOMINAL],
        MEASURED: sampled[MEASURED] + (3 + has_reference) * forward,
    }


def sampling_flops(learner: Learner, groups: Sequence[Sequence[Rollout]]) -> Flops:
    """Both counts of drawing rollouts that nothing is learned from."""
    positions = sum(len(r.prompt) + len(r.completion.tokens) for group in groups for r in group)
    cost = forward_cost(learner.model.config)
    sampled = 0.0
    for group in filter(None, groups):
        prompt = len(group[0].prompt)
        read, pairs = prompt, causal_pairs([prompt])
        for rollout in group:
            length = len(rollout.completion.tokens)
            read += length
            pairs += causal_pairs([prompt + length]) - causal_pairs([prompt])
        sampled += cost.forward(read, pairs)
    return {NOMINAL: 2.0 * learner.model.num_parameters() * positions, MEASURED: sampled}
