"""What a step costs in floating-point operations: by the paper's rule, and counted from the positions that were computed.

nominal   (8 + 2 * reference) * P * T: sampling 2, update 6, reference 2, for P parameters and T positions, prompt
          included. With the reference this is 5/3 of what pre-training on the same positions costs (6 * P * T)
measured  the shape's own count: a shared prompt is read once when sampling, groups without signal are not updated on
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from interplay.rl.rollout import Rollout
from interplay.train.flops import causal_pairs, forward_cost

if TYPE_CHECKING:
    from interplay.rl.learner import Learner


def step_flops(learner: Learner, groups: list[list[Rollout]], updated: list[Rollout]) -> dict[str, float]:
    """`rl/flops_nominal` and `rl/flops_measured` of one step."""
    has_reference = learner.reference is not None
    positions = sum(len(r.prompt) + len(r.completion.tokens) for group in groups for r in group)
    nominal = (8 + 2 * has_reference) * learner.model.num_parameters() * positions
    cost = forward_cost(learner.model.config)
    sampled = 0.0
    for group in groups:
        prompt = len(group[0].prompt)
        read, pairs = prompt, causal_pairs([prompt])
        for rollout in group:
            length = len(rollout.completion.tokens)
            read += length
            pairs += causal_pairs([prompt + length]) - causal_pairs([prompt])
        sampled += cost.forward(read, pairs)
    lengths = [len(r.prompt) + len(r.completion.tokens) for r in updated]
    trained = (3 + has_reference) * cost.forward(sum(lengths), causal_pairs(lengths))
    return {"rl/flops_nominal": float(nominal), "rl/flops_measured": sampled + trained}
