"""Libraries that a light installation leaves out: the extra that brings each, and what is said of one that cannot be used.

A library that is missing and one that is there but broken, whose compiled part does not fit the machine say, are mended in
different ways, so that each gets a sentence of its own.
"""

from __future__ import annotations

from importlib import import_module
from traceback import walk_tb
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
SPELLED = {"ray": "Ray", "trl": "TRL", "vllm": "vLLM"}  # as their users spell them


def need(module: str, extra: str = "") -> Any:
    """The module. Raises ValueError saying how to install it where it is not there, and why it does not load where it is."""
    try:
        return import_module(module)
    except (ImportError, OSError) as error:
        raise ValueError(fault(error, module, extra)) from error


def fault(error: ImportError | OSError, module: str, extra: str = "") -> str:
    """What to say of a module whose import ended in this error: that it is missing, or what it needs, or that it is broken."""
    lacking = error.name if isinstance(error, ModuleNotFoundError) else None
    if lacking and "." not in lacking:  # of a name with a dot the first part was found
        return missing(lacking, extra)
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"{_spelled(module)} is installed but cannot be imported: {lines[0]}"


def missing(module: str, extra: str = "") -> str:
    """What to say of a library that is not installed."""
    name = module.partition(".")[0]
    extra = EXTRAS.get(name, extra)
    what = f"'interplay[{extra}]'" if extra else name
    return f"{_spelled(name)} is not installed: pip install {what}"


def imported_at(error: BaseException) -> str | None:
    """The library of an extra whose import raised this, None where none did: its own code ran, or we asked it for a name."""
    running = [
        str(frame.f_globals.get("__name__"))
        for frame, _ in walk_tb(error.__traceback__)
        if frame.f_code.co_name == "<module>"
    ]
    asked = [error.name or ""] if isinstance(error, ImportError) else []
    return next((name for module in (*running, *asked) if (name := module.partition(".")[0]) in EXTRAS), None)


def _spelled(module: str) -> str:
    name = module.partition(".")[0]
    return SPELLED.get(name, name)
