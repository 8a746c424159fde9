"""The context of a cell: a built-in one by its name, or the words of one's own.

Words travel with what is made of them. A file is read once, where it is named; from then on a config holds its words, so that a
worker, a cluster's node or a later day needs no file, and an edited file is another context.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, model_validator

from interplay.config import Config
from interplay.world.context import Context, from_data, load


class Words(Config):
    """The values of a context's file. Raises ValueError for words that the text formats cannot hold."""

    entities: tuple[str, ...]
    locations: tuple[str, ...]
    total: str
    average: str

    @model_validator(mode="after")
    def _can_be_told(self) -> Self:
        context_of(self)
        return self

    def identity(self, defaults: bool = True) -> dict[str, object]:
        """The name stands for the words: it holds their digest."""
        return {"words": str(self)}

    def __str__(self) -> str:
        return context_of(self).name


@lru_cache(maxsize=64)
def context_of(vocabulary: str | Words) -> Context:
    """The context itself. Raises ValueError for an unknown name."""
    if isinstance(vocabulary, str):
        return load(vocabulary)
    phrases = {"total": vocabulary.total, "average": vocabulary.average}
    return from_data(
        {"entities": list(vocabulary.entities), "locations": list(vocabulary.locations), "phrases": phrases}
    )


def _read(value: object) -> object:
    if not isinstance(value, str | Path):
        return value
    if Path(value).suffix != ".toml":
        return context_of(str(value)).name
    own = load(value)
    return Words(entities=own.entities, locations=own.locations, total=own.total, average=own.average)


Vocabulary = Annotated[str | Words, BeforeValidator(_read)]
