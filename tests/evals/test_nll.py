"""Gold NLL: the batched sums are those of one problem at a time; greedy answers are verified; both survive a cut."""

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

import interplay.evals.nll as module
import interplay.model.likelihood as likelihood
from interplay.data.tokenizer import encode_document
from interplay.evals.evaluate import problem_rows
from interplay.evals.nll import evaluate_gold, nll, summarize_gold
from interplay.files import write_table
from interplay.model.next_token import SamplingConfig
from interplay.schema import sampled
from interplay.schema.parquet import table_of
from interplay.train.runtime import Runtime

RUNTIME = Runtime(device="cpu", threads=1)


def nll_alone(model, tokenizer, problem):
    """The slow, obvious version: one text, every logit."""
    prompt, gold = encode_document(tokenizer, problem)
    with torch.inference_mode():
        logprobs_T_V = model(torch.tensor([prompt + gold])).logits[0].log_softmax(-1)
    return -sum(float(logprobs_T_V[len(prompt) - 1 + t, token]) for t, token in enumerate(gold)), len(gold)


def test_batches_give_the_nll_of_each_problem_alone(model, tokenizer, problems):
    expected = [nll_alone(model, tokenizer, problem) for problem in problems]
    for max_tokens in (1, 300, 1 << 13):
        found = nll(model, tokenizer, problems, max_tokens=max_tokens)
        assert [score.num_tokens for score in found] == [count for _, count in expected]
        assert [score.nll_sum for score in found] == pytest.approx([total for total, _ in expected], rel=1e-5)
    assert found[0].mean == found[0].nll_sum / found[0].num_tokens


def test_a_model_outside_the_family_gets_the_same_nll(model, tokenizer, problems, monkeypatch):
    expected = [score.nll_sum for score in nll(model, tokenizer, problems)]
    monkeypatch.setattr(likelihood, "in_family", lambda _: False)
    assert [score.nll_sum for score in nll(model, tokenizer, problems)] == pytest.approx(expected, rel=1e-6)


def run(asked, model, tokenizer, folder):
    evaluate_gold(asked, model, tokenizer, folder, sampling=SamplingConfig(max_new_tokens=8), runtime=RUNTIME)
    return (folder / "gold.parquet").read_bytes()


def test_gold_goes_on_where_it_was_cut(asked, model, tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK_PROBLEMS", 5)
    straight = run(asked, model, tokenizer, tmp_path / "straight")

    calls = []

    def cut(*args, **options):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return nll(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(module, "nll", cut)
        with pytest.raises(KeyboardInterrupt):
            run(asked, model, tokenizer, tmp_path / "cut")
    assert not (tmp_path / "cut" / "gold.parquet").exists()
    assert len(list((tmp_path / "cut" / "parts").glob("gold-*.parquet"))) == 2
    assert run(asked, model, tokenizer, tmp_path / "cut") == straight


def test_summary_per_regime_and_per_cell(asked, model, tokenizer, tmp_path):
    run(asked, model, tokenizer, tmp_path)
    write_table(tmp_path / "problems.parquet", table_of(problem_rows(asked), sampled.Problem))
    gold = pq.read_table(tmp_path / "gold.parquet").to_pydict()
    rows = {row["regime"]: row for row in summarize_gold(tmp_path)}
    assert set(rows) == {"all", "op2", "op3", "op4"}
    per_token = np.mean(np.array(gold["nll_sum"]) / np.array(gold["num_tokens"]))
    assert rows["all"]["nll_per_token"] == pytest.approx(per_token, abs=1e-6)
    assert rows["all"]["nll_per_token_lo"] < per_token < rows["all"]["nll_per_token_hi"]
    assert rows["all"]["greedy_strict"] == np.mean(gold["greedy_strict"])
    cells = summarize_gold(tmp_path, ("context", "op", "mode"))
    assert sum(cell["n_problems"] for cell in cells) == len(asked)
    assert {(cell["context"], cell["mode"]) for cell in cells} == {("zoo", "forward")}


def test_gold_of_other_problems_is_refused(asked, model, tokenizer, tmp_path):
    run(asked, model, tokenizer, tmp_path)
    write_table(tmp_path / "problems.parquet", table_of(problem_rows(asked[1:]), sampled.Problem))
    with pytest.raises(ValueError, match="not of the problems beside it"):
        summarize_gold(tmp_path)
