"""The same bytes whatever the threads: losses, weights and curves of a supervised run, in both precisions."""

import pytest
import torch
from tiny_run import fixture_config
from transformers import GPT2Config, GPT2LMHeadModel

from interplay.manifest import file_digest
from interplay.train import shares
from interplay.train.curves import Validation
from interplay.train.runtime import Runtime
from interplay.train.shares import LANES, cut, summed_gradients
from interplay.train.supervised import supervise


def digests(folder, model, tokenizer, threads, **changed):
    config = fixture_config(budget_tokens=5 * 1024 + 512, validation=Validation(problems=4), **changed)
    summary = supervise(config, model, tokenizer, folder, Runtime(device="cpu", threads=threads, save_seconds=1e9))
    files = (f"{summary['checkpoint']}/model.safetensors", "metrics.jsonl", "curves.jsonl")
    return [file_digest(folder / file) for file in files]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_one_two_and_four_threads_end_in_equal_bytes(fresh_model, tokenizer, tmp_path, monkeypatch, precision):
    monkeypatch.setattr(shares, "POSITIONS", 256)  # 4 shares a step
    found = [
        digests(tmp_path / str(threads), fresh_model(), tokenizer, threads, precision=precision)
        for threads in (1, 2, 4)
    ]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_another_architecture_has_them_too(tokenizer, tmp_path, monkeypatch, precision):
    monkeypatch.setattr(shares, "POSITIONS", 256)
    found = []
    for threads in (1, 3):
        torch.manual_seed(0)
        shape = GPT2Config(vocab_size=len(tokenizer), n_embd=32, n_layer=2, n_head=2, n_positions=128)
        model = GPT2LMHeadModel(shape)
        found.append(digests(tmp_path / str(threads), model, tokenizer, threads, precision=precision))
    assert found[0] == found[1]


@pytest.mark.parametrize("count", [1, 3, LANES, 2 * LANES + 3])
def test_lanes_add_up_every_share_once_in_order(count):
    def gradient(share):
        return share, [torch.full((2,), 10.0**-share, dtype=torch.bfloat16 if share % 2 else torch.float32)]

    plain, (total,) = summed_gradients(gradient, range(count), 1)
    threaded, (other,) = summed_gradients(gradient, range(count), 4)
    assert plain == threaded == list(range(count))
    assert torch.equal(total, other)
    assert total.dtype == torch.float32
    assert total[0] == pytest.approx(sum(10.0**-share for share in range(count)), rel=1e-2)


@pytest.mark.parametrize(
    ("rows", "width", "sizes"),
    [
        (21, 144, [5, 5, 5, 6]),  # three would do, and leave one of two threads waiting
        (24, 160, [6, 6, 6, 6]),
        (5, 512, [1, 1, 1, 2]),
        (2, 4096, [1, 1]),
        (1, 100, [1]),
        (3, 4096, [1, 1, 1]),
        (64, 512, [2] * 32),
    ],
)
def test_shares_are_whole_rows_and_even_for_a_few_threads(rows, width, sizes):
    shares = cut(rows, width)
    assert [part.stop - part.start for part in shares] == sizes
    assert [row for part in shares for row in range(part.start, part.stop)] == list(range(rows))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_training_that_is_not_finite_stops_before_the_step(fresh_model, tokenizer, tmp_path, precision):
    model = fresh_model()
    with torch.no_grad():
        model.model.layers[0].mlp.down_proj.weight[0, 0] = float("inf")
    runtime = Runtime(device="cpu", threads=1, save_seconds=1e9)
    with pytest.raises(ValueError, match="the loss of step 1 of 20 is nan: training has diverged and stops before"):
        supervise(fixture_config(precision=precision), model, tokenizer, tmp_path, runtime)
    assert not (tmp_path / "summary.json").exists()
    assert model.model.embed_tokens.weight.isfinite().all()
