"""Benchmarks by name. Each measures its part beside a peer in the same run, alternating, so that a busy machine slows both."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from interplay.train.processor import processor

NAMES = ("generate", "stream", "verify", "sample", "train", "rl")


def run_bench(name: str, threads: int) -> dict[str, Any]:
    """Run one benchmark. Raises ValueError naming an unknown one and those there are."""
    if name not in NAMES:
        raise ValueError(f"unknown benchmark {name!r}; there are {', '.join(NAMES)}")
    result: dict[str, Any] = import_module(f"interplay.bench.{name}").bench(threads)
    machine = processor(threads)
    ratio = result["value"] / result["peer_value"] if result.get("peer_value") else None
    return {"name": name, "peer": None, "peer_value": None, "parts": {}, **result, "ratio": ratio, "machine": machine}
