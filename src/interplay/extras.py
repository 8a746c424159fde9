"""Libraries that a light installation leaves out, and the extra that brings each."""

from __future__ import annotations

from importlib import import_module
from typing import Any

EXTRAS = {
    **dict.fromkeys(("torch", "transformers", "accelerate", "tokenizers", "safetensors", "exca", "huggingface_hub"), "train"),
    **dict.fromkeys(("altair", "vl_convert", "jinja2", "markupsafe", "pandas"), "report"),
    **dict.fromkeys(("datasets", "trl"), "interop"),
    "submitit": "slurm",
    "ray": "ray",
    "openai": "api",
    "vllm": "vllm",
}  # fmt: skip


def need(module: str, extra: str) -> Any:
    """The module. Raises ValueError saying how to install it where it is not there."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise ValueError(missing(error.name or module, extra)) from None


def missing(module: str, extra: str = "") -> str:
    """What to say of a library that is not installed."""
    name = module.partition(".")[0]
    extra = EXTRAS.get(name, extra)
    what = f"'interplay[{extra}]'" if extra else name
    return f"{name} is not installed: pip install {what}"
