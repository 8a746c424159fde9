"""Sharing a group's prompt changes the speed of an update and nothing else; the plain pass is the oracle."""

import pytest
import torch

import interplay.rl.grpo as grpo
from interplay.rl.grpo import Learner, score
from interplay.rl.loss import LossConfig


@pytest.mark.parametrize("loss", [LossConfig(), LossConfig(kl=0.1, entropy=0.01, denominator="sequences")])
@pytest.mark.parametrize("micro_tokens", [64, 4096])
def test_shared_prompts_give_the_same_gradient(
    config, fresh_model, tokenizer, runtime, pays_for_blanks, loss, micro_tokens
):
    chosen = config.model_copy(update={"loss": loss})
    gradients = []
    for share in (False, True):
        model = fresh_model()
        cut = runtime.model_copy(update={"micro_tokens": micro_tokens, "share_prompts": share})
        learner = Learner(model, tokenizer, chosen, cut)
        groups = grpo.roll_out(
            model, tokenizer, config.pool.problems(0, 5), group=4, sampling=config.sampling,
            rewards=config.reward, seed=1, rows=64,
        )  # fmt: skip
        assert len({len(group[0].prompt) for group in groups}) > 1
        parts = learner.accumulate(score(shortened(groups), chosen))
        assert max(float(part.ratio_deviation_max) for part in parts) < 1e-4
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    assert float((gradients[0] - gradients[1]).norm() / gradients[0].norm()) < 1e-5


def shortened(groups):
    """Completions of different lengths, one of a single token."""
    return [
        [
            r._replace(
                completion=r.completion._replace(
                    tokens=r.completion.tokens[: 1 + 3 * g], logprobs=r.completion.logprobs[: 1 + 3 * g]
                )
            )
            for g, r in enumerate(group)
        ]
        for group in groups
    ]
