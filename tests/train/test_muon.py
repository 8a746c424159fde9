"""Muon over stacks is Muon matrix by matrix, and its threads do not show."""

import pytest
import torch
from torch import nn

from interplay.train.muon import STACK, Muon, orthogonal

SHAPES = [(16, 16)] * (STACK + 3) + [(24, 16), (16, 24), (24, 16)]


def stepped(kind, **options):
    torch.manual_seed(0)
    params = [nn.Parameter(torch.randn(shape)) for shape in SHAPES]
    optimizer = kind(params, lr=0.02, weight_decay=0.1, momentum=0.95, **options)
    for _ in range(3):
        for p in params:
            p.grad = torch.randn_like(p)
        optimizer.step()
    return [p.detach() for p in params]


def test_it_steps_as_torch_does():
    for ours, theirs in zip(stepped(Muon), stepped(torch.optim.Muon), strict=True):
        assert (ours - theirs).abs().max() < 2e-3  # three steps of at most 0.02, orthogonalised in bf16


def test_threads_leave_the_bytes():
    for one, three in zip(stepped(Muon), stepped(Muon, threads=3), strict=True):
        assert torch.equal(one, three)


def test_rows_come_out_orthogonal():
    x = torch.randn(5, 8, 24, generator=torch.Generator().manual_seed(1))
    singular = torch.linalg.svdvals(orthogonal(x).float())
    assert singular.min() > 0.4
    assert singular.max() < 1.6


def test_a_matrix_without_a_gradient_stays():
    still, moved = nn.Parameter(torch.ones(4, 4)), nn.Parameter(torch.ones(4, 4))
    moved.grad = torch.eye(4)
    Muon([still, moved], lr=0.1, weight_decay=0.0, momentum=0.9).step()
    assert torch.equal(still, torch.ones(4, 4))
    assert not torch.equal(moved, still)
    with pytest.raises(AssertionError):
        Muon([still], lr=0.1, weight_decay=0.0, momentum=0.9).step(lambda: 0.0)
