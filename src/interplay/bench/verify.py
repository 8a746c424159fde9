"""Verdicts per second of model-like text at op 10, gold prepared, one core; and the slowest 64 KiB of hostile text."""

from __future__ import annotations

import time
from functools import partial

from interplay.bench.timing import rates
from interplay.world.context import load
from interplay.world.problem import Problem, make
from interplay.world.randomness import stream
from interplay.world.sample import Spec
from interplay.world.verify import Reference, verify

COUNT = 200
LONG = 1 << 16
HOSTILE = (
    "Define " + " " * LONG,
    "Define a b " * LONG,
    "so F = " + "9**" * LONG,
    "((((" * LONG,
    "a = " * LONG,
    "x + " * LONG,
)


def bench(threads: int) -> dict[str, object]:
    """Forward full text is the value; half of the candidates have one digit changed."""
    zoo = load("zoo")
    sets: dict[str, list[tuple[Reference, str]]] = {}
    for style in ("full", "terse"):
        for mode in ("forward", "reverse"):
            rng = stream("bench", "verify", style, mode)
            spec = Spec(op=10, mode=mode, distractors=(0, 4))
            made = [make(spec, zoo, style, rng) for _ in range(COUNT)]
            sets[f"{style}_{mode}"] = [_candidate(problem, index) for index, problem in enumerate(made)]

    def judge(name: str) -> float:
        for reference, text in sets[name]:
            verify(reference, text)
        return COUNT

    found = rates({name: partial(judge, name) for name in sets}, budget_s=10)
    reference = sets["full_forward"][0][0]
    slowest = max(_seconds(reference, text[:LONG]) for text in HOSTILE)
    parts = {name: round(value, 1) for name, value in found.items()} | {"slowest_64_kib_ms": round(1000 * slowest, 2)}
    return {"value": round(found["full_forward"], 1), "unit": "verdicts/s", "parts": parts}


def _candidate(problem: Problem, index: int) -> tuple[Reference, str]:
    text = problem.completion
    if index % 2:
        digits = [at for at, letter in enumerate(text) if letter.isdigit()]
        at = digits[index % len(digits)]
        text = text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]
    return Reference.from_graph(problem.graph, problem.solution), text


def _seconds(reference: Reference, text: str) -> float:
    started = time.perf_counter()
    verify(reference, text)
    return time.perf_counter() - started
