"""The Python API around a checkpoint: solutions of any rows, and the evaluation that the command line prints."""

import pytest

import interplay


def test_samples_are_those_of_an_evaluation(checkpoint, problems, tmp_path):
    texts = interplay.sample(checkpoint, problems[:3], samples=2, max_new_tokens=8, seed=5)
    assert [len(of_problem) for of_problem in texts] == [2, 2, 2]
    rows = interplay.dataset(op=3, n=3, style="terse", numbers=(1, 5), max_value=20)
    assert len(interplay.sample(checkpoint, rows, max_new_tokens=4)) == 3
    assert interplay.sample(checkpoint, problems[1:3], samples=2, max_new_tokens=8, seed=5) == texts[1:]


def test_evaluate_gives_what_the_command_prints(checkpoint, rows_file, tmp_path):
    summary = interplay.evaluate(checkpoint, rows_file, samples=2, max_new_tokens=8, out=tmp_path / "out")
    assert {row["k"] for row in summary["pass_at_k"]} == {1, 2}
    again = interplay.evaluate(checkpoint, interplay.Dataset.read(rows_file), samples=2, max_new_tokens=8)
    assert again["pass_at_k"] == summary["pass_at_k"]
    assert interplay.compare(tmp_path / "out", tmp_path / "out")[0]["effect"] == 0
    with pytest.raises(ValueError, match="ks must be from 1"):
        interplay.evaluate(checkpoint, rows_file, samples=2, ks=(4,))
