"""Validation per cell: the loss of unseen solutions, the same whenever it is measured, and no mark on the training."""

import json

import pytest
import torch
from test_supervised import RUNTIME, Cut, cut_after, losses
from torch.nn import functional

from interplay.data.mixture import Cell, Mixture
from interplay.data.stream import split_of
from interplay.data.tokenizer import encode_document
from interplay.train.curves import Curves, Validation, distinct_problems
from interplay.train.metrics import read_metrics
from interplay.train.supervised import supervise
from interplay.train.tally import Tally, served


@pytest.fixture
def watched(config):
    return config.model_copy(update={"grid_tokens": (5 * 1024, 10 * 1024), "validation": Validation(problems=3)})


def curves(folder):
    return read_metrics(folder / "curves.jsonl")


def test_the_loss_of_a_cell_is_that_of_its_solutions_one_by_one(config, model, tokenizer):
    found = Curves(Validation(problems=5), config.stream, tokenizer, 256).measure(model)
    assert list(found) == ["op2/zoo/forward", "op3/zoo/forward"]
    source = config.stream.model_copy(update={"split": "val"})
    nats, tokens = 0.0, 0
    problems = distinct_problems(source, Cell(op=3), 5)
    assert {split_of(problem) for problem in problems} == {"val"}
    for problem in problems:
        prompt, gold = encode_document(tokenizer, problem)
        with torch.no_grad():
            logits = model(torch.tensor([prompt + gold])).logits[0, len(prompt) - 1 : -1]
        nats += functional.cross_entropy(logits, torch.tensor(gold), reduction="sum").item()
        tokens += len(gold)
    cell = found["op3/zoo/forward"]
    assert (cell["tokens"], cell["problems"]) == (tokens, len(problems))
    assert cell["loss"] == pytest.approx(nats / tokens, rel=1e-5)
    assert cell["solution_nll"] == pytest.approx(nats / len(problems), rel=1e-5)


def test_watching_leaves_the_run_as_it_is_and_the_curves_fall(config, watched, fresh_model, tokenizer, tmp_path):
    supervise(config, fresh_model(), tokenizer, tmp_path / "plain", RUNTIME)
    supervise(watched, fresh_model(), tokenizer, tmp_path / "watched", RUNTIME)
    assert losses(tmp_path / "plain") == losses(tmp_path / "watched")
    rows = curves(tmp_path / "watched")
    assert [(row["step"], row["tokens"]) for row in rows] == [(5, 5120), (10, 10240), (20, 20480)]
    for cell in rows[0]["cells"]:
        assert rows[0]["cells"][cell]["loss"] > rows[-1]["cells"][cell]["loss"]
    assert not (tmp_path / "plain" / "curves.jsonl").exists()


def test_curves_resume_without_a_gap_or_a_double_line(watched, fresh_model, tokenizer, tmp_path, monkeypatch):
    supervise(watched, fresh_model(), tokenizer, tmp_path / "straight", RUNTIME)
    for step in (5, 13):  # measured at 5 and stopped before that step was saved
        with monkeypatch.context() as patch:
            cut_after(patch, step)
            with pytest.raises(Cut):
                supervise(watched, fresh_model(), tokenizer, tmp_path / "cut", RUNTIME)
    supervise(watched, fresh_model(), tokenizer, tmp_path / "cut", RUNTIME)
    assert curves(tmp_path / "cut") == curves(tmp_path / "straight")


def test_cells_that_are_not_trained_on_can_be_watched(config, model, tokenizer):
    harder = Validation(problems=2, mixture=Mixture.uniform([1]))
    assert list(Curves(harder, config.stream, tokenizer, 256).measure(model)) == ["op1/zoo/forward"]
    with pytest.raises(ValueError, match="no validation problem of op1/zoo/forward fits"):
        Curves(harder, config.stream, tokenizer, 16)


def test_served_shares_stand_beside_the_asked_ones():
    mixture = Mixture.of({Cell(op=2): 0.8, Cell(op=3): 0.2})
    found = served(mixture, {"op2/zoo/forward": 70, "op3/zoo/forward": 30})
    assert found["cells"]["op3/zoo/forward"] == pytest.approx({"asked": 0.2, "served": 0.3, "errors": 2.5})
    assert found["largest_errors"] == pytest.approx(2.5)
    assert served(Mixture.uniform([2]), {"op2/zoo/forward": 9})["largest_errors"] == 0
    assert served(mixture, {})["largest_errors"] == 0


def test_a_tally_survives_its_file():
    tally = Tally({"op2/zoo/forward": 3}, tokens=90, pairs=2000, dropped=1)
    assert Tally.from_json(tally.to_json()) == tally
    assert json.loads(tally.to_json())["tokens"] == 90
