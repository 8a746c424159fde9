"""Whole documents packed into rows of a fixed width, in blocks that are pure functions of their index.

A block is `rows` rows. Its documents are drawn from the stream until they fill 97 % of it, then placed longest first
(first-fit decreasing), so every document stays whole and padding stays at about 3 %. Where they do not all fit, the first
ones drawn are left out until the others do: whoever left out what finds no place, the shortest, would bend the mixture
towards long documents, as stopping before the one that is too long would bend it towards short ones. Since block b depends
on nothing but (stream, b), any number of loader workers or processes sees the same rows and a run resumes at any step
without replaying the ones before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from interplay.config import Config
from interplay.data.mixture import cell_name
from interplay.data.stream import Stream
from interplay.data.tokenizer import encode_document, required_token
from interplay.world.randomness import stream

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

IGNORED = -100  # the label that cross entropy skips
FILL = 0.97
DOCUMENTS_PER_BLOCK = 1 << 20  # index space of one block, so that no two blocks share a document


class PackingConfig(Config):
    """Shape of a block, which tokens are learned, and whether attention stops at a document's start or runs through
    the row, as it did in the published runs."""

    width: PositiveInt = 2048
    rows: PositiveInt = 16
    loss_on: Literal["all", "solution"] = "all"
    attention: Literal["document", "row"] = "document"


class Block(NamedTuple):
    """R rows of T positions. Position ids restart at each document, which is also how attention is kept inside it.

    `placed_R` holds the (cell, length) of each row's documents.
    """

    input_ids_R_T: NDArray[np.int64]
    labels_R_T: NDArray[np.int64]
    position_ids_R_T: NDArray[np.int64]
    placed_R: tuple[tuple[tuple[str, int], ...], ...]
    dropped: int = 0

    @property
    def documents(self) -> Counter[str]:
        """Documents by cell."""
        return Counter(cell for row in self.placed_R for cell, _ in row)

    @property
    def tokens(self) -> int:
        """Positions that are no padding."""
        return sum(length for row in self.placed_R for _, length in row)

    @property
    def pairs(self) -> int:
        """(query, key) pairs of real tokens that attention sees: within a document, or within the whole row."""
        ends_R = [sum(length for _, length in row) for row in self.placed_R]
        return sum(int((row[:end] + 1).sum()) for row, end in zip(self.position_ids_R_T, ends_R, strict=True))

    def rows(self, rows: slice) -> Block:
        """Some of the rows. What fitted in no row counts with the first one."""
        return Block(
            self.input_ids_R_T[rows],
            self.labels_R_T[rows],
            self.position_ids_R_T[rows],
            self.placed_R[rows],
            0 if rows.start else self.dropped,
        )

    def above(self, other: Block) -> Block:
        """These rows, then the other's."""
        return Block(
            np.concatenate([self.input_ids_R_T, other.input_ids_R_T]),
            np.concatenate([self.labels_R_T, other.labels_R_T]),
            np.concatenate([self.position_ids_R_T, other.position_ids_R_T]),
            self.placed_R + other.placed_R,
            self.dropped + other.dropped,
        )


Document = tuple[list[int], list[int], str]  # prompt, completion, cell


def blank_rows(tokenizer: PreTrainedTokenizerFast, config: PackingConfig, rows: int) -> Block:
    """Rows of padding that teach nothing."""
    return _fill([], config.model_copy(update={"rows": rows}), required_token(tokenizer, "pad"))


def pack_block(source: Stream, tokenizer: PreTrainedTokenizerFast, config: PackingConfig, index: int) -> Block:
    """Block `index` of the packed stream. Raises ValueError for a document longer than a row."""
    documents: list[Document] = []
    filled = 0
    while filled < FILL * config.rows * config.width:
        problem = source[index * DOCUMENTS_PER_BLOCK + len(documents)]
        prompt, completion = encode_document(tokenizer, problem)
        length = len(prompt) + len(completion)
        if length > config.width:
            raise ValueError(
                f"a document of {length} tokens ({problem.id}) is longer than a row of {config.width}: "
                "a larger packing.width, or a tokenizer from more documents"
            )
        documents.append((prompt, completion, cell_name(problem)))
        filled += length
    return _fill(documents, config, required_token(tokenizer, "pad"))


def learned_from(blocks: int, documents: int, most: int, *names: int | str) -> list[int]:
    """Up to `most` different items of a stream that whole blocks with so many documents were made of, drawn by `names`.

    They are from the third quarter of a block: its first documents may have been left out, and blocks differ in their number.
    """
    each = max(1, documents // blocks)
    first, places = each // 2, max(1, each // 4)
    drawn = stream("learned from", *names).sample(range(blocks * places), min(most, blocks * places))
    return [number // places * DOCUMENTS_PER_BLOCK + first + number % places for number in drawn]


def surely_learned(blocks: int, documents: int) -> Iterator[int]:
    """The items in the middle of each of the blocks with so many documents, block after block.

    An eighth is left off at either end, of small blocks up to six: first documents may have been left out, and blocks
    differ in their number.
    """
    each = max(1, documents // blocks)
    before, after = (max(each // 8, min(each // part, 6)) for part in (2, 4))
    for block in range(blocks):
        yield from range(block * DOCUMENTS_PER_BLOCK + before, block * DOCUMENTS_PER_BLOCK + each - after)


def rows_of(lengths: Sequence[int], rows: int, width: int) -> list[list[int]] | None:
    """Documents by row, each by its number, placed longest first in the first row with room; None where one finds none."""
    room, placed = [width] * rows, [[] for _ in range(rows)]  # type: tuple[list[int], list[list[int]]]
    for number in sorted(range(len(lengths)), key=lambda number: -lengths[number]):
        row = next((r for r in range(rows) if lengths[number] <= room[r]), None)
        if row is None:
            return None
        room[row] -= lengths[number]
        placed[row].append(number)
    return placed


def _fill(documents: list[Document], config: PackingConfig, pad: int) -> Block:
    lengths = [len(prompt) + len(completion) for prompt, completion, _ in documents]
    dropped = 0
    while (placed := rows_of(lengths[dropped:], config.rows, config.width)) is None:
        dropped += 1
    shape = (config.rows, config.width)
    input_ids, labels = np.full(shape, pad, np.int64), np.full(shape, IGNORED, np.int64)
    positions = np.zeros(shape, np.int64)
    inside: list[tuple[tuple[str, int], ...]] = []
    for row, numbers in enumerate(placed):
        start = 0
        for prompt, completion, _ in (documents[dropped + number] for number in numbers):
            span = slice(start, start + len(prompt) + len(completion))
            input_ids[row, span] = prompt + completion
            learned = input_ids[row, span].copy()
            if config.loss_on == "solution":
                learned[: len(prompt)] = IGNORED
            learned[0] = IGNORED  # not to be predicted from another document, whichever the attention
            labels[row, span] = learned
            positions[row, span] = np.arange(span.stop - start)
            start = span.stop
        positions[row, start:] = np.arange(config.width - start)  # padding is a document of its own
        inside.append(tuple((documents[dropped + n][2], lengths[dropped + n]) for n in numbers))
    if config.attention == "row":
        positions[:] = np.arange(config.width)
    return Block(input_ids, labels, positions, tuple(inside), dropped)
