"""Evaluation: cut anywhere, it ends in the same tables; problems are shared by arms; files of rows are read as they are."""

import copy
import json
import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from transformers import GPT2Config, GPT2LMHeadModel

import interplay.evals.evaluate as module
from interplay.data.json_rows import Item
from interplay.data.mixture import Mixture
from interplay.evals.evaluate import EvaluateConfig, Regime, evaluate, problems_of
from interplay.evals.from_file import problems_of_items
from interplay.evals.run import EvalRequest, run_eval
from interplay.evals.summary import summarize
from interplay.model.build import build
from interplay.model.sampler import SamplingConfig
from interplay.model.sizes import ModelConfig
from interplay.train.publish import publish
from interplay.train.runtime import Runtime

RUNTIME = Runtime(device="cpu", threads=1)


@pytest.fixture(scope="module")
def config(world):
    regimes = (Regime(name="id", mixture=Mixture.uniform([2, 3])), Regime(name="edge", mixture=Mixture.uniform([4])))
    sampling = SamplingConfig(temperature=1.0, max_new_tokens=8)
    return EvaluateConfig(world=world, regimes=regimes, problems=6, samples=4, sampling=sampling, ks=(1, 4))


def run(config, model, tokenizer, folder):
    evaluate(
        problems_of(config), model, tokenizer, folder, samples=config.samples, sampling=config.sampling,
        seed=0, runtime=RUNTIME,
    )  # fmt: skip
    return [(folder / name).read_bytes() for name in ("problems.parquet", "samples.parquet")]


def test_an_interrupted_evaluation_equals_a_straight_one(config, model, tokenizer, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "CHUNK_SAMPLES", 8)
    straight = run(config, model, tokenizer, tmp_path / "straight")

    class Cut(BaseException):
        pass

    with monkeypatch.context() as patch:
        calls = []

        def cut(*args, **kwargs):
            calls.append(1)
            if len(calls) == 4:
                raise Cut
            return draw(*args, **kwargs)

        draw = module.draw
        patch.setattr(module, "draw", cut)
        with pytest.raises(Cut):
            run(config, model, tokenizer, tmp_path / "cut")
    parts = sorted((tmp_path / "cut" / "parts").iterdir())
    parts[0].write_bytes(parts[0].read_bytes()[:50])
    parts[1].write_bytes(b"")
    assert run(config, model, tokenizer, tmp_path / "cut") == straight
    assert " ".join(capsys.readouterr().err.split()).count("cannot be read and is made again") == 2


def test_problems_are_distinct_unseen_and_the_same_for_every_arm(config):
    asked = problems_of(config)
    assert asked == problems_of(config)
    assert [regime for regime, _ in asked] == ["id"] * 6 + ["edge"] * 6
    assert len({problem.id for _, problem in asked}) == 12


def test_summary_gives_null_for_a_k_beyond_the_samples(config, model, tokenizer, tmp_path):
    run(config, model, tokenizer, tmp_path)
    rows = summarize(tmp_path, (1, 8), ("strict",))
    assert {(r["regime"], r["k"]) for r in rows} == {(g, k) for g in ("all", "id", "edge") for k in (1, 8)}
    assert all((r["value"] is None) == (r["k"] == 8) for r in rows)


def test_a_file_of_rows_is_evaluated_and_an_output_folder_belongs_to_one_evaluation(checkpoint, rows_file, tmp_path):
    lines = rows_file.read_text().splitlines(keepends=True)
    rows_file.write_text("".join([*lines, lines[0]]))
    request = EvalRequest(checkpoint, rows_file, tmp_path / "out", 2, (1, 2), 1.0, 8, 0, 1)
    request.out.mkdir()
    summary = run_eval(request)
    assert (summary["problems"], summary["repeated_rows"], summary["defective_rows"]) == (12, 1, 0)
    assert {row["regime"] for row in summary["gold"]} == {"all", "op2", "op3", "op4"}
    assert pq.read_table(tmp_path / "out" / "samples.parquet").num_rows == 24
    assert run_eval(request) == summary
    with pytest.raises(ValueError, match="holds another evaluation"):
        run_eval(request._replace(seed=1))
    assert "gold" not in run_eval(request._replace(gold=False))
    part = tmp_path / "out" / "parts" / "000000.parquet"
    content = part.read_bytes()
    part.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    with pytest.raises(ValueError, match=r"finished, but damaged: .*000000\.parquet"):
        run_eval(request)


def problems_of_rows(rows):
    return problems_of_items(Item(f"row {number}", row) for number, row in enumerate(rows, start=1))


def test_released_rows_are_read_and_defective_ones_counted():
    import gzip

    path = Path(__file__).parent.parent / "conformance" / "gold.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][::25]
    found = problems_of_rows(rows)
    assert found.defective == sum(not row["gold_ok"] for row in rows)
    assert len(found.asked) == len(rows) - found.defective - found.repeated


def test_rows_that_are_not_problems_are_named_where_no_other_is_there():
    with pytest.raises(ValueError, match="no problem to evaluate on; row 1: not an object but a number"):
        problems_of_rows([3])
    with pytest.raises(ValueError, match="no problem to evaluate on; row 1: the field 'question' is missing"):
        problems_of_rows([{"problem": ""}, None])
    with pytest.raises(ValueError, match="there are no rows"):
        problems_of_rows([])


def test_rows_that_are_not_problems_are_left_out_counted_and_the_first_is_named(
    checkpoint, rows_file, tmp_path, capsys
):
    lines = rows_file.read_text().splitlines(keepends=True)
    cut, null, other = lines[1][:-20] + "\n", json.dumps({"problem": None}) + "\n", "[1, 2]\n"
    rows_file.write_text("".join([lines[0], cut, null, "\n", other, *lines[1:]]))
    whole = EvalRequest(checkpoint, rows_file, tmp_path / "out", 2, (1, 2), 1.0, 8, 0, 1, gold=False)
    summary = run_eval(whole)
    assert (summary["problems"], summary["bad_rows"], summary["defective_rows"]) == (12, 3, 0)
    said = " ".join(capsys.readouterr().err.split())
    assert "left out: 3 rows that are no problems; the first fault:" in said
    assert "rows.jsonl, line 2: not JSON" in said
    clean = tmp_path / "clean.jsonl"
    clean.write_text("".join(lines))
    run_eval(whole._replace(data=clean, out=tmp_path / "plain"))
    tables = [pq.read_table(tmp_path / name / "samples.parquet") for name in ("out", "plain")]
    assert tables[0] == tables[1], "what is left out changes nothing of the rest"
    rows_file.write_text(cut + null)
    with pytest.raises(ValueError, match=r"no problem to evaluate on; .*rows\.jsonl, line 1: not JSON"):
        run_eval(whole._replace(out=tmp_path / "none"))
    assert not (tmp_path / "none").exists(), "a call that is refused takes no folder"


@pytest.mark.parametrize("family", ["gpt2", None])
def test_a_prompt_that_does_not_fit_is_recorded_as_failed_and_the_evaluation_goes_on(
    tokenizer, rows_file, problems, tmp_path, capsys, family
):
    encode = tokenizer.backend_tokenizer.encode
    lengths = {p.id: len(encode(p.prompt, add_special_tokens=False).ids) for p in problems}
    room = sorted(lengths.values())[6]
    if family:
        shape = GPT2Config(
            vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, n_positions=room + 8, eos_token_id=1
        )
        model = GPT2LMHeadModel(shape)
    else:
        small = ModelConfig(layers=1, hidden=16, ffn=32, heads=2, kv_heads=2, max_positions=room + 8)
        model = build(small, len(tokenizer), 0)
    publish(model, tokenizer, tmp_path / "small")
    request = EvalRequest(tmp_path / "small", rows_file, tmp_path / "out", 2, (1, 2), 1.0, 8, 0, 1)
    summary = run_eval(request)
    rows = pq.read_table(tmp_path / "out" / "samples.parquet").to_pylist()
    assert len(rows) == 2 * len(problems)
    for row in rows:
        if lengths[row["problem_id"]] > room:
            assert (row["text"], row["num_tokens"], row["finished"], row["strict"]) == ("", 0, False, False)
            assert row["error"] == "truncated"
        else:
            assert row["num_tokens"] > 0
    left_out = sum(length > room for length in lengths.values())
    assert summary["unfit"] == left_out
    assert f"{left_out} of 12 prompts do not fit the model's {room + 8} positions" in " ".join(
        capsys.readouterr().err.split()
    )
    whole = pq.read_table(tmp_path / "out" / "gold.parquet")["nll_sum"].to_pylist()
    assert any(math.isnan(nats) for nats in whole)
    assert all((row["n_problems"] == 12) == (row["regime"] == "all") for row in summary["gold"])
    with pytest.raises(ValueError, match=f"no prompt of 12 fits the model's {room + 8} positions with max_new_tokens"):
        run_eval(request._replace(out=tmp_path / "none", max_new_tokens=room + 8))
    assert not (tmp_path / "none").exists(), "a call that is refused takes no folder"


def test_a_tokenizer_larger_than_its_model_is_refused_before_anything_is_sampled(tokenizer, rows_file, tmp_path):
    small = ModelConfig(layers=1, hidden=16, ffn=32, heads=2, kv_heads=2, max_positions=512)
    publish(build(small, len(tokenizer) - 30, 0), tokenizer, tmp_path / "small")
    last = len(tokenizer) - 1
    with pytest.raises(
        ValueError, match=rf"tokenizer .* larger than the model: .* id {last}, the model knows 0..{last - 30}"
    ):
        run_eval(EvalRequest(tmp_path / "small", rows_file, tmp_path / "out", 2, (1, 2), 1.0, 8, 0, 1))
    assert not (tmp_path / "out").exists()


def test_a_first_token_is_part_of_what_an_output_folder_is_claimed_for(model, tokenizer, rows_file, tmp_path):
    begun = copy.deepcopy(tokenizer)
    begun.bos_token = "<question>"
    publish(model, begun, tmp_path / "begun")
    request = EvalRequest(tmp_path / "begun", rows_file, tmp_path / "out", 2, (1, 2), 1.0, 8, 0, 1, bos=True)
    run_eval(request)
    with pytest.raises(ValueError, match="holds another evaluation"):
        run_eval(request._replace(bos=False))
    run_eval(request._replace(bos=False, out=tmp_path / "plain"))
    gold = [pq.read_table(tmp_path / name / "gold.parquet")["nll_sum"].to_pylist() for name in ("out", "plain")]
    assert gold[0] != gold[1]
