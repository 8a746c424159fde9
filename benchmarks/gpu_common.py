"""What the GPU benchmarks share: sizes, real and toy, timing, and where results go."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch

from interplay.train.runtime import Runtime

DRY = os.environ.get("INTERPLAY_GPU_DRY") == "1"
DEVICE = "cpu" if DRY else "cuda"
OUT = Path(os.environ.get("OUT", "out"))
PEAK_FLOPS = 989e12  # dense bf16 of an H100 or H200


class Sizes(NamedTuple):
    """What is measured."""

    model: str
    style: str
    vocab_size: int
    documents: int
    prompts: int
    samples: int
    prompt_tokens: int
    new_tokens: int
    peer_batches: tuple[int, ...]
    rl_prompts: int
    rl_group: int
    rl_tokens: int
    width: int
    rows: int  # of a block
    batch_tokens: int
    steps: tuple[int, int]


FULL = Sizes(
    "paper", "full", 2_200, 3_000, 200, 128, 300, 512, (128, 512, 2_048), 1_024, 6, 300, 2_048, 64, 64 * 2_048, (4, 16)
)
TOY = Sizes("micro", "terse", 500, 100, 4, 16, 30, 16, (8, 64), 4, 2, 16, 256, 4, 1 << 10, (1, 3))
SIZES = TOY if DRY else FULL
DTYPE = torch.float32 if DRY else torch.bfloat16
PRECISION: Literal["fp32", "bf16"] = "fp32" if DRY else "bf16"
RUNTIME = Runtime(device=DEVICE, threads=1, micro_tokens=1 << 16, workers=0 if DRY else 8, sample_rows=8_192)


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long it takes until the device has done it, and what it returned."""
    wait = torch.cuda.synchronize if DEVICE == "cuda" else lambda: None
    wait()
    start = time.perf_counter()
    result = work()
    wait()
    return time.perf_counter() - start, result


def peak_gib() -> float | None:
    """Most memory held since the process began."""
    return round(torch.cuda.max_memory_allocated() / 2**30, 2) if DEVICE == "cuda" else None


def machine() -> dict[str, Any]:
    """Where it ran."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    return {"device": device, "dry_run": DRY, "torch": torch.__version__, "cores": os.cpu_count(), "model": SIZES.model}


def write(name: str, result: dict[str, Any]) -> None:
    """The result of a step, with the machine's description."""
    found = without_figures(result) if DRY else result
    (OUT / f"{name}.json").write_text(json.dumps(found | {"machine": machine()}, indent=1))


def without_figures(value: Any) -> Any:
    """The same with null for every number and every yes or no: on a CPU at toy sizes they mean nothing, and look as if."""
    if isinstance(value, dict):
        return {key: without_figures(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_figures(each) for each in value]
    return value if isinstance(value, str) else None
