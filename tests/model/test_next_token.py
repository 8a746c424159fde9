"""Choosing a token: the numbers are uniform and independent, and truncation equals its slow definition."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import chisquare

from interplay.model.next_token import SamplingConfig, row_key, truncated, uniforms


def test_uniforms_are_uniform_and_independent_of_neighbours() -> None:
    keys = torch.tensor([row_key(0, "a", i) for i in range(2_000)])
    u = torch.stack([uniforms(keys, torch.full_like(keys, step)) for step in range(20)])
    assert float(u.min()) >= 0
    assert float(u.max()) < 1
    assert chisquare(torch.histc(u.float(), 50, 0, 1).tolist()).pvalue > 1e-3
    assert torch.equal(u[3, 5:6], uniforms(keys[5:6], torch.tensor([3])))
    assert abs(float(torch.corrcoef(torch.stack([u[:-1].flatten(), u[1:].flatten()]))[0, 1])) < 0.02
    assert abs(float(torch.corrcoef(torch.stack([u[:, :-1].flatten(), u[:, 1:].flatten()]))[0, 1])) < 0.02


@pytest.mark.parametrize("top_p", [0.05, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("top_k", [0, 1, 20, 60, 1_000])
def test_truncation_equals_sorting_everything(top_p: float, top_k: int) -> None:
    weights_R_V = (
        torch.rand(50, 100, generator=torch.Generator().manual_seed(0)) ** torch.linspace(0.1, 40, 50)[:, None]
    )
    kept = truncated(weights_R_V, SamplingConfig(max_new_tokens=1, top_p=top_p, top_k=top_k))
    for row, kept_row in zip(weights_R_V.double().tolist(), kept.tolist(), strict=True):
        order = sorted(range(100), key=lambda i: -row[i])[: top_k or None]
        stay, held = set(), 0.0
        for i in order:
            if top_p == 1.0 or held < top_p * sum(row[j] for j in order):
                stay.add(i)
            held += row[i]
        assert {i for i, weight in enumerate(kept_row) if weight > 0} == {i for i in stay if row[i] > 0}


def test_truncation_keeps_the_smallest_sufficient_set() -> None:
    weights = torch.tensor([[0.4, 0.1, 0.3, 0.2]])
    kept = {
        p: truncated(weights, SamplingConfig(max_new_tokens=1, top_p=p)).gt(0).tolist()[0] for p in (0.3, 0.5, 0.95)
    }
    assert kept == {0.3: [1, 0, 0, 0], 0.5: [1, 0, 1, 0], 0.95: [1, 1, 1, 1]}
    assert truncated(weights, SamplingConfig(max_new_tokens=1, top_k=3)).gt(0).tolist() == [[1, 0, 1, 1]]
    assert truncated(weights, SamplingConfig(max_new_tokens=1, top_k=3, top_p=0.5)).gt(0).tolist() == [[1, 0, 1, 0]]
