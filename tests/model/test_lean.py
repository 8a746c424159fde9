"""The lean decoder is the model of transformers: the same loss and the same gradients, whatever the shape and the rows."""

import pytest
import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from interplay.model.lean import Folded, documents_seen, hidden_at, is_lean, nats

SIZES = {
    "vocab_size": 61,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 2,
    "max_position_embeddings": 64,
}
MODELS = {
    "qwen2": lambda: Qwen2ForCausalLM(
        Qwen2Config(**SIZES, num_attention_heads=4, num_key_value_heads=4, tie_word_embeddings=True)
    ),
    "qwen2_grouped_untied": lambda: Qwen2ForCausalLM(
        Qwen2Config(**SIZES, num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=False)
    ),
    "llama_wide_heads": lambda: LlamaForCausalLM(
        LlamaConfig(**SIZES, num_attention_heads=3, num_key_value_heads=1, head_dim=32, attention_bias=False)
    ),
}


def made(name):
    torch.manual_seed(0)
    model = MODELS[name]()
    with torch.no_grad():
        for tensor in (p for n, p in model.named_parameters() if p.ndim == 1 or "embed" in n):
            tensor.add_(0.3 * torch.randn_like(tensor))  # gains and biases that are not all one and zero
    return model


def rows_of_documents(lengths_R):
    """(ids, positions, places with a label, their targets) of rows whose documents have these lengths."""
    positions = torch.stack([torch.cat([torch.arange(n) for n in lengths]) for lengths in lengths_R])
    ids = torch.randint(61, positions.shape)
    follows = functional.pad(positions[:, 1:], (0, 1)).flatten() > 0  # the next token is of the same document
    places = (follows & (torch.rand(follows.shape) < 0.6)).nonzero()[:, 0]
    return ids, positions, places, ids.roll(-1, 1).flatten()[places]


def gradients(model):
    return {name: p.grad.clone() for name, p in model.named_parameters()}


@pytest.mark.parametrize("lengths_R", [[[12, 7, 5], [24], [1, 23]], [[24]]])
@pytest.mark.parametrize("name", MODELS)
def test_loss_and_gradients_are_those_of_transformers(name, lengths_R):
    model = made(name)
    assert is_lean(model, 24)
    ids, positions, places, targets = rows_of_documents(lengths_R)
    logits = model(input_ids=ids, position_ids=positions, use_cache=False).logits
    plain = functional.cross_entropy(logits.flatten(0, 1)[places], targets, reduction="sum")
    plain.backward()
    expected = gradients(model)
    model.zero_grad()
    for dtype, close in ((torch.float32, 2e-6), (torch.bfloat16, 3e-2)):
        folded = Folded(model, dtype)
        rows = folded.rows(ids, positions, documents_seen(positions))
        loss = nats(folded.leaves, folded.shape, rows, places, targets)
        assert loss.item() == pytest.approx(plain.item(), rel=close / 3)
        folded.backward([g.float() for g in torch.autograd.grad(loss, folded.leaves)])
        found, largest = gradients(model), max(float(grad.norm()) for grad in expected.values())
        for parameter, grad in expected.items():
            assert float((found[parameter] - grad).norm()) < close * largest, (parameter, dtype)
        model.zero_grad()


def test_a_gradient_from_outside_scales_the_loss():
    model = made("qwen2")
    ids, positions, places, targets = rows_of_documents([[24]])
    folded = Folded(model, torch.float32)
    rows = folded.rows(ids, positions, documents_seen(positions))
    grads = [
        torch.autograd.grad(scale * nats(folded.leaves, folded.shape, rows, places, targets), folded.leaves)
        for scale in (1.0, 0.25)
    ]
    for whole, quarter in zip(*grads, strict=True):
        assert torch.allclose(whole / 4, quarter, atol=1e-6)


def test_hidden_states_meet_the_head_as_logits():
    model = made("llama_wide_heads")
    ids, positions, _, _ = rows_of_documents([[24], [10, 14]])
    folded = Folded(model, torch.float32)
    rows = folded.rows(ids, positions, documents_seen(positions))
    with torch.no_grad():
        logits = hidden_at(folded.leaves, folded.shape, rows, torch.arange(48)) @ folded.leaves[1].T
        plain = model(input_ids=ids, position_ids=positions, use_cache=False).logits.flatten(0, 1)
    assert torch.allclose(logits, plain, atol=2e-5)


def test_what_it_does_not_know_is_left_to_transformers():
    assert not is_lean(MODELS["qwen2"](), 4096)
    assert not is_lean(MODELS["qwen2"]().bfloat16(), 24)
    gelu = Qwen2Config(**SIZES, num_attention_heads=4, num_key_value_heads=4, hidden_act="gelu")
    assert not is_lean(Qwen2ForCausalLM(gelu), 24)
    biased = LlamaConfig(**SIZES, num_attention_heads=4, num_key_value_heads=4, mlp_bias=True)
    assert not is_lean(LlamaForCausalLM(biased), 24)
