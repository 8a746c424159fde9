"""Pieces packed ahead are those packed in place, in the order that the loader asks for, with one process and with several;
together the processes have the rows of one.
"""

import pytest
import torch

from interplay.train.blocks import PackedBlocks, Shares, collate
from interplay.train.tally import Tally
from interplay.train.trainer import micro_batches


def same(block, other):
    return block.input_ids_R_T.tolist() == other.input_ids_R_T.tolist() and block.placed_R == other.placed_R


@pytest.mark.parametrize("processes", [1, 2, 8])
def test_what_is_packed_ahead_is_what_is_asked_for(config, tokenizer, processes, monkeypatch):
    short = config.model_copy(update={"budget_tokens": 13 * 256})
    shares = Shares.of(short, processes)
    plain, blocks = (PackedBlocks(short, tokenizer, shares) for _ in range(2))
    assert len(plain) % (shares.per_process * processes if processes > 1 else 1) == 0
    steps = [list(range(i, min(i + shares.per_process, len(plain)))) for i in range(0, len(plain), plain.stride)]
    in_place = []
    pack = PackedBlocks._pack
    expected = [plain.__getitems__(indices) for indices in steps]
    monkeypatch.setattr(PackedBlocks, "_pack", lambda self, indices: in_place.append(indices) or pack(self, indices))
    for indices, wanted in zip(steps, expected, strict=True):
        found = blocks.__getitems__(indices)
        assert all(same(block, other) for block, other in zip(found, wanted, strict=True))
        blocks.pack_ahead()
    blocks.close()
    assert sorted(in_place) == steps  # each packed once, none past the end


@pytest.mark.parametrize("processes", [2, 4, 8])
@pytest.mark.parametrize("budget", [8 * 256, 3 * 256 + 128])
def test_processes_together_have_the_rows_of_one(config, tokenizer, processes, budget):
    short = config.model_copy(update={"budget_tokens": budget})
    alone, shared = PackedBlocks(short, tokenizer), PackedBlocks(short, tokenizer, Shares.of(short, processes))
    rows = [row.tolist() for i in range(len(alone)) for row in alone[i].input_ids_R_T]
    pieces = [shared[i] for i in range(len(shared))]
    assert len({len(piece.placed_R) for piece in pieces}) == 1  # all processes make equally many passes
    together = [row.tolist() for piece in pieces for row in piece.input_ids_R_T]
    assert together[: len(rows)] == rows
    pad = tokenizer.pad_token_id
    assert all(set(row) == {pad} for row in together[len(rows) :])
    one, several = (sum(map(Tally.of, blocks), Tally()) for blocks in ((alone[i] for i in range(len(alone))), pieces))
    assert one == several  # what was dropped counts once


def test_rows_that_do_not_divide_are_refused(config):
    with pytest.raises(ValueError, match="a step of 4 blocks of 2 rows cannot be shared by 3 processes"):
        Shares.of(config, 3)
    paper = config.model_copy(
        update={"packing": config.packing.model_copy(update={"rows": 64}), "batch_tokens": 1 << 15}
    )
    assert paper.blocks_per_step == 4
    assert Shares.of(paper, 8) == (2, 1, 8)
    assert Shares.of(paper, 32) == (8, 1, 32)
    assert Shares.of(paper, 2) == (1, 2, 2)


@pytest.mark.parametrize(("positions", "sizes"), [(1 << 30, [8]), (512, [4, 4]), (400, [3, 3, 2]), (1, [1] * 8)])
def test_micro_batches_are_bounded_by_positions_and_lose_nothing(config, tokenizer, positions, sizes):
    blocks = PackedBlocks(config, tokenizer)
    batch = collate(blocks.__getitems__([0, 1, 2, 3]))
    batch.pop("served")
    parts = micro_batches(batch, positions)
    assert [len(part["input_ids"]) for part in parts] == sizes
    for name in ("input_ids", "labels", "position_ids"):
        assert torch.equal(torch.cat([part[name] for part in parts]), batch[name])
    assert all(part["use_cache"] is False for part in parts)


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
