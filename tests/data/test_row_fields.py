"""Rows of every layout that people have: fields inside other fields, chats, several candidates, reasons of an end."""

import json

import pyarrow as pa
import pytest

from interplay.data.gsm_infinite import reference_of, verify_candidates
from interplay.data.row_fields import graph_of, whole
from interplay.data.row_files import read_rows, write_rows
from interplay.evals.from_file import problem_of
from interplay.world.graph import to_dict
from interplay.world.problem import make, to_row
from interplay.world.randomness import stream
from interplay.world.sample import Spec

STYLES = ("full", "terse")
MODES = ("forward", "reverse")


def problem(style="full", mode="forward", op=6):
    return make(Spec(op=op, mode=mode, distractors=2), "zoo", style, stream("row fields", style, mode, op))


GOLD = problem()
ROW = to_row(GOLD)


def chat(*said):
    roles = ("system", "user", "assistant", "user", "assistant")[1:]
    return [{"role": role, "content": text} for role, text in zip(roles, said, strict=False)]


def verl(made, **fields):
    """A row as verl's preprocessing writes them."""
    return {
        "data_source": "interplay", "prompt": chat(made.prompt), "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": made.solution},
        "extra_info": {"split": "test", "index": 0, "graph": json.dumps(to_dict(made.graph))}, **fields,
    }  # fmt: skip


CANDIDATES = {
    "text": GOLD.solution,
    "chat": chat("the problem", GOLD.solution),
    "parts": [{"role": "assistant", "content": [{"type": "text", "text": GOLD.solution}]}],
    "message": {"role": "assistant", "content": GOLD.solution},
    "completion of an API": {"choices": [{"message": {"content": GOLD.solution}, "finish_reason": "stop"}]},
    "vLLM": {"outputs": [{"text": GOLD.solution, "finish_reason": "stop"}]},
    "pipeline": {"generated_text": chat("the problem", GOLD.solution)},
    "whole document": f"{GOLD.text}",
}


@pytest.mark.parametrize("candidate", CANDIDATES.values(), ids=CANDIDATES)
def test_a_candidate_may_be_text_or_what_an_interface_returns(candidate):
    verdicts = verify_candidates({**ROW, "candidate": candidate})
    assert [v["strict"] for v in verdicts] == [True]
    assert "sample" not in verdicts[0]


@pytest.mark.parametrize(
    "several",
    [
        [GOLD.solution, "no"],
        [{"text": GOLD.solution}, {"text": "no"}],
        [chat("q", GOLD.solution), chat("q", "no")],
        {"choices": [{"message": {"content": GOLD.solution}}, {"message": {"content": "no"}}]},
    ],
)
def test_several_candidates_get_a_verdict_each(several):
    verdicts = verify_candidates({**ROW, "candidate": several})
    assert [(v["sample"], v["strict"]) for v in verdicts] == [(0, True), (1, False)]


def test_one_null_candidate_is_not_its_neighbours_fault():
    verdicts = verify_candidates({**ROW, "candidate": [None, GOLD.solution, {"content": None}, 5]})
    assert [v["strict"] for v in verdicts] == [None, True, None, None]
    assert verdicts[0]["error"] == "bad_row: the field 'candidate' is null"
    assert verdicts[3]["error"] == "bad_row: the field 'candidate' is not text"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "the field 'candidate' is missing"),
        ({"candidate": None}, "the field 'candidate' is null"),
        ({"candidate": []}, "the field 'candidate' is an empty list"),
        ({"candidate": {"a": 1}}, "the field 'candidate' is null"),
        ({"candidate": "x", "solution": None}, "the field 'solution' is missing"),
        ({"candidate": "x", "solution": 3}, "the field 'solution' is not text"),
        ({"candidate": "x", "graph": 3}, "the graph cannot be used"),
        ({"candidate": "x", "graph": "{"}, "the graph cannot be used"),
        ({"candidate": "x", "graph": None, "question": 7}, "the field 'question' is not text"),
    ],
)
def test_what_a_row_lacks_is_named(fields, reason):
    (verdict,) = verify_candidates({**ROW, **fields})
    assert str(verdict["error"]).startswith(f"bad_row: {reason}")


def test_a_writer_that_was_cut_off_is_told_from_one_that_ended():
    half = GOLD.solution[: len(GOLD.solution) // 2].rpartition(". ")[0] + "."
    for fields in (
        {"candidate": half, "finish_reason": "length"},
        {"candidate": [half], "finish_reason": ["length"]},
        {"candidate": {"text": half, "finish_reason": "length"}},
        {"candidate": {"content": [{"type": "text", "text": half}], "stop_reason": "max_tokens"}},
        {"candidate": {"choices": [{"message": {"content": half}, "finish_reason": "length"}]}},
    ):
        assert verify_candidates({**ROW, **fields})[0]["error"] == "truncated", fields
    assert verify_candidates({**ROW, "candidate": GOLD.solution, "finish_reason": "stop"})[0]["strict"] is True


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("style", STYLES)
def test_rows_of_verl_are_judged_before_and_after_parquet(tmp_path, style, mode):
    made = problem(style, mode)
    rows = [verl(made, responses=[made.completion, "no"]), verl(made, responses=[made.solution, made.body])]
    for form in (rows, list(read_rows(tmp_path / "a.parquet")) if write_rows(tmp_path / "a.parquet", rows) else []):
        strict = [[v["strict"] for v in verify_candidates(row, candidate_field="responses")] for row in form]
        assert strict == [[True, False], [True, False]]


@pytest.mark.parametrize("mode", MODES)
def test_problem_and_question_are_read_from_a_chat_where_there_is_no_graph(mode):
    made = problem("full", mode)
    bare = verl(made, extra_info={"index": 0}, candidate=made.solution)
    assert verify_candidates(bare)[0]["strict"] is True
    plain = {"messages": chat(f"{made.problem}{made.question}", made.solution), "solution": made.solution}
    assert verify_candidates(plain, candidate_field="messages")[0]["strict"] is True


def test_a_dotted_name_leads_into_a_field():
    row = {"meta": {**ROW}, "answers": {"mine": [GOLD.solution]}}
    assert verify_candidates({**ROW, **row}, candidate_field="answers.mine.0")[0]["strict"] is True
    assert verify_candidates({**row, "metadata": ROW}, candidate_field="answers.mine.0")[0]["strict"] is True


@pytest.mark.parametrize("style", STYLES)
def test_a_graph_is_read_as_an_object_as_text_and_as_arrow_fills_it(style):
    rows = [to_row(problem(style, mode, op)) for mode in MODES for op in (3, 6)]
    texts = [{**row, "graph": json.dumps(row["graph"])} for row in rows]
    filled = pa.Table.from_pylist(rows).to_pylist()
    assert any(None in row["graph"]["rules"].values() for row in filled)
    for row, text, back in zip(rows, texts, filled, strict=True):
        assert graph_of(text) == graph_of(row) == problem_of(text).graph
        assert problem_of(text) == problem_of(row)
        assert dict(graph_of(back).rules) == dict(graph_of(row).rules)
        assert graph_of(back).order == graph_of(row).order
        assert reference_of(back).answer == reference_of(row).answer


def test_whole_numbers_as_files_spell_them():
    assert [whole(x) for x in (2, 2.0, "2", " 2 ", -3)] == [2, 2, 2, 2, -3]
    assert [whole(x) for x in (2.5, "two", None, True, [2], float("nan"), float("inf"), "9" * 5000, "２")] == [None] * 9
