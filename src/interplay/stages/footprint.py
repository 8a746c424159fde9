"""What a stage needs beside time, before it runs: memory of each device, and what it leaves in the store.

Estimates by arithmetic from the shape, none of them measured. Training holds fp32 weights, gradients and the two moments of
AdamW (16 bytes a parameter), a micro-batch's activations and its logits. Sampling holds the weights and the keys and
values of its rows. The store keeps fp32 checkpoints and tables of texts; what a running stage resumes from comes on top
while it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from interplay.model.sizes import ModelConfig, parameter_count
from interplay.stages.workload import shape, vocabulary_size, work
from interplay.train.runtime import Runtime

STATE_BYTES = 16  # of a parameter: weight, gradient, two moments
WEIGHT_BYTES = 4
TEXT_BYTES = 3  # of a sampled token in a compressed table of texts and verdicts
CACHED_POSITIONS = {"cpu": 1 << 18, "gpu": 1 << 22}  # the sampler's bound on positions of all rows together
CONTEXT_BYTES = 1.5e9  # CUDA's own and the allocator's slack

Identity = Mapping[str, Any]


class Footprint(NamedTuple):
    """Bytes: of memory on each of a stage's devices, and kept in the store."""

    memory: float
    storage: float


def footprint(identity: Identity, runtime: Runtime) -> Footprint:
    """Of one stage."""
    config, found = identity["config"], shape(identity)
    if found is None:
        return Footprint(0, 1e6)
    model = ModelConfig.model_validate(found)
    vocabulary = vocabulary_size(identity)
    parameters = parameter_count(model, vocabulary)
    checkpoint = WEIGHT_BYTES * parameters
    if "budget_tokens" in config:
        positions = min(runtime.micro_tokens, config["batch_tokens"])
        memory = STATE_BYTES * parameters + positions * _training_bytes(model, vocabulary, config["precision"])
        return Footprint(memory + CONTEXT_BYTES, checkpoint * max(1, len(config["grid_tokens"])))
    sampling = config["sampling"]
    cached = CACHED_POSITIONS["cpu" if runtime.on_cpu else "gpu"]
    if runtime.sample_rows:
        cached = min(cached, runtime.sample_rows * model.max_positions)
    memory = checkpoint + cached * _cache_bytes(model, sampling["precision"])
    text = (
        TEXT_BYTES * work(identity)[0] * sampling["max_new_tokens"] * 0.5
    )  # half of the bound, as most texts end before it
    if "group" not in config:
        return Footprint(memory + CONTEXT_BYTES, text)
    reference = checkpoint if config["loss"]["kl"] else 0
    learning = STATE_BYTES * parameters + runtime.micro_tokens * _training_bytes(
        model, vocabulary, sampling["precision"]
    )
    kept = 1 + (config["steps"] // config["checkpoint_every"] if config["checkpoint_every"] else 0)
    return Footprint(max(memory, learning) + reference + CONTEXT_BYTES, text + checkpoint * kept)


def _training_bytes(model: ModelConfig, vocabulary: int, precision: str) -> float:
    """Of one position: what the backward pass needs of each layer, and logits with their gradient in fp32."""
    size = 2 if precision == "bf16" else 4
    return size * model.layers * (17 * model.hidden + 4 * model.ffn) + vocabulary * (size + 8)


def _cache_bytes(model: ModelConfig, precision: str) -> float:
    """Keys and values of one position."""
    return 2 * model.layers * model.kv_heads * model.head_dim * (2 if precision == "bf16" else 4)
