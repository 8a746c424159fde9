"""Asking a model behind an OpenAI-compatible server, against one that runs in the test."""

import json

import pytest

from fake_server import serving
from interplay.data.instructions import chat, examples
from interplay.evals.remote import ANSWERS, RemoteConfig, ask, cost_of, read_answers
from interplay.interop.exchange import problems

PROBLEMS = list(problems((2, 3)).first(3))
PROMPTS = {problem.id: chat(problem, examples(problem, 1)) for problem in PROBLEMS}


def config(url, **changes):
    return RemoteConfig(base_url=url, model="fake", concurrency=2, retries=2, **changes)


def test_every_problem_is_asked_so_often_and_tokens_are_counted(tmp_path):
    with serving(lambda prompt, number: (200, f"{prompt.split()[-1]} it is")) as (url, requests):
        answers = ask(config(url), PROMPTS, 2, tmp_path)
    assert list(answers) == [(problem.id, sample) for problem in PROBLEMS for sample in range(2)]
    assert len(requests) == 6
    assert [message["role"] for message in requests[0]["messages"]] == ["system", "user", "assistant", "user"]
    assert cost_of(answers, (1.0, 2.0))["dollars"] > 0
    assert cost_of(answers, None)["completion_tokens"] == 18


def test_a_cut_run_asks_only_for_what_is_missing_and_drops_a_half_written_line(tmp_path):
    with serving(lambda prompt, number: (200, f"answer {number}")) as (url, requests):
        before = ask(config(url), PROMPTS, 1, tmp_path)
        kept = (tmp_path / ANSWERS).read_text()
        lines = kept.splitlines(keepends=True)
        (tmp_path / ANSWERS).write_text("".join(lines[:2]) + lines[2][:20])
        after = ask(config(url), PROMPTS, 1, tmp_path)
    assert len(requests) == 4
    assert len(read_answers(tmp_path)) == 3
    assert sum(before[key] == after[key] for key in before) == 2
    for line in (tmp_path / ANSWERS).read_text().splitlines():
        json.loads(line)


def test_a_passing_failure_is_tried_again(tmp_path):
    with serving(lambda prompt, number: (503, "busy") if number == 1 else (200, "ok")) as (url, requests):
        answers = ask(config(url), PROMPTS, 1, tmp_path)
    assert {answer.text for answer in answers.values()} == {"ok"}
    assert len(requests) == 4


def test_a_prompt_that_is_refused_is_recorded_and_the_others_go_on(tmp_path):
    refused = PROMPTS[PROBLEMS[1].id][-1]["content"]
    with serving(lambda prompt, number: (400, "too long") if prompt == refused else (200, "ok")) as (url, _):
        answers = ask(config(url), PROMPTS, 1, tmp_path)
    assert answers[PROBLEMS[1].id, 0].finish_reason == "refused: too long"
    assert [answer.text for answer in answers.values()] == ["ok", "", "ok"]


def test_a_server_that_is_not_there_or_knows_no_such_model_is_one_clear_line(tmp_path):
    with pytest.raises(ValueError, match=r"http://127.0.0.1:9/v1: .*[Cc]onnection"):
        ask(
            config(
                "http://127.0.0.1:9/v1",
            ).model_copy(update={"retries": 0}),
            PROMPTS,
            1,
            tmp_path,
        )
    with (
        serving(lambda prompt, number: (404, "no model fake") if number > 1 else (200, "ok")) as (url, _),
        pytest.raises(ValueError, match="no model fake"),
    ):
        ask(config(url), PROMPTS, 1, tmp_path)
    assert len(read_answers(tmp_path)) == 1, "what was answered is kept"


def test_tags_are_sent_as_text_and_the_stop_tag_is_put_back(tmp_path):
    prompts = {problem.id: problem.prompt for problem in PROBLEMS}
    cut = {problem.prompt: problem.completion.removesuffix("</answer>") for problem in PROBLEMS}
    with serving(lambda prompt, number: (200, cut[prompt])) as (url, requests):
        answers = ask(config(url, prompt="tags"), prompts, 1, tmp_path)
    assert [answers[problem.id, 0].text for problem in PROBLEMS] == [problem.completion for problem in PROBLEMS]
    assert requests[0]["stop"] == ["</answer>"]
