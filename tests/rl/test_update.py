"""How an update is cut changes its speed and nothing else: the plain pass, batch after batch, is the oracle."""

import pytest
import torch

import interplay.rl.gradient as gradient
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


@pytest.mark.parametrize("share", [False, True])
def test_threads_that_share_the_batches_give_the_same_gradient(
    config, fresh_model, tokenizer, runtime, pays_for_blanks, monkeypatch, share
):
    monkeypatch.setattr(gradient, "CPU_POSITIONS", 64)
    chosen = config.model_copy(update={"loss": LossConfig(kl=0.1, entropy=0.01)})
    gradients, parts = [], []
    for threads, split in ((1, False), (3, True), (3, True)):
        cut = runtime.model_copy(update={"threads": threads, "split_updates": split, "share_prompts": share})
        model = fresh_model()
        learner = Learner(model, tokenizer, chosen, cut)
        groups = grpo.roll_out(
            model, tokenizer, config.pool.problems(0, 7), group=4, sampling=config.sampling,
            rewards=config.reward, seed=1, rows=64,
        )  # fmt: skip
        parts.append(learner.accumulate(score(shortened(groups), chosen)))
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    torch.set_num_threads(1)
    assert len(parts[1]) > 3
    losses = [float(sum(part.loss for part in each)) for each in parts]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert float((gradients[0] - gradients[1]).norm() / gradients[0].norm()) < 1e-5
    assert torch.equal(gradients[1], gradients[2])


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
