"""Evaluation: cut anywhere, it ends in the same tables; problems are shared by arms; files of rows are read as they are."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import interplay.evals.evaluate as module
from interplay.data.mixture import Mixture
from interplay.evals.evaluate import EvaluateConfig, Regime, evaluate, problems_of
from interplay.evals.from_file import problems_of_rows
from interplay.evals.run import EvalRequest, run_eval
from interplay.evals.summary import summarize
from interplay.model.sampler import SamplingConfig
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


def test_an_interrupted_evaluation_equals_a_straight_one(config, model, tokenizer, tmp_path, monkeypatch):
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
    assert run(config, model, tokenizer, tmp_path / "cut") == straight


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


def test_released_rows_are_read_and_defective_ones_counted():
    import gzip

    path = Path(__file__).parent.parent / "conformance" / "gold.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][::25]
    found = problems_of_rows(rows)
    assert found.defective == sum(not row["gold_ok"] for row in rows)
    assert len(found.asked) == len(rows) - found.defective - found.repeated


def test_rows_that_are_not_problems_are_named():
    with pytest.raises(ValueError, match="row 1: not an object but a number"):
        problems_of_rows([3])
    with pytest.raises(ValueError, match="row 1: the field 'question' is missing"):
        problems_of_rows([{"problem": ""}])
