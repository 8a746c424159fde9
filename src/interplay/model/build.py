"""Build a model from a shape, save it, load it again.

A new model's weights are a function of its shape, its vocabulary and its seed names, and building one leaves the
global random state as it was. On disk a model is a Hugging Face directory with safetensors; nothing pickled is ever
loaded, and a checkpoint that is damaged or incomplete is refused by name instead of being filled up with fresh weights.
"""

from __future__ import annotations

import json
import math
from operator import itemgetter
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM
from transformers.utils import logging

from interplay.data.tokenizer import load_tokenizer
from interplay.files import staged_folder
from interplay.model.sizes import ModelConfig
from interplay.world.randomness import derive

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
MAX_POSITIONS = 1 << 24
SIZES_OF_A_MODEL = (
    "hidden_size", "intermediate_size", "vocab_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings",
)  # fmt: skip


def qwen2_config(
    config: ModelConfig, vocab_size: int, *, eos_token_id: int | None = None, pad_token_id: int | None = None
) -> Qwen2Config:
    """The same shape in the words of transformers."""
    if vocab_size < 1:
        raise ValueError(f"vocab_size must be positive, got {vocab_size}")
    return Qwen2Config(
        vocab_size=vocab_size,
        hidden_size=config.hidden,
        intermediate_size=config.ffn,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.kv_heads,
        max_position_embeddings=config.max_positions,
        tie_word_embeddings=config.tied,
        rope_parameters={"rope_type": "default", "rope_theta": config.rope_theta},
        initializer_range=config.init_std,
        eos_token_id=eos_token_id,
        pad_token_id=pad_token_id,
    )


def build(
    config: ModelConfig,
    vocab_size: int,
    *seed_names: str | int,
    eos_token_id: int | None = None,
    pad_token_id: int | None = None,
) -> Qwen2ForCausalLM:
    """A fresh fp32 model on the CPU, the same for the same arguments."""
    shape = qwen2_config(config, vocab_size, eos_token_id=eos_token_id, pad_token_id=pad_token_id)
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.manual_seed(derive("model", "init", *seed_names) % 2**63)
        return cast(Qwen2ForCausalLM, Qwen2ForCausalLM(shape).float())


def save(model: PreTrainedModel, path: str | Path) -> Path:
    """Write a Hugging Face directory. It appears whole or not at all, and replaces what was there."""
    path = Path(path)
    with staged_folder(path) as staging:
        model.save_pretrained(staging, safe_serialization=True)
    return path


def load(path: str | Path, *, dtype: torch.dtype | None = None, device: str = "cpu") -> PreTrainedModel:
    """The causal model of a Hugging Face directory, in evaluation mode. `dtype=None` keeps the stored one."""
    path = Path(path)
    if not path.is_dir():
        raise ValueError(f"no checkpoint at {path}: not a directory")
    config = _read_json(path / "config.json")
    _check_sizes(path / "config.json", config, sum(_num_weights(file) for file in _weight_files(path)))
    logging.disable_progress_bar()  # loading shows its own bar, in the middle of ours
    try:
        model, info = cast(Any, AutoModelForCausalLM).from_pretrained(
            path, dtype=dtype or "auto", use_safetensors=True, local_files_only=True, output_loading_info=True,
            trust_remote_code=False,
        )  # fmt: skip
    except Exception as error:  # whatever a library makes of a config that somebody else wrote
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(f"cannot load the checkpoint {path}: {reason}") from error
    absent = sorted(map(str, [*info["missing_keys"], *info["mismatched_keys"]]))
    if absent:
        raise ValueError(f"checkpoint {path} lacks {len(absent)} of the model's tensors, first {absent[0]}")
    if unsound := next((name for name, weight in model.named_parameters() if not torch.isfinite(weight).all()), None):
        raise ValueError(f"checkpoint {path}: {unsound} holds values that are no numbers (NaN or infinite)")
    return cast(PreTrainedModel, model.to(device).eval())


def load_with_tokenizer(path: str | Path) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """The same with the tokenizer beside it. Raises ValueError where that has tokens that the model does not know."""
    model, tokenizer = load(path), load_tokenizer(path)
    known = int(model.config.vocab_size)
    token, last = max(tokenizer.get_vocab().items(), key=itemgetter(1))
    if last >= known:
        raise ValueError(
            f"the tokenizer in {path} is larger than the model: its token {token[:40]!r} has the id {last}, the model knows "
            f"0..{known - 1}; give the model's own tokenizer, or resize the model's embeddings"
        )
    return model, tokenizer


def _read_json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise ValueError(f"incomplete checkpoint: {file} is missing")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"damaged checkpoint: {file} is not valid JSON") from error
    if not isinstance(content, dict):
        raise ValueError(f"damaged checkpoint: {file} is not a JSON object")
    return content


def _weight_files(path: Path) -> list[Path]:
    if (path / INDEX).is_file():
        names = _read_json(path / INDEX).get("weight_map")
        if not isinstance(names, dict) or not names:
            raise ValueError(f"damaged checkpoint: {path / INDEX} names no weights")
        return sorted({path / Path(str(name)).name for name in names.values()})
    return [path / WEIGHTS]


def _check_sizes(file: Path, config: dict[str, Any], weights: int) -> None:
    """A model that is larger than its weights is never made: it could take all memory before the difference is seen."""
    sizes = {name: config.get(name, 1) for name in SIZES_OF_A_MODEL}
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= max(weights, MAX_POSITIONS):
            raise ValueError(f"damaged checkpoint: {file} says {name} {str(size)[:40]}, which cannot be")
    width = sizes["hidden_size"]
    largest = max(sizes["vocab_size"] * width, sizes["num_hidden_layers"] * sizes["intermediate_size"] * width)
    packed = "quantization_config" in config  # several weights in one number
    if (largest > weights and not packed) or sizes["max_position_embeddings"] > MAX_POSITIONS:
        raise ValueError(f"damaged checkpoint: {file} says a model that is larger than its {weights:,} weights")


def _num_weights(file: Path) -> int:
    if not file.is_file():
        raise ValueError(f"incomplete checkpoint: {file} is missing")
    try:
        with safe_open(file, framework="pt") as tensors:
            if not (names := list(tensors.keys())):
                raise ValueError(f"damaged checkpoint: {file} holds no tensors")
            return sum(math.prod(tensors.get_slice(name).get_shape()) for name in names)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"damaged checkpoint: {file} is truncated or not a safetensors file ({error})") from error
