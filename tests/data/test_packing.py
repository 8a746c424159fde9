"""Packing: documents stay whole, unpacking returns them, and a block is a function of its index."""

import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from torch.nn import functional

from interplay.data.packing import (
    DOCUMENTS_PER_BLOCK,
    IGNORED,
    PackingConfig,
    blank_rows,
    learned_from,
    pack_block,
    surely_learned,
)
from interplay.data.tokenizer import encode_document
from interplay.model.build import build
from interplay.model.sizes import ModelConfig
from interplay.train.tally import served

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


def test_what_finds_no_place_is_left_out_whatever_its_length(terse_stream, tokenizer):
    config = CONFIG.model_copy(update={"width": 128, "rows": 4})  # few documents a row: many blocks do not fit at first
    blocks = [pack_block(terse_stream, tokenizer, config, index) for index in range(600)]
    assert sum(block.dropped for block in blocks) > 300
    documents = sum((block.documents for block in blocks), Counter())
    assert served(terse_stream.mixture, documents)["largest_errors"] < 3  # leaving out the shortest: 4.1


def test_a_document_longer_than_a_row_is_an_error(terse_stream, tokenizer):
    with pytest.raises(ValueError, match="longer than a row of 16"):
        pack_block(terse_stream, tokenizer, CONFIG.model_copy(update={"width": 16}), 0)


def losses_of_documents(model, block):
    """Summed loss of each packed document, computed on the packed rows."""
    batch = {name: torch.from_numpy(getattr(block, f"{name}_R_T")) for name in ("input_ids", "position_ids")}
    logits = model(**batch, use_cache=False).logits.double()
    found = {}
    for row, (ids, labels) in enumerate(zip(block.input_ids_R_T, block.labels_R_T, strict=True)):
        start = 0
        for _, length in block.placed_R[row]:
            end = start + length
            targets = torch.from_numpy(labels[start + 1 : end])
            nats = functional.cross_entropy(
                logits[row, start : end - 1], targets, ignore_index=IGNORED, reduction="sum"
            )
            found[tuple(map(int, ids[start:end]))] = (float(nats), labels[start:end])
            start = end
    return found


def loss_alone(model, ids, labels):
    logits = model(input_ids=torch.tensor([ids])).logits[0, :-1].double()
    return float(functional.cross_entropy(logits, torch.from_numpy(labels[1:]), ignore_index=IGNORED, reduction="sum"))


def differences(tokenizer, stream, config):
    """Largest relative difference between a document's loss in its packed row and alone."""
    shape = ModelConfig(layers=2, hidden=32, ffn=64, heads=2, kv_heads=1, max_positions=256, init_std=0.3)
    model = build(shape, len(tokenizer), "packing").eval()
    with torch.no_grad():
        packed = losses_of_documents(model, pack_block(stream, tokenizer, config, 0))
        assert len(packed) > 2 * config.rows
        return [abs(loss / loss_alone(model, ids, labels) - 1) for ids, (loss, labels) in packed.items()]


@pytest.mark.parametrize("loss_on", ["all", "solution"])
def test_a_document_in_a_packed_row_has_the_loss_it_has_alone(terse_stream, tokenizer, loss_on):
    config = CONFIG.model_copy(update={"loss_on": loss_on})
    assert max(differences(tokenizer, terse_stream, config)) < 1e-5  # measured 1e-6, fp32


def test_with_attention_over_the_row_only_the_first_document_is_alone(terse_stream, tokenizer):
    config = CONFIG.model_copy(update={"attention": "row"})
    found = differences(tokenizer, terse_stream, config)
    assert sum(difference < 1e-5 for difference in found) == config.rows
    assert max(found) > 1e-3


def test_attention_moves_positions_and_nothing_else(terse_stream, tokenizer):
    inside = pack_block(terse_stream, tokenizer, CONFIG, 0)
    across = pack_block(terse_stream, tokenizer, CONFIG.model_copy(update={"attention": "row"}), 0)
    assert (inside.input_ids_R_T == across.input_ids_R_T).all()
    assert (inside.labels_R_T == across.labels_R_T).all()
    assert (across.position_ids_R_T == np.arange(CONFIG.width)).all()


def test_pairs_and_tokens_are_those_of_the_documents(terse_stream, tokenizer):
    for attention in ("document", "row"):
        block = pack_block(terse_stream, tokenizer, CONFIG.model_copy(update={"attention": attention}), 1)
        lengths_R = [[length for _, length in row] for row in block.placed_R]
        spans = lengths_R if attention == "document" else [[sum(row)] for row in lengths_R]
        assert block.pairs == sum(n * (n + 1) // 2 for row in spans for n in row)
        assert block.tokens == (block.input_ids_R_T != tokenizer.pad_token_id).sum()


def test_a_cut_block_counts_what_is_left_of_it(terse_stream, tokenizer):
    block = pack_block(terse_stream, tokenizer, CONFIG, 1)
    cut = block.rows(slice(0, 3))
    assert cut.input_ids_R_T.shape == (3, CONFIG.width)
    assert cut.tokens == (cut.input_ids_R_T != tokenizer.pad_token_id).sum() < block.tokens
    assert sum(cut.documents.values()) < sum(block.documents.values())


def test_blank_rows_teach_nothing(tokenizer):
    block = blank_rows(tokenizer, CONFIG, 1)
    assert (block.labels_R_T == IGNORED).all()
    assert (block.tokens, block.pairs, block.documents) == (0, 0, {})


def test_what_a_sample_of_a_training_names_was_learned_from(terse_stream, tokenizer):
    """Each item once, none of those that a block left out, and others by another name."""
    config = CONFIG.model_copy(update={"width": 128, "rows": 4})
    blocks = [pack_block(terse_stream, tokenizer, config, index) for index in range(40)]
    kept = {
        index * DOCUMENTS_PER_BLOCK + block.dropped + n
        for index, block in enumerate(blocks)
        for n in range(sum(block.documents.values()))
    }
    documents = sum(sum(block.documents.values()) + block.dropped for block in blocks)
    found = learned_from(len(blocks), documents, 10 * documents, "a")
    assert set(found) <= kept
    assert len(kept) / 8 < len(found) == len(set(found))
    assert learned_from(len(blocks), documents, 20, "a") == learned_from(len(blocks), documents, 20, "a")
    assert len(learned_from(len(blocks), documents, 20, "a")) == 20
    assert learned_from(len(blocks), documents, 20, "a") != learned_from(len(blocks), documents, 20, "b")
    middle = list(surely_learned(len(blocks), documents))
    assert set(middle) <= kept
    assert len(kept) / 8 < len(middle) == len(set(middle))
