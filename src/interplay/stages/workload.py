"""What a stage has to do, read from its identity alone: how much, on a model of which shape, and in which pieces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Identity = Mapping[str, Any]

# by a field that only this kind of work has: what decides the speed beside the model, learning rates and data left out
PIECES = {
    "budget_tokens": ("batch_tokens", "packing", "precision"),
    "group": ("prompts", "group", "updates", "sampling", "loss", "baseline", "sampler"),
    "samples": ("sampling",),
    "documents": ("vocab_size", "unit", "digits"),
}


def work(identity: Identity) -> tuple[float, str]:
    """How much there is to do, in what a stage of this kind does one after another."""
    config = identity["config"]
    if "budget_tokens" in config:
        return config["budget_tokens"], "tokens"
    if "group" in config:
        return config["steps"] * config["prompts"] * config["group"], "samples"
    if "samples" in config:
        return len(config["regimes"]) * config["problems"] * config["samples"], "samples"
    return config["documents"], "documents"


def pieces(identity: Identity) -> dict[str, Any]:
    """What two stages have in common that go equally fast on one machine, pre-training and mid-training alike."""
    config = identity["config"]
    kind = next(name for name in PIECES if name in config)
    said = {name: config[name] for name in PIECES[kind]}
    said |= {"optimizer": config["optimizer"]["kind"]} if "optimizer" in config else {}
    said |= {"gold": identity["gold"]} if "gold" in identity else {}
    return {"work": kind, **said, "model": shape(identity), "tokenizer": vocabulary_size(identity)}


def curve_points(identity: Identity) -> int:
    """How often a training measures its curves."""
    config = identity["config"]
    return len(config["grid_tokens"]) + 1 if config.get("validation") else 0


def shape(identity: Identity) -> Mapping[str, Any] | None:
    """The shape of the model that a stage trains or samples; None for a tokenizer."""
    found = _above(identity, "model")
    return None if found is None else dict(found)


def vocabulary_size(identity: Identity) -> int:
    """Entries of the tokenizer that a stage's model was made for, or that it trains."""
    tokenizer = _above(identity, "tokenizer") or identity
    return int(tokenizer["config"]["vocab_size"])


def _above(identity: Identity | None, name: str) -> Any:
    """A field of a stage, or of the nearest one it starts from that has it."""
    while identity is not None and name not in identity:
        identity = identity.get("start") or identity.get("checkpoint")
    return None if identity is None else identity[name]
