"""The loss on a bandit whose expected gradient is known, and its parts against their formulas."""

import itertools
import math

import pytest
import torch

from interplay.rl.advantages import agreeing_groups, group_advantages, token_advantages
from interplay.rl.loss import LossConfig, policy_loss


def test_group_advantages_are_centred_and_scaled():
    rewards = torch.tensor([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    none = group_advantages(rewards, "none")
    assert none[0].tolist() == [0.75, -0.25, -0.25, -0.25]
    assert none[1].tolist() == [0.0] * 4
    group = group_advantages(rewards, "group")
    assert group[0] == pytest.approx(none[0] / (0.5 + 1e-4))
    assert group[1].tolist() == [0.0] * 4
    assert group_advantages(rewards, "batch") == pytest.approx(none / (rewards.std() + 1e-4))
    assert agreeing_groups(rewards).tolist() == [False, True]


def test_token_advantages_are_centred_over_the_tokens_of_a_group():
    rewards, mask = torch.tensor([[1.0, 0.0, 9.0]]), torch.tensor([[1.0, 1.0, 0.0]])
    assert token_advantages(rewards, mask).tolist() == [[0.5, -0.5, 0.0]]


def test_expected_gradient_of_a_bandit_is_the_policy_gradient():
    """Two arms, reward 1 for the first, groups of two: without scaling the expected gradient is half of d E[r] / d logits.

    A group of G centred by its own mean keeps (G - 1) / G of the signal; the expectation is taken over all groups.
    """
    logits = torch.tensor([0.3, -0.2], requires_grad=True)
    probabilities = logits.detach().softmax(0)
    expected = torch.zeros(2)
    for pair in itertools.product((0, 1), repeat=2):
        chance = math.prod(float(probabilities[arm]) for arm in pair)
        rewards = torch.tensor([[1.0 if arm == 0 else 0.0 for arm in pair]])
        advantages = group_advantages(rewards, "none").reshape(2, 1)
        logprobs = logits.log_softmax(0)[list(pair)].reshape(2, 1)
        parts = policy_loss(logprobs, logprobs.detach(), advantages, torch.ones(2, 1), LossConfig(), total=2)
        (gradient,) = torch.autograd.grad(parts.loss, logits)
        expected += chance * gradient
    p = float(probabilities[0])
    true = torch.tensor([p * (1 - p), -p * (1 - p)])
    assert expected == pytest.approx(-true * 0.5, abs=1e-6)


def test_shares_of_micro_batches_add_up():
    generator = torch.Generator().manual_seed(1)
    new, old, advantages = (torch.randn(6, 5, generator=generator) for _ in range(3))
    mask = (torch.rand(6, 5, generator=generator) > 0.3).float()
    for denominator in ("tokens", "sequences", "constant"):
        config = LossConfig(denominator=denominator)
        whole = policy_loss(new, old, advantages, mask, config, 17.0).loss
        halves = [
            policy_loss(new[r], old[r], advantages[r], mask[r], config, 17.0).loss for r in (slice(0, 2), slice(2, 6))
        ]
        assert float(sum(halves)) == pytest.approx(float(whole), rel=1e-5)


def test_clipping_stops_the_gradient_on_the_far_side_only():
    old = torch.zeros(1, 2)
    new = torch.tensor([[0.5, 0.5]], requires_grad=True)
    advantages = torch.tensor([[1.0, -1.0]])
    parts = policy_loss(new, old, advantages, torch.ones(1, 2), LossConfig(clip_low=0.2, clip_high=0.2), 1.0)
    (gradient,) = torch.autograd.grad(parts.loss, new)
    assert gradient[0, 0] == 0.0
    assert gradient[0, 1] == pytest.approx(math.exp(0.5))
    assert int(parts.clipped_sum) == 1


def test_sequence_ratio_is_one_number_per_rollout():
    old = torch.zeros(1, 4)
    new = torch.tensor([[0.4, -0.4, 0.2, 0.2]], requires_grad=True)
    config = LossConfig(ratio="sequence", clip_low=10.0, clip_high=10.0)
    parts = policy_loss(new, old, torch.ones(1, 4), torch.ones(1, 4), config, 4.0)
    assert float(parts.loss) == pytest.approx(-math.exp(0.1))
    (gradient,) = torch.autograd.grad(parts.loss, new)
    assert gradient[0].tolist() == pytest.approx([-math.exp(0.1) / 4] * 4)


def test_kl_is_zero_at_the_reference_and_positive_elsewhere():
    logprobs = torch.tensor([[-1.0, -2.0]])
    config = LossConfig(kl=0.5)
    zeros, ones = torch.zeros(1, 2), torch.ones(1, 2)
    assert float(policy_loss(logprobs, logprobs, zeros, ones, config, 1.0, reference_B_T=logprobs).loss) == 0.0
    away = policy_loss(logprobs, logprobs, zeros, ones, config, 1.0, reference_B_T=logprobs - 1)
    assert float(away.kl_sum) == pytest.approx(2 * math.exp(-1))
    assert float(away.loss) == pytest.approx(math.exp(-1))
