"""Packing: documents stay whole, unpacking returns them, and a block is a function of its index."""

import itertools

import numpy as np
import pytest

from interplay.data.packing import DOCUMENTS_PER_BLOCK, IGNORED, PackingConfig, pack_block
from interplay.data.tokenizer import encode_document

CONFIG = PackingConfig(width=256, rows=8, loss_on="all")


def documents_of(block):
    """Every packed document, cut where the position ids restart."""
    for ids, positions in zip(block.input_ids_R_T, block.position_ids_R_T, strict=True):
        starts = [*np.flatnonzero(positions == 0), len(ids)]
        for start, end in itertools.pairwise(starts):
            yield tuple(int(i) for i in ids[start:end])


def test_unpacking_returns_the_documents(terse_stream, tokenizer):
    block = pack_block(terse_stream, tokenizer, CONFIG, 3)
    drawn = []
    for i in range(sum(block.documents.values()) + block.dropped):
        prompt, completion = encode_document(tokenizer, terse_stream[3 * DOCUMENTS_PER_BLOCK + i])
        drawn.append(tuple(prompt + completion))
    unpacked = [d for d in documents_of(block) if set(d) != {tokenizer.pad_token_id}]
    assert len(unpacked) == len(drawn) - block.dropped
    assert set(unpacked) <= set(drawn)


def test_loss_on_solution_covers_exactly_the_completions(terse_stream, tokenizer):
    block = pack_block(terse_stream, tokenizer, CONFIG.model_copy(update={"loss_on": "solution"}), 0)
    learned = block.labels_R_T != IGNORED
    assert (block.input_ids_R_T[learned] == block.labels_R_T[learned]).all()
    ends = block.input_ids_R_T[learned] == tokenizer.eos_token_id
    assert ends.sum() == sum(block.documents.values())
    full = pack_block(terse_stream, tokenizer, CONFIG, 0)
    assert ((full.labels_R_T != IGNORED).sum() > learned.sum() > 0).all()


def test_padding_is_small_and_blocks_differ(terse_stream, tokenizer):
    blocks = [pack_block(terse_stream, tokenizer, CONFIG, index) for index in range(4)]
    padding = np.mean([(b.input_ids_R_T == tokenizer.pad_token_id).mean() for b in blocks])
    assert padding < 0.1
    assert len({b.input_ids_R_T.tobytes() for b in blocks}) == 4
    again = pack_block(terse_stream, tokenizer, CONFIG, 2)
    assert (again.input_ids_R_T == blocks[2].input_ids_R_T).all()


def test_a_document_longer_than_a_row_is_an_error(terse_stream, tokenizer):
    with pytest.raises(ValueError, match="longer than a row of 16"):
        pack_block(terse_stream, tokenizer, CONFIG.model_copy(update={"width": 16}), 0)
