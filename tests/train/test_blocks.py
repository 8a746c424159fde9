"""Blocks packed ahead are those packed in place, in the order that the loader asks for, with one process and with several."""

import pytest

from interplay.train.blocks import PackedBlocks


def same(block, other):
    return block.input_ids_R_T.tolist() == other.input_ids_R_T.tolist() and block.placed_R == other.placed_R


@pytest.mark.parametrize("accumulated", [1, 3])
@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_packed_ahead_is_what_is_asked_for(config, tokenizer, accumulated, processes, monkeypatch):
    short, micro = config.model_copy(update={"budget_tokens": 13 * 256}), 2
    plain = PackedBlocks(short, tokenizer, micro * processes)
    blocks = PackedBlocks(short, tokenizer, micro * processes, stride=micro * processes)
    batches = [list(range(i, min(i + micro, len(plain)))) for i in range(0, len(plain), micro * processes)]
    in_place = []
    pack = PackedBlocks._pack
    monkeypatch.setattr(PackedBlocks, "_pack", lambda self, indices: in_place.append(indices) or pack(self, indices))
    asked = []
    for start in range(0, len(batches), accumulated):  # as the Trainer: fetch a step, then learn
        for indices in batches[start : start + accumulated]:
            found = blocks.__getitems__(indices)
            assert all(same(block, plain[i]) for block, i in zip(found, indices, strict=True))
            asked.append(indices)
        for _ in batches[start : start + accumulated]:
            blocks.pack_ahead()
    blocks.close()
    assert sorted(in_place) == sorted(asked) == sorted(batches)  # each packed once, none past the end


def test_a_jump_is_packed_in_place(config, tokenizer):
    blocks = PackedBlocks(config, tokenizer)
    blocks.__getitems__([0])
    blocks.pack_ahead()
    assert same(blocks.__getitems__([7])[0], blocks[7])
    blocks.pack_ahead()
    assert same(blocks.__getitems__([8])[0], blocks[8])
    blocks.close()


def test_an_error_of_the_thread_is_that_of_packing(config, tokenizer):
    narrow = config.model_copy(update={"packing": config.packing.model_copy(update={"width": 16})})
    blocks = PackedBlocks(narrow, tokenizer)
    blocks._next = [3]
    blocks.pack_ahead()
    with pytest.raises(ValueError, match="is longer than a row of 16"):
        blocks.__getitems__([3])
    blocks.close()
