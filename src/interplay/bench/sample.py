"""How fast the sampler draws, beside `transformers.generate` at its best batch size, in turns in one run.

Turns, because on a shared machine two runs of the same program differ more than two samplers do. What is reported besides
the ratio: the share of each phase, and what is reached of the linear layers alone, a bound that no attention, norm or
choice of tokens lowers. It is given twice, with the default matrix product and with the packed one that the sampler uses.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from interplay.model.build import build
from interplay.model.sampler import Clock, SamplingConfig, sample
from interplay.model.sizes import size
from interplay.model.weights import Linear, read_weights


@dataclass(frozen=True)
class Case:
    """One workload: every sample runs to its full length."""

    size: str
    vocab_size: int
    num_prompts: int
    prompt_tokens: int
    num_samples: int
    new_tokens: int
    peer_batches: tuple[int, ...]
    dtype: torch.dtype


CPU = Case("micro", 300, 8, 80, 128, 50, (128, 256, 512), torch.float32)
GPU = Case("paper", 2_200, 200, 300, 128, 512, (512, 2_048), torch.bfloat16)


def bench_sample(
    quick: bool = True, *, device: str = "cpu", threads: int | None = None, budget_s: float = 35.0
) -> dict[str, Any]:
    """Tokens per second of ours and of the peer. Rounds stop at `budget_s`; without `quick` there are three times as many."""
    case, before = CPU if device == "cpu" else GPU, torch.get_num_threads()
    threads = threads or before
    torch.set_num_threads(threads)
    try:
        return _bench(case, device, threads, 3 if quick else 9, budget_s if quick else 10 * budget_s)
    finally:
        torch.set_num_threads(before)


def _bench(case: Case, device: str, threads: int, rounds: int, budget_s: float) -> dict[str, Any]:
    start = time.perf_counter()
    model = build(size(case.size), case.vocab_size, "bench").to(device, case.dtype).eval()  # type: ignore[arg-type]
    rng = random.Random(0)
    prompts = [[rng.randrange(case.vocab_size) for _ in range(case.prompt_tokens)] for _ in range(case.num_prompts)]
    _ours(model, case, prompts, threads, 4, Clock(running=False))  # kernels for these shapes are compiled
    batch = max(case.peer_batches, key=lambda batch: _peer(model, case, prompts, batch, case.new_tokens // 4))
    clock, ours, peer = Clock(), [], []
    for _ in range(rounds):
        ours.append(_ours(model, case, prompts, threads, case.new_tokens, clock))
        peer.append(_peer(model, case, prompts, batch, case.new_tokens))
        if time.perf_counter() - start > budget_s:
            break
    value, peer_value = statistics.median(ours), statistics.median(peer)
    total_s = sum(clock.seconds.values())
    parts = {f"share_{phase}": round(seconds / total_s, 3) for phase, seconds in clock.seconds.items()}
    if device == "cpu":
        rows = case.num_prompts * case.num_samples
        for name, limit in {"default": _default_limit, "packed": _packed_limit}.items():
            tokens_per_s = limit(model, rows, threads)
            parts |= {
                f"linear_limit_{name}": round(tokens_per_s),
                f"share_of_{name}_limit": round(value / tokens_per_s, 3),
            }
    return {
        "name": "sample",
        "value": round(value),
        "unit": "tokens/s",
        "peer": f"transformers.generate, batch {batch}",
        "peer_value": round(peer_value),
        "ratio": round(statistics.median(a / b for a, b in zip(ours, peer, strict=True)), 2),
        "parts": parts | {"threads": threads, "rounds": len(ours)},
    }


def _ours(model: Any, case: Case, prompts: list[list[int]], threads: int, new_tokens: int, clock: Clock) -> float:
    config = SamplingConfig(max_new_tokens=new_tokens)
    return _rate(
        lambda: sum(
            len(completion.tokens)
            for completion in sample(model, prompts, num_samples=case.num_samples, config=config, stop_ids=(), seed=0,
                                     threads=threads, clock=clock)
        )
    )  # fmt: skip


def _peer(model: Any, case: Case, prompts: list[list[int]], batch: int, new_tokens: int) -> float:
    """One batch, whose prompts stand in it several times as they would when each is sampled often."""
    repeated = [prompt for prompt in prompts for _ in range(case.num_samples)][:batch]
    ids_B_L = torch.tensor(repeated, device=model.device)
    options = {"do_sample": True, "top_k": 0, "max_new_tokens": new_tokens, "min_new_tokens": new_tokens}

    def run() -> int:
        with torch.inference_mode():
            said = model.generate(ids_B_L, attention_mask=torch.ones_like(ids_B_L), pad_token_id=0, **options)
        return int(said[:, ids_B_L.shape[1] :].numel())

    return _rate(run)


def _rate(run: Callable[[], int]) -> float:
    start = time.perf_counter()
    done = run()
    return done / (time.perf_counter() - start)


def _default_limit(model: Any, rows: int, threads: int) -> float:
    linears = [module for module in model.modules() if isinstance(module, nn.Linear)]
    inputs = {width: torch.randn(rows, width) for width in {linear.in_features for linear in linears}}

    def step() -> None:
        for linear in linears:
            F.linear(inputs[linear.in_features], linear.weight, linear.bias)

    return rows / _fastest(step)


def _packed_limit(model: Any, rows: int, threads: int) -> float:
    """Each thread on its share of the rows, as the sampler does it."""
    weights = read_weights(model)
    layers = [part for layer in weights.layers for part in (layer.qkv, layer.out, layer.gate_up, layer.down)]
    shape = model.config
    widths = [shape.hidden_size, shape.hidden_size, shape.hidden_size, shape.intermediate_size] * len(weights.layers)
    calls: list[tuple[Linear, Tensor]] = [
        (linear, torch.randn(rows // threads, width))
        for linear, width in zip([*layers, weights.head], [*widths, shape.hidden_size], strict=True)
    ]
    seconds: list[float] = []

    def work() -> None:
        torch.set_num_threads(1)

        def step() -> None:
            for linear, x_N_ in calls:
                linear(x_N_)

        seconds.append(_fastest(step))

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    torch.set_num_threads(threads)
    return rows / max(seconds)


def _fastest(step: Callable[[], None], repeats: int = 15) -> float:
    with torch.inference_mode():
        step()
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
    return min(times)
