"""`interplay eval --base-url`: the records of a model behind a server are those of a checkpoint, and `said` stands beside."""

import json
import sys

import pytest

from fake_server import serving
from interplay.cli import main
from interplay.data.instructions import question_of, solution_of
from interplay.evals.evaluation import read_evaluation, read_samples
from interplay.evals.from_file import problem_of


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    from interplay.interop.exchange import problems
    from interplay.world.problem import to_row

    file = tmp_path_factory.mktemp("rows") / "problems.jsonl"
    file.write_text("".join(json.dumps(to_row(problem)) + "\n" for problem in problems((2, 3), split="test").first(4)))
    return file


def evaluate(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["interplay", "eval", *map(str, words)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return (stopped.value.code or 0, *capsys.readouterr())


def test_a_chat_model_is_asked_judged_and_counted(monkeypatch, capsys, tmp_path, rows):
    gold = [problem_of(json.loads(line)) for line in rows.read_text().splitlines()]
    answers = {question_of(problem): solution_of(problem) for problem in gold[:2]}
    answers |= {question_of(gold[2]): f"I think so.\n**Answer:** {gold[2].answer}"}
    with serving(lambda prompt, number: (200, answers.get(prompt, "I do not know"))) as (url, requests):
        words = ["--base-url", url, "--model", "fake", "--data", rows, "--samples", 2, "--k", "1,2", "--out", tmp_path]
        code, out, err = evaluate(monkeypatch, capsys, *words, "--price", "1,2")
        asked = len(requests)
        again = evaluate(monkeypatch, capsys, *words, "--price", "1,2")
        assert len(requests) == asked == 8, "a finished evaluation asks nothing"
    assert code == again[0] == 0
    summary = json.loads(out.splitlines()[-1])
    assert summary["dollars"] > 0
    values = {(row["rule"], row["k"]): row["value"] for row in summary["pass_at_k"] if row["regime"] == "all"}
    assert values["strict", 1] == values["strict", 2] == 0.5
    assert values["said", 1] == 0.75, "the answer without steps counts here alone"
    assert "said:" in err
    assert read_evaluation(tmp_path).samples.num_rows == 8


def test_half_a_surrogate_pair_in_an_answer_is_replaced(monkeypatch, capsys, tmp_path, rows):
    with serving(lambda prompt, number: (200, "the answer is \ud83d 4")) as (url, _):
        words = ["--base-url", url, "--model", "fake", "--data", rows, "--samples", 1, "--out", tmp_path]
        assert evaluate(monkeypatch, capsys, *words)[0] == 0
    assert "?" in read_samples(tmp_path)["text"][0].as_py()


def test_another_question_in_the_same_folder_is_refused(monkeypatch, capsys, tmp_path, rows):
    with serving(lambda prompt, number: (200, "no")) as (url, _):
        words = ["--base-url", url, "--model", "fake", "--data", rows, "--samples", 1, "--out", tmp_path]
        assert evaluate(monkeypatch, capsys, *words)[0] == 0
        code, _, err = evaluate(monkeypatch, capsys, *words, "--shots", 0)
    assert code == 2
    assert "holds another evaluation" in err


def test_released_checkpoints_are_asked_by_their_own_prompt(monkeypatch, capsys, tmp_path, rows):
    gold = {p.prompt: p for p in (problem_of(json.loads(line)) for line in rows.read_text().splitlines())}
    with serving(lambda prompt, n: (200, gold[prompt].completion.removesuffix("</answer>"))) as (url, requests):
        words = ["--base-url", url, "--model", "fake", "--prompt", "tags", "--data", rows, "--samples", 1]
        code, out, _ = evaluate(monkeypatch, capsys, *words, "--out", tmp_path)
    assert code == 0
    assert requests[0]["prompt"].startswith("<question> ")
    strict = [row for row in json.loads(out)["pass_at_k"] if row["rule"] == "strict" and row["regime"] == "all"]
    assert [row["value"] for row in strict] == [1.0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--samples", "2"], "takes a CHECKPOINT, or --base-url"),
        (["--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--prompt", "poem"], "prompt"),
        (["--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--price", "cheap"], "--price takes IN,OUT"),
    ],
)
def test_bad_requests_are_one_line(monkeypatch, capsys, tmp_path, rows, words, message):
    code, _, err = evaluate(monkeypatch, capsys, "--data", rows, "--out", tmp_path, *words)
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
