"""Whole documents packed into rows of a fixed width, in blocks that are pure functions of their index.

A block is `rows` rows. Its documents are drawn from the stream until they fill 97 % of it, then placed longest first
(first-fit decreasing), so every document stays whole, the mixture is not bent towards short ones, and padding stays at
about 3 %. Since block b depends on nothing but (stream, b), any number of loader workers or processes sees the same rows
and a run resumes at any step without replaying the ones before.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt
from transformers import PreTrainedTokenizerFast

from interplay.config import Config
from interplay.data.mixture import cell_of
from interplay.data.stream import Stream
from interplay.data.tokenizer import encode_document

IGNORED = -100  # the label that cross entropy skips
FILL = 0.97
DOCUMENTS_PER_BLOCK = 1 << 20  # index space of one block, so that no two blocks share a document


class PackingConfig(Config):
    """Shape of a block and which tokens are learned."""

    width: PositiveInt = 2048
    rows: PositiveInt = 16
    loss_on: str = "all"


class Block(NamedTuple):
    """R rows of T positions. Position ids restart at each document, which is also how attention is kept inside it."""

    input_ids_R_T: NDArray[np.int64]
    labels_R_T: NDArray[np.int64]
    position_ids_R_T: NDArray[np.int64]
    documents: Counter[str]
    dropped: int


def pack_block(source: Stream, tokenizer: PreTrainedTokenizerFast, config: PackingConfig, index: int) -> Block:
    """Block `index` of the packed stream. Raises ValueError for a document longer than a row."""
    documents: list[tuple[list[int], list[int], str]] = []
    filled = 0
    while filled < FILL * config.rows * config.width:
        problem = source[index * DOCUMENTS_PER_BLOCK + len(documents)]
        prompt, completion = encode_document(tokenizer, problem)
        length = len(prompt) + len(completion)
        if length > config.width:
            raise ValueError(f"a document of {length} tokens ({problem.id}) is longer than a row of {config.width}")
        documents.append((prompt, completion, str(cell_of(problem))))
        filled += length
    return _place(documents, config, tokenizer.pad_token_id)


def _place(documents: list[tuple[list[int], list[int], str]], config: PackingConfig, pad: int) -> Block:
    shape = (config.rows, config.width)
    input_ids, labels = np.full(shape, pad, np.int64), np.full(shape, IGNORED, np.int64)
    positions = np.zeros(shape, np.int64)
    ends = [0] * config.rows
    served: Counter[str] = Counter()
    by_length = sorted(documents, key=lambda document: -len(document[0]) - len(document[1]))
    for prompt, completion, cell in by_length:
        length = len(prompt) + len(completion)
        row = next((r for r, end in enumerate(ends) if end + length <= config.width), None)
        if row is None:
            continue
        start, ends[row] = ends[row], ends[row] + length
        span = slice(start, ends[row])
        input_ids[row, span] = prompt + completion
        learned = input_ids[row, span].copy()
        if config.loss_on == "solution":
            learned[: len(prompt)] = IGNORED
        learned[0] = IGNORED  # the first token of a document has no context to be predicted from
        labels[row, span] = learned
        positions[row, span] = np.arange(length)
        served[cell] += 1
    for row, end in enumerate(ends):  # padding is a document of its own
        positions[row, end:] = np.arange(config.width - end)
    return Block(input_ids, labels, positions, served, len(documents) - sum(served.values()))
