"""Documents of packed rows on a GPU: no mask of T x T is made, and what the kernel is told is who sees whom.

The kernel itself runs on a GPU alone; here it is traced, and stood in for by one attention per document.
"""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from transformers import AttentionInterface

from fake_cuda import fake_cuda, moved
from interplay.model import document_attention
from interplay.model.build import build
from interplay.model.document_attention import NAME, attend_documents, document_kwargs, use_document_kernel
from interplay.model.sizes import ModelConfig

SHAPE = ModelConfig(layers=2, hidden=32, ffn=48, heads=4, kv_heads=2, init_std=0.3, max_positions=96)
STARTS = ((0, 5, 17), (0,), (0, 23))
WIDTH = 24


def positions() -> torch.Tensor:
    rows = []
    for starts in STARTS:
        ends = (*starts[1:], WIDTH)
        rows.append(torch.cat([torch.arange(end - start) for start, end in zip(starts, ends, strict=True)]))
    return torch.stack(rows)


def by_document(q, k, v, ends, other_ends, longest, other_longest, *, scale, window_size, enable_gqa) -> torch.Tensor:
    """What the kernel computes, one document after another."""
    assert window_size == (-1, 0)
    assert torch.equal(ends, other_ends)
    found = []
    for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        assert end - start <= longest == other_longest
        part = [t[start:end].transpose(0, 1)[None] for t in (q, k, v)]
        found.append(F.scaled_dot_product_attention(*part, is_causal=True, scale=scale, enable_gqa=enable_gqa)[0])
    return torch.cat([each.transpose(0, 1) for each in found])


def test_the_kernel_is_told_who_sees_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build(SHAPE, 40, "documents").eval()
    ids = torch.arange(3 * WIDTH).view(3, WIDTH) % 40
    expected = model(input_ids=ids, position_ids=positions(), use_cache=False).logits
    monkeypatch.setattr(document_attention, "varlen_attn", by_document)
    AttentionInterface.register(NAME, attend_documents)
    model.set_attn_implementation(NAME)
    told = document_kwargs(STARTS, WIDTH, torch.device("cpu"))
    found = model(input_ids=ids, position_ids=positions(), use_cache=False, **told).logits
    assert torch.allclose(found, expected, atol=1e-5)
    alone = model(input_ids=ids, use_cache=False).logits  # held-out curves ask without documents
    model.set_attn_implementation("sdpa")
    assert torch.allclose(alone, model(input_ids=ids, use_cache=False).logits, atol=1e-5)


def test_a_checkpoint_does_not_name_the_kernel(tmp_path: Any) -> None:
    model = build(SHAPE, 40, "documents")
    AttentionInterface.register(NAME, attend_documents)
    model.set_attn_implementation(NAME)
    model.save_pretrained(tmp_path)
    assert NAME not in (tmp_path / "config.json").read_text()


@pytest.mark.parametrize("by_kernel", [True, False])
def test_on_a_gpu_no_mask_of_all_pairs_is_made(by_kernel: bool) -> None:
    model = build(SHAPE, 40, "documents").eval().bfloat16()
    with fake_cuda() as noted, torch.no_grad():
        moved(model)
        told: dict[str, Any] = {}
        if by_kernel:
            assert use_document_kernel(model, "bf16", on_cpu=False)
            ends = torch.empty(7, dtype=torch.int32, device="cuda")
            told = document_kwargs(STARTS, WIDTH, torch.device("cpu")) | dict.fromkeys(
                ("cu_seq_lens_q", "cu_seq_lens_k"), ends
            )
        ids, places = (torch.zeros(3, WIDTH, dtype=torch.long, device="cuda") for _ in range(2))
        for log in (noted.names, noted.asked, noted.made):
            log.clear()
        logits = model(input_ids=ids, position_ids=places, use_cache=False, **told).logits
    assert logits.device.type == "cuda"
    assert logits.dtype == torch.bfloat16
    pairs = {shape for _, _, _, shape in noted.made if shape[-2:] == (WIDTH, WIDTH)}
    assert bool(pairs) != by_kernel  # transformers' own way makes them, so this test can fail
    if by_kernel:
        assert noted.asked == []
        assert noted.names.count("_varlen_attn") == SHAPE.layers


def test_who_keeps_the_way_of_transformers() -> None:
    model = build(SHAPE, 40, "documents")
    assert not use_document_kernel(model, "bf16", on_cpu=True)
    assert not use_document_kernel(model, "fp32", on_cpu=False)  # the kernel takes 16 bits
