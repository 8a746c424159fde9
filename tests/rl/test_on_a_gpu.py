"""An RL update, Muon and gold likelihood on a GPU, traced with tensors that hold nothing: types, devices, and no waiting."""

from contextlib import contextmanager

import pytest
import torch

from fake_cuda import fake_cuda, moved
from interplay.model.build import build
from interplay.model.likelihood import _logits
from interplay.model.sizes import ModelConfig
from interplay.rl.batches import Batch
from interplay.rl.logprobs import logprobs_of, logprobs_sharing_prompts
from interplay.rl.loss import LossConfig, policy_loss
from interplay.train.muon import Muon

SHAPE = ModelConfig(layers=2, hidden=32, ffn=48, heads=4, kv_heads=2, max_positions=96)
ROLLOUTS, STEPS, SAMPLED = 6, 9, 40


def fake_batch(prompt_lengths):
    def integers(*shape):
        return torch.zeros(shape, dtype=torch.long, device="cuda")

    def numbers():
        return torch.zeros(ROLLOUTS, STEPS, device="cuda")

    return Batch(
        integers(ROLLOUTS, 20), prompt_lengths, [0, 0, 0, 1, 1, 1], integers(ROLLOUTS), integers(SAMPLED), integers(SAMPLED),
        integers(ROLLOUTS, STEPS), numbers(), numbers(), numbers(),
    )  # fmt: skip


@contextmanager
def autocast(enabled):
    """As the learner's, by its parts: the whole of it turns itself off where torch sees no device."""
    before = torch.is_autocast_enabled("cuda"), torch.is_autocast_cache_enabled()
    torch.set_autocast_enabled("cuda", enabled)
    torch.set_autocast_dtype("cuda", torch.bfloat16)
    torch.set_autocast_cache_enabled(False)
    try:
        yield
    finally:
        torch.set_autocast_enabled("cuda", before[0])
        torch.set_autocast_cache_enabled(before[1])


@pytest.mark.parametrize("of", [logprobs_of, logprobs_sharing_prompts])
@pytest.mark.parametrize("prompt_lengths", [[11] * 6, [11] * 3 + [7] * 3])
@pytest.mark.parametrize("bf16", [False, True])
def test_an_update_waits_for_nobody(of, prompt_lengths, bf16):
    model = build(SHAPE, 40, "gpu").eval()
    with fake_cuda() as noted, torch.no_grad():  # autograd's own threads want a real device
        moved(model)
        batch = fake_batch(prompt_lengths)
        for log in (noted.asked, noted.made):
            log.clear()
        with autocast(bf16):
            logprobs, entropies = of(model, batch, 0.7)
        old = torch.zeros_like(logprobs)
        parts = policy_loss(
            logprobs, old, batch.advantages_B_T, batch.mask_B_T, LossConfig(kl=0.1), 40.0, reference_B_T=old,
            entropy_B_T=entropies,
        )  # fmt: skip
    assert noted.asked == []
    assert noted.types_of("mm") | noted.types_of("addmm") == {torch.bfloat16 if bf16 else torch.float32}
    assert noted.types_of("_log_softmax") == {torch.float32}  # in bf16 a ratio of 1 would be off by per cent
    assert {t.dtype for t in (*parts[:2], logprobs, entropies)} == {torch.float32}
    assert {t.device.type for t in (*parts, logprobs, entropies)} == {"cuda"}


def test_muon_orthogonalises_stacks_in_bf16_on_the_device():
    model = build(SHAPE, 40, "gpu")
    with fake_cuda() as noted:
        matrices = [p for p in moved(model).parameters() if p.ndim == 2]
        for p in matrices:
            p.grad = torch.zeros_like(p)
        noted.asked.clear()
        Muon(matrices, lr=0.02, weight_decay=0.1, momentum=0.95).step()
    assert noted.asked == []
    assert noted.types_of("bmm") | noted.types_of("baddbmm") == {torch.bfloat16}
    assert {p.dtype for p in matrices} == {torch.float32}
    assert noted.names.count("bmm") < 5 * len(matrices)  # one product for a stack


def test_gold_is_scored_without_waiting():
    model = build(SHAPE, 40, "gpu").eval()
    with fake_cuda() as noted, torch.no_grad():
        moved(model)
        ids = torch.zeros(4, 30, dtype=torch.long, device="cuda")
        rows, places = (torch.zeros(SAMPLED, dtype=torch.long, device="cuda") for _ in range(2))
        noted.asked.clear()
        logits = _logits(model, ids, rows, places)
    assert noted.asked == []
    assert tuple(logits.shape) == (SAMPLED, 40)
    assert not [shape for _, _, _, shape in noted.made if shape[-2:] == (30, 40)]  # no logits of prompts
