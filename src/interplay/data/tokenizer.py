"""The tokenizer: byte-level BPE trained on the stream itself, tags as added tokens, a digit policy.

Byte-level means that any text makes the round trip exactly; training on the stream means that its words become single
tokens. The result is a plain `PreTrainedTokenizerFast`, so a checkpoint opens without this package. Only the pad and the
end token are special: tags are part of a solution, and other libraries drop special tokens when they decode.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import PositiveInt, field_validator

from interplay.config import Config
from interplay.data.stream import Stream
from interplay.world.problem import Problem

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

TOKENIZER_VERSION = "1"  # raised by hand when texts and settings give another tokenizer
FEW = 0.01  # of a model's rows: so many tokens without a row are spelled by their parts
PAD, EOS = "[PAD]", "[EOS]"
TAGS = ("<question>", "</question>", "<solution>", "</solution>", "<answer>", "</answer>")
SMALLEST = 256 + 2 + len(TAGS)  # a vocabulary of bytes, specials and nothing else

# How a whole number is cut before merges are learned; the rest is cut as GPT-2 does, a blank leading its word. Of triples
# only the first one looks ahead to the end of the number: if all did, a long number would cost the square of its length.
DIGITS = {"whole": r" ?\d+", "single": r" |\d", "triples": r"(?<=\d)\d{3}| ?\d{1,3}(?=(?:\d{3})*(?!\d))"}
WORDS = r" ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# What merges may span: single words, "in PLACE", the whole name "THING in PLACE" (one-word names only), or that name with
# the " =" that defines it. A model of a million parameters learns to look up a name of one token in a fraction of the time
# a name of three tokens takes. Where the definition is a token of its own, a number stands right behind what it belongs to,
# and looking it up is one step of induction (docs/regimes.md has the measurement).
_QUANTITY = r" ?\p{L}+ in \p{Lu}\p{L}+"
UNITS = {
    "word": "",
    "place": r" in \p{Lu}\p{L}+|",
    "quantity": f"{_QUANTITY}|",
    "definition": f"{_QUANTITY} =|{_QUANTITY}|",
}


class TokenizerSettings(Config):
    """How the tokenizer is trained, whatever the data."""

    vocab_size: int = 2200
    documents: PositiveInt = 10_000
    digits: Literal["whole", "single", "triples"] = "whole"
    unit: Literal["word", "place", "quantity", "definition"] = "word"

    @field_validator("vocab_size")
    @classmethod
    def _holds_bytes(cls, size: int) -> int:
        if size < SMALLEST:
            raise ValueError(f"at least {SMALLEST} are needed (bytes, tags, pad, end), got {size}")
        return size


class TokenizerConfig(TokenizerSettings):
    """What the tokenizer is trained on and how; every field is identity."""

    stream: Stream

    def depends_on(self) -> Mapping[str, str]:
        """The code that trains the tokenizer."""
        return {"tokenizer": TOKENIZER_VERSION}


def train_tokenizer(config: TokenizerConfig) -> PreTrainedTokenizerFast:
    """Train on the first `documents` items; the vocabulary never exceeds `vocab_size`, specials and bytes included."""
    return train_on((problem.text for problem in config.stream.first(config.documents)), config)


def train_on(texts: Iterable[str], config: TokenizerConfig) -> PreTrainedTokenizerFast:
    """The same on any texts."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(f"{UNITS[config.unit]}{DIGITS[config.digits]}|{WORDS}"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=config.vocab_size,
        special_tokens=[PAD, EOS, *TAGS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return wrap(_tags_kept(tokenizer))


def _tags_kept(tokenizer: Tokenizer) -> Tokenizer:
    """The same tokens under the same ids, the tags ordinary ones: the trainer knows no added token that is not special."""
    from tokenizers import Tokenizer

    spelled = json.loads(tokenizer.to_str())
    for token in spelled["added_tokens"]:
        token["special"] = token["content"] not in TAGS
    return Tokenizer.from_str(json.dumps(spelled))


def wrap(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """The transformers face of a trained tokenizer."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=EOS, clean_up_tokenization_spaces=False
    )


def load_tokenizer(path: Path | str) -> PreTrainedTokenizerFast:
    """A tokenizer saved beside a checkpoint, without the few tokens that the checkpoint's model has no row for: the released
    checkpoints of the paper have 2,201 tokens for 2,200 rows. One with many more is another model's, and left as it is.
    Raises ValueError with one clear line where it cannot be read."""
    from transformers import PreTrainedTokenizerFast

    file = Path(path) / "tokenizer.json"
    try:
        json.loads(file.read_text(encoding="utf-8"))
        tokenizer = PreTrainedTokenizerFast.from_pretrained(str(path))
        rows = _rows_of_the_model(Path(path))
        few = rows is not None and rows < len(tokenizer) <= rows + max(1, int(rows * FEW))
        return _within(tokenizer, rows) if rows is not None and few else tokenizer
    except Exception as error:  # whatever a library makes of a tokenizer that somebody else wrote
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(f"no readable tokenizer in {path}: {reason}") from error


def _rows_of_the_model(path: Path) -> int | None:
    """None for a tokenizer alone, and for a damaged config, which is named where the model is loaded."""
    try:
        rows = json.loads((path / "config.json").read_text(encoding="utf-8")).get("vocab_size")
    except (OSError, ValueError, AttributeError):
        return None
    return rows if isinstance(rows, int) else None


def _within(tokenizer: PreTrainedTokenizerFast, rows: int) -> PreTrainedTokenizerFast:
    """The tokenizer without merged tokens of ids from `rows` on: they are spelled by the tokens they were merged from."""
    from tokenizers import Tokenizer

    spelled = json.loads(tokenizer.backend_tokenizer.to_str())
    model, added = spelled["model"], {token["content"] for token in spelled["added_tokens"]}
    if "merges" not in model:
        return tokenizer
    beyond = {token for token, number in model["vocab"].items() if number >= rows} - added
    if not beyond:
        return tokenizer
    merges = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
    model["merges"] = [merge for merge in merges if not beyond.intersection((*merge, "".join(merge)))]
    model["vocab"] = {token: number for token, number in model["vocab"].items() if token not in beyond}
    named = {name: getattr(tokenizer, name) for name in ("unk_token", "bos_token", "eos_token", "pad_token")}
    return type(tokenizer)(
        tokenizer_object=Tokenizer.from_str(json.dumps(spelled)), clean_up_tokenization_spaces=False,
        **{name: token for name, token in named.items() if token is not None},
    )  # fmt: skip


def required_token(tokenizer: PreTrainedTokenizerFast, name: Literal["eos", "pad", "bos"]) -> int:
    """The id of a special token. Raises ValueError where the tokenizer has none: foreign ones often lack a pad token."""
    found = getattr(tokenizer, f"{name}_token_id")
    if found is None:
        raise ValueError(
            f"the tokenizer has no {name} token: name one of its tokens as {name}_token in tokenizer_config.json"
        )
    return int(found)


def encode_document(tokenizer: PreTrainedTokenizerFast, problem: Problem) -> tuple[list[int], list[int]]:
    """(prompt ids, completion ids) of a problem's model text; the completion ends with the end token."""
    backend = tokenizer.backend_tokenizer
    prompt = backend.encode(problem.prompt, add_special_tokens=False).ids
    completion = backend.encode(problem.completion, add_special_tokens=False).ids
    return prompt, [*completion, required_token(tokenizer, "eos")]


def decode_completion(tokenizer: PreTrainedTokenizerFast, tokens: list[int], finished: bool = True) -> str:
    """The text of sampled tokens: the end token, which a finished one has, left out, whichever it is; tags kept."""
    kept = tokens[:-1] if finished else tokens
    return str(tokenizer.backend_tokenizer.decode(kept, skip_special_tokens=False))
