"""What a training stage hands on: a Hugging Face folder and a summary, each whole or not there.

The folder opens with `AutoModelForCausalLM` and `AutoTokenizer`, without this package, and is free of pickles. The summary
is written last: a stage that has one is finished, whatever was cut off after it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interplay.files import clear, json_document, staged, write_json
from interplay.manifest import PUBLISHED, SUMMARY, described
from interplay.train.checkpoint import sealed

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

SCRATCH = ("resume", "rollouts", "parts")  # what only a resumed run needs, of all kinds of stages

CARD = """---
library_name: transformers
tags: [interplay, reasoning, synthetic]
---
A decoder trained from scratch on generated reasoning problems with `interplay`.

Prompt: `<question> PROBLEM QUESTION </question> <solution>`; sampling stops at the end token.
Parameters: {parameters:,}. The settings that made it are in the record of its stage.
"""

# For a Qwen2 model `AutoTokenizer` puts Qwen's own way of cutting words in place of the one in tokenizer.json, whatever
# class the tokenizer names, and so gives other ids without a word. It leaves a tokenizer alone that brings its own class;
# this one adds nothing, and is not run unless a reader trusts remote code.
TOKENIZER_FILE = "tokenization_plain.py"
TOKENIZER_CODE = '''"""The tokenizer of tokenizer.json as it is."""

from transformers import PreTrainedTokenizerFast


class PlainTokenizer(PreTrainedTokenizerFast):
    pass
'''
AUTO_MAP = {"AutoTokenizer": [None, "tokenization_plain.PlainTokenizer"]}


def publish(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, folder: Path, weights: dict[str, Any] | None = None
) -> None:
    """Write weights (safetensors), config, tokenizer and a model card; the folder appears whole or not at all.

    `weights` stand in for the model's own where those are sharded over processes. Gathered ones no longer share memory
    where the model shares a tensor, so its second name is left out here; transformers would write it twice.
    """
    if weights is not None:
        weights = {name: tensor for name, tensor in weights.items() if name not in model.all_tied_weights_keys}
    with sealed(folder) as staging:
        model.save_pretrained(staging, state_dict=weights)
        save_tokenizer(tokenizer, staging)
        (staging / "README.md").write_text(CARD.format(parameters=model.num_parameters()))


def save_tokenizer(tokenizer: PreTrainedTokenizerFast, staging: Path) -> None:
    """Write a tokenizer so that `AutoTokenizer` beside a Qwen2 config gives the ids that it gives here."""
    tokenizer.save_pretrained(staging)
    config = json.loads((staging / "tokenizer_config.json").read_text()) | {"auto_map": AUTO_MAP}
    (staging / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    (staging / TOKENIZER_FILE).write_text(TOKENIZER_CODE)


def read_summary(folder: Path) -> dict[str, Any] | None:
    """The summary of a finished stage, or None."""
    path = folder / SUMMARY
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def finished(folder: Path) -> dict[str, Any] | None:
    """The summary of a finished stage, or None. What only a resumed run needs goes, should the end have been cut off."""
    if (done := read_summary(folder)) is not None:
        _tidy(folder, SCRATCH)
    return done


def finish(
    folder: Path, summary: dict[str, Any], *, published: tuple[str, ...], scratch: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Write the manifest of what is `published` and then the summary; remove what only a resumed run needs."""
    with staged(folder / SUMMARY) as staging:
        staging.write_text(json_document(summary), encoding="utf-8")
        own = {SUMMARY: described(staging.parent, [staging.name])[staging.name]}
        write_json(folder / PUBLISHED, described(folder, published) | own)
    _tidy(folder, scratch)
    return summary


def _tidy(folder: Path, scratch: Iterable[str]) -> None:
    """Remove what only a resumed run needs, and what a writer left that could not even clear up after itself."""
    for name in scratch:
        shutil.rmtree(folder / name, ignore_errors=True)
    for place in (folder, folder / "checkpoints"):
        clear(place)
