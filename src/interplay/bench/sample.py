"""How fast the sampler draws, beside `transformers.generate` at its best batch size, in turns in one run.

Turns, because on a shared machine two runs of one program differ more than two samplers do. Reported besides the ratio:
the share of each phase, and the share reached of the linear layers alone, a bound that no attention, norm or choice of
tokens lowers. It is given twice: with torch's default matrix product, and with the packed one that the sampler uses.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from interplay.model.build import build
from interplay.model.sampler import Clock, SamplingConfig, sample
from interplay.model.sizes import size
from interplay.model.weights import read_weights

if TYPE_CHECKING:
    from transformers import Qwen2ForCausalLM


@dataclass(frozen=True)
class Case:
    """One workload: every sample runs to its full length."""

    size: str
    vocab_size: int
    num_prompts: int
    prompt_tokens: int
    num_samples: int
    new_tokens: int
    peer_batches: tuple[int, ...]  # the likely best first
    dtype: torch.dtype


CPU = Case("micro", 300, 8, 80, 128, 50, (256, 512, 128), torch.float32)
MINI = Case("mini", 300, 8, 80, 64, 50, (256,), torch.float32)
GPU = Case("paper", 2_200, 200, 300, 128, 512, (512, 2_048), torch.bfloat16)


def bench(threads: int, *, device: str = "cpu", budget_s: float = 25.0, rounds: int = 3) -> dict[str, object]:
    """Tokens per second of ours and of the peer: medians of as many of the rounds as the budget allows, at least one."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return _bench(CPU if device == "cpu" else GPU, device, threads, rounds, budget_s)
    finally:
        torch.set_num_threads(before)


def _bench(case: Case, device: str, threads: int, rounds: int, budget_s: float) -> dict[str, object]:
    start = time.perf_counter()
    model: Any = build(size(case.size), case.vocab_size, "bench")
    model.eval().to(device, case.dtype)
    prompts = _prompts(case)
    _ours(model, case, prompts, threads, 4, Clock(running=False))  # kernels for these shapes are compiled
    batch, peer_threads = _best_peer(model, case, prompts, threads, start + budget_s / 3)
    clock = Clock()
    rates: list[tuple[float, ...]] = []
    while len(rates) < rounds:
        round_start = time.perf_counter()
        ours = _ours(model, case, prompts, threads, case.new_tokens, clock)
        peer = _peer(model, case, prompts, batch, peer_threads, case.new_tokens)
        rates.append((ours, peer, *_limits(model, case.num_prompts * case.num_samples, threads)))
        now = time.perf_counter()
        if now - start + (now - round_start) > budget_s:
            break
    value, peer_value, default, packed = (statistics.median(column) for column in zip(*rates, strict=True))
    return {
        "name": "sample",
        "value": round(value),
        "unit": "tokens/s",
        "peer": f"transformers.generate, batch {batch}, threads {peer_threads}",
        "peer_value": round(peer_value),
        "ratio": round(value / peer_value, 2),
        "parts": clock.shares()
        | {
            "linear_limit_default": round(default),
            "linear_limit_packed": round(packed),
            "of_limit_default": round(value / default, 3),
            "of_limit_packed": round(value / packed, 3),
            "rounds": len(rates),
            "ratio_worst_round": round(min(row[0] / row[1] for row in rates), 2),
        }
        | (_precisions(MINI, threads) if device == "cpu" else {}),
    }


def _prompts(case: Case) -> list[list[int]]:
    rng = random.Random(0)
    return [[rng.randrange(case.vocab_size) for _ in range(case.prompt_tokens)] for _ in range(case.num_prompts)]


def _precisions(case: Case, threads: int, rounds: int = 2) -> dict[str, float]:
    """A size by the processor's time, so that a busy machine bends it little: the peer in fp32, ours in fp32 and bf16."""
    model = build(size(case.size), case.vocab_size, "bench").eval()
    prompts = _prompts(case)
    batch, idle = case.peer_batches[0], Clock(running=False)
    kinds: dict[str, Callable[[], float]] = {
        "generate": lambda: _peer(model, case, prompts, batch, threads, case.new_tokens, time.process_time),
        "fp32": lambda: _ours(model, case, prompts, threads, case.new_tokens, idle, "fp32", time.process_time),
        "bf16": lambda: _ours(model, case, prompts, threads, case.new_tokens, idle, "bf16", time.process_time),
    }
    found: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind, rate in kinds.items():
            found[kind].append(rate())
    best = {kind: max(values) for kind, values in found.items()}
    rates = {f"{case.size}_{kind}_tokens_per_cpu_s": float(round(value)) for kind, value in best.items()}
    return rates | {
        f"{case.size}_{kind}_times_generate": round(best[kind] / best["generate"], 2) for kind in ("fp32", "bf16")
    }


def _ours(
    model: Qwen2ForCausalLM,
    case: Case,
    prompts: list[list[int]],
    threads: int,
    new_tokens: int,
    clock: Clock,
    precision: Literal["fp32", "bf16"] = "fp32",
    now: Callable[[], float] = time.perf_counter,
) -> float:
    config = SamplingConfig(max_new_tokens=new_tokens, precision=precision)
    return _rate(
        lambda: sum(
            len(completion.tokens)
            for completion in sample(model, prompts, num_samples=case.num_samples, config=config, stop_ids=(), seed=0,
                                     threads=threads, clock=clock)
        ),
        now,
    )  # fmt: skip


def _best_peer(
    model: Qwen2ForCausalLM, case: Case, prompts: list[list[int]], threads: int, deadline: float
) -> tuple[int, int]:
    """Its best batch size and number of threads. One thread comes first: on a busy machine two are the slower ones."""
    tried: dict[tuple[int, int], float] = {}
    for peer_threads in sorted({1, threads}):
        for batch in case.peer_batches:
            if not tried or time.perf_counter() < deadline:
                tried[batch, peer_threads] = _peer(model, case, prompts, batch, peer_threads, case.new_tokens // 8)
    return max(tried, key=lambda settings: tried[settings])


def _peer(
    model: Any,
    case: Case,
    prompts: list[list[int]],
    batch: int,
    threads: int,
    new_tokens: int,
    now: Callable[[], float] = time.perf_counter,
) -> float:
    """One batch, whose prompts stand in it several times as they would when each is sampled often."""
    repeated = [prompt for prompt in prompts for _ in range(case.num_samples)][:batch]
    ids_B_L = torch.tensor(repeated, device=model.device)
    options = {"do_sample": True, "top_k": 0, "max_new_tokens": new_tokens, "min_new_tokens": new_tokens}

    before = torch.get_num_threads()
    torch.set_num_threads(threads)

    def run() -> int:
        with torch.inference_mode():
            said = model.generate(ids_B_L, attention_mask=torch.ones_like(ids_B_L), pad_token_id=0, **options)
        return int(said[:, ids_B_L.shape[1] :].numel())

    try:
        return _rate(run, now)
    finally:
        torch.set_num_threads(before)


def _rate(run: Callable[[], int], now: Callable[[], float]) -> float:
    start = now()
    done = run()
    return done / (now() - start)


def _limits(model: Qwen2ForCausalLM, rows: int, threads: int) -> tuple[float, float]:
    """Tokens per second of the linear layers alone, each thread on its share of the rows: default and packed product."""
    weights, shape = read_weights(model), model.config
    layers = [part for layer in weights.layers for part in (layer.qkv, layer.out, layer.gate_up, layer.down)]
    widths = [shape.hidden_size, shape.hidden_size, shape.hidden_size, shape.intermediate_size] * len(weights.layers)
    packed = list(zip([*layers, weights.head], [*widths, shape.hidden_size], strict=True))
    default = [(linear, linear.in_features) for linear in model.modules() if isinstance(linear, nn.Linear)]
    return rows / _products_s(default, model, rows, threads), rows / _products_s(packed, model, rows, threads)


def _products_s(
    linears: Sequence[tuple[Callable[[Tensor], Tensor], int]], model: Qwen2ForCausalLM, rows: int, threads: int
) -> float:
    calls = [
        (linear, torch.randn(rows // threads, width, device=model.device, dtype=model.dtype))
        for linear, width in linears
    ]
    seconds: list[float] = []

    def step() -> None:
        for linear, x_N_ in calls:
            linear(x_N_)
        if model.device.type == "cuda":
            torch.cuda.synchronize()

    def work() -> None:
        torch.set_num_threads(1)
        seconds.append(_typical_s(step))

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    torch.set_num_threads(threads)
    return max(seconds)


def _typical_s(step: Callable[[], None]) -> float:
    with torch.inference_mode():
        step()
        times = []
        for _ in range(15):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
    return statistics.median(times)
