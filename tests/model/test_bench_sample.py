"""The sampler's benchmark on a workload of no size: what it reports, and that it leaves the thread count as it was."""

import math
from dataclasses import replace

import pytest
import torch

from interplay.bench import sample as bench_sample


def test_the_benchmark_reports_ratio_shares_and_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    case = bench_sample.Case("micro", 20, 2, 5, 4, 10, (2, 4), torch.float32)
    monkeypatch.setattr(bench_sample, "CPU", case)
    monkeypatch.setattr(bench_sample, "MINI", replace(case, size="mini"))
    before = torch.get_num_threads()
    result = bench_sample.bench(1, budget_s=1.0)
    assert torch.get_num_threads() == before
    assert result["ratio"] == pytest.approx(result["value"] / result["peer_value"], abs=0.1)
    shares = [result["parts"][phase] for phase in ("linear", "attention", "sampling", "head", "elementwise", "prefill")]
    assert 0.5 < math.fsum(shares) <= 1.01
    assert result["parts"]["of_limit_default"] > 0
    assert result["parts"]["mini_bf16_times_generate"] > 0
