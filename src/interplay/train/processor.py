"""The facts about a processor on which the last bits of a result depend, for a record to name.

On one kind of processor the same settings give the same bytes. Another kind has other kernels: which ones is decided by its
instruction sets, so those that matrix products ask for are named beside the model.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

BF16 = ("avx512_bf16", "amx_bf16", "bf16")
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "asimd", "sve", *BF16)


def without_bf16() -> bool:
    """Whether products in bf16 are emulated here, which makes them slower than fp32; False where nothing is known."""
    instructions = _instructions(_cpuinfo())
    return bool(instructions) and not set(BF16) & set(instructions)


def processor(threads: int | None = None) -> dict[str, object]:
    """Model, instruction sets, cores and torch's choice of kernels; `threads` where it is known how many a stage had."""
    import torch

    described = _cpuinfo()
    found: dict[str, object] = {
        "cpu": processor_name(),
        "instructions": _instructions(described),
        "kernels": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
    }
    return found if threads is None else {**found, "threads": threads}


def processor_name() -> str:
    """Its model, as the system calls it; without torch, which a plan does not load."""
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _instructions(described: Mapping[str, str]) -> list[str]:
    flags = (described.get("flags") or described.get("Features") or "").split()
    return [name for name in INSTRUCTIONS if name in flags]


def _cpuinfo() -> dict[str, str]:
    """What Linux says of the first core; nothing elsewhere."""
    try:
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}
