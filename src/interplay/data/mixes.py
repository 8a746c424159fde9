"""The published data mixes by name, repaired to sum to one; the faulty weights that were released stay beside them.

Most mixes are shares of op ranges, spread evenly over the ops of a range, the contexts and the modes. The context mixes
take two contexts, A and B, and give each a share and ops of its own. Three of the released mixes do not sum to one and
one does not hold what its name says. `RELEASED` keeps them as raw weights, because a `Mixture` refuses them: the loader
of the release did not, so the effective shares were not the documented ones (the flagship gave op 3 48 % of its weight).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from interplay.data.mixture import Cell, Mixture, blend
from interplay.world.graph import Mode

Ops = tuple[int, ...]


def ops(first: int, last: int) -> Ops:
    """The ops from `first` to `last`, both included."""
    return tuple(range(first, last + 1))


EASY, MIDDLE, UPPER = ops(2, 4), ops(5, 7), ops(8, 10)
ALL_OPS = ops(2, 20)


def _thirds(easy: float, middle: float, upper: float) -> dict[Ops, float]:
    return {EASY: easy, MIDDLE: middle, UPPER: upper}


# Shares of op ranges. Pre-training (op 2-10), mid-training, RL.
RANGES: Mapping[str, Mapping[Ops, float]] = MappingProxyType(
    {
        "20/30/50": _thirds(0.2, 0.3, 0.5),
        "50/30/20": _thirds(0.5, 0.3, 0.2),
        "49.95/49.95/0.1": _thirds(0.4995, 0.4995, 0.001),
        "49.5/49.5/1": _thirds(0.495, 0.495, 0.01),
        "47.5/47.5/5": _thirds(0.475, 0.475, 0.05),
        "40/40/20": _thirds(0.4, 0.4, 0.2),
        "25/25/50": _thirds(0.25, 0.25, 0.5),
        "uniform-2-10": {ops(2, 10): 1.0},
        "mid-20/80": {ops(2, 10): 0.2, ops(11, 14): 0.8},
        "mid-20/80-9-12": {ops(2, 10): 0.2, ops(9, 12): 0.8},  # the ranges overlap: ops 9 and 10 get both shares
        "rl-7-10": {ops(7, 10): 1.0},
        "rl-9-12": {ops(9, 12): 1.0},
        "rl-11-14": {ops(11, 14): 1.0},
        "rl-17-20": {ops(17, 20): 1.0},
        "rl-long": {ops(2, 10): 0.1, ops(11, 14): 0.9},
    }
)

# Share of context B and its ops; the rest is context A over op 2-20.
CONTEXTS: Mapping[str, tuple[float, Ops]] = MappingProxyType(
    {
        "context-100/0": (0.0, (2,)),
        "context-99.9/0.1": (0.001, (2,)),
        "context-99/1": (0.01, (2,)),
        "context-90/10": (0.1, (2,)),
        "context-70/30": (0.3, (2,)),
        "context-99.9/0.1-all-ops": (0.001, ALL_OPS),
        "rl-context-100/0": (0.0, ALL_OPS),
        "rl-context-99/1": (0.01, ALL_OPS),
        "rl-context-98/2": (0.02, ALL_OPS),
        "rl-context-90/10": (0.1, ALL_OPS),
        "rl-context-50/50": (0.5, ALL_OPS),
        "rl-context-10/90": (0.9, ALL_OPS),
        "rl-context-0/100": (1.0, ALL_OPS),
    }
)


def _by_op(*weights: float) -> Mapping[str, float]:
    return MappingProxyType({f"op{op}": weight for op, weight in enumerate(weights, start=2)})


# As released: weights by op (by context in the last), which are neither normalised nor a Mixture.
RELEASED: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "20/30/50-released": _by_op(0.06, 0.86, 0.08, 0.1, 0.1, 0.1, 0.16, 0.16, 0.18),
        "50/30/20-released": _by_op(0.18, 0.16, 0.16, 0.1, 0.1, 0.1, 0.08, 0.06, 0.06),
        "49.95/49.95/0.1-released": _by_op(*(0.1665,) * 6, *(0.003,) * 3),
        "47.5/47.5/5-released": _by_op(*(0.158,) * 6, *(0.0167,) * 3),
        "uniform-2-10-released": _by_op(*(0.11,) * 8, 0.12),
        "mid-20/80-released": _by_op(*(0.0221,) * 8, 0.0223, *(0.2,) * 4),
        "rl-context-10/90-released": MappingProxyType({"A": 0.2, "B": 0.8}),
    }
)
NAMES = (*RANGES, *CONTEXTS)


def weights_by_op(name: str) -> tuple[float, ...]:
    """The weights of a mix of op ranges that do not overlap, op by op."""
    return tuple(share / len(each) for each, share in RANGES[name].items() for _ in each)


def preset(name: str, contexts: Sequence[str] = ("zoo",), modes: Sequence[Mode] = ("forward",)) -> Mixture:
    """The repaired mixture of that name. A context mix takes exactly two contexts, A and B in this order."""
    if name in RANGES:
        return blend((Mixture.uniform(each, contexts, modes), share) for each, share in RANGES[name].items())
    if name in CONTEXTS:
        if len(contexts) != 2 or contexts[0] == contexts[1]:
            raise ValueError(f"the preset {name!r} takes two different contexts, A and B, got {list(contexts)}")
        share, ops_of_b = CONTEXTS[name]
        a, b = contexts
        parts = [(Mixture.uniform(ALL_OPS, [a], modes), 1 - share), (Mixture.uniform(ops_of_b, [b], modes), share)]
        return blend((mixture, part) for mixture, part in parts if part)
    if name in RELEASED:
        total = math.fsum(RELEASED[name].values())
        raise ValueError(
            f"{name!r} holds raw weights that sum to {total:.6g}: see RELEASED, or `released` for what they amount to"
        )
    raise ValueError(f"preset must be one of {', '.join(NAMES)}, got {name!r}")


def released(name: str, contexts: Sequence[str] = ("zoo",), modes: Sequence[Mode] = ("forward",)) -> Mixture:
    """What a released mix over ops amounts to once its weights are divided by their sum."""
    weights = RELEASED.get(name, {})
    if not weights or "A" in weights:
        known = [each for each, raw in RELEASED.items() if "A" not in raw]
        raise ValueError(f"a released mix over ops is one of {', '.join(known)}, got {name!r}")
    total = math.fsum(weights.values()) * len(contexts) * len(modes)
    return Mixture.of(
        {
            Cell(op=int(op.removeprefix("op")), context=context, mode=mode): weight / total
            for op, weight in weights.items()
            for context in contexts
            for mode in modes
        }
    )
