"""Rows of the public files: graphs read from text, defects marked, verdicts as JSON values."""

from __future__ import annotations

import json

import pytest

from interplay.data.files import read_rows, write_rows
from interplay.data.gsm_infinite import GoldDefect, graph_of_text, reference_of, verify_row
from interplay.world.facts import asked, read_facts
from interplay.world.graph import Rule
from interplay.world.problem import make, to_row
from interplay.world.randomness import stream
from interplay.world.sample import Spec

ROW = {
    "problem": "The number of adult eagle in South Zoo equals 1 plus the number of adult crow in South Zoo. The total "
    "number of adult animals in South Zoo equals 7. The number of adult crow in Jefferson Circus equals the sum of the "
    "number of adult crow in South Zoo and the total number of adult animals in South Zoo. The number of adult crow in "
    "South Zoo exists, and its number is greater than 0. ",
    "question": "How many adult crow does South Zoo have?",
    "solution": "The question is difficult, so we use equations to solve it. Define adult crow in South Zoo as x; we "
    "don't know its value yet but will find it out later. Define adult eagle in South Zoo as p; N = x = x; so p = 1 + N"
    " = 1 + x = x + 1. Define total number of adult animals in South Zoo as t; so t = p + x = x + 1 + x = 2*x + 1. We "
    "know t = 7, so we have 2*x + 1 = 7 and we solve it through the following steps: Simplifying the equation: 2*x + 1 "
    "= 7. Move all terms to one side: 2*x - 6 = 0. Isolate the term with x: 2*x = 6. Divide both sides by 2: x = 6 / 2."
    " Solution: x = 3. Answer: 3.",
    "op": 5,
    "d": 2,
    "mode": "forwardreverse",
}


def test_the_graph_of_a_text():
    graph = graph_of_text(ROW["problem"], ROW["question"], ROW["solution"])
    assert (graph.op, graph.mode, graph.answer, graph.given) == (5, "reverse", 3, 7)
    assert graph.target == "total number of adult animals in South Zoo"
    assert graph.unknown == graph.asked == "adult crow in South Zoo"
    assert graph.distractors == ["adult crow in Jefferson Circus"]
    assert graph.rules["adult eagle in South Zoo"] == Rule("count", "copy", ("adult crow in South Zoo",), 1, "+")


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("problem", "equals 1 plus the number", "equals 2 plus the number"),
        ("problem", "The number of adult eagle in South Zoo equals 1 plus the number of adult crow in South Zoo. ", ""),
        ("problem", "equals 7.", "equals 9."),
        ("problem", "adult animals in South Zoo equals 7. ", "adult animals in Elm Zoo equals 7. "),
        ("problem", "exists, and its number is greater than 0", "equals 3"),
        ("problem", "The number of", "There are"),
        ("question", "adult crow", "adult eagle"),
        ("question", "How many", "Which"),
        ("solution", "= 1 + x = x + 1. D", "= 1 + x = x + 2. D"),
        ("solution", "Answer: 3", "Answer: 4"),
        ("solution", "Answer: 3.", ""),
        ("solution", "We know t", "We know Q"),
    ],
)
def test_a_gold_that_does_not_follow_from_its_text_is_marked(field, old, new):
    assert old in ROW[field]
    row = {**ROW, field: ROW[field].replace(old, new, 1), "candidate": ROW["solution"]}
    with pytest.raises(GoldDefect):
        reference_of(row)
    assert verify_row(row)["error"] == "gold_defect"
    assert verify_row(row)["strict"] is None


def test_a_sentence_said_twice_is_no_defect():
    twice = ROW["problem"] + "The number of adult crow in South Zoo exists, and its number is greater than 0. "
    assert verify_row({**ROW, "problem": twice, "candidate": ROW["solution"]})["exact"] is True


def test_bad_rows_are_named_and_never_raise():
    for row in (None, 3, "text", [], [1], True, {}, {"solution": "a"}, {"solution": 1, "candidate": "a"}):
        error = verify_row(row)["error"]
        assert isinstance(error, str)
        assert error.startswith("bad_row: ")
    assert "candidate" in str(verify_row({"solution": "a"})["error"])
    assert str(verify_row({"solution": "a", "candidate": "b"})["error"]).startswith("bad_row: the field 'problem'")
    for graph in ({}, {"rules": 3}, {"rules": {"a": {}}, "order": []}, {"rules": {}, "order": 5}):
        assert str(verify_row({"graph": graph, "solution": "a", "candidate": "b"})["error"]).startswith(
            "bad_row: the graph"
        )
    with pytest.raises(ValueError, match="rule must be one of"):
        verify_row(ROW, rule="lax")


@pytest.mark.parametrize("style", ["full", "terse"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_our_rows_bring_their_graph(style, mode):
    problem = make(Spec(op=8, mode=mode, distractors=2), "school", style, stream("rows", style, mode))
    row = json.loads(json.dumps({**to_row(problem), "candidate": problem.completion}))
    assert verify_row(row) == {
        "strict": True,
        "exact": True,
        "sound": True,
        "paper_v1": True,
        "answer_correct": True,
        "process_accuracy": 1.0,
        "error": None,
    }
    broken = json.loads(json.dumps(row))
    broken["graph"]["order"].append("nothing at all")
    assert str(verify_row(broken)["error"]).startswith("bad_row: the graph")


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_our_sentences_are_read_back_into_the_same_graph(mode, d):
    for index in range(40):
        spec = Spec(op=2 + index, mode=mode, d=d, distractors=index % 4)
        problem = make(spec, "zoo", "full", stream("sentences", mode, d, index))
        graph = graph_of_text(problem.problem, problem.question, problem.solution, d)
        assert (graph.op, graph.answer, graph.target, graph.unknown) == (
            problem.graph.op,
            problem.graph.answer,
            problem.graph.target,
            problem.graph.unknown,
        )
        for name in problem.graph.order:
            ours, read = problem.graph.rules[name], graph.rules[name]
            assert ours == read or (ours.implicit and sorted(ours.operands) == sorted(read.operands))


def test_files_keep_every_row(tmp_path):
    rows = [ROW, {"solution": "é", "n": None}]
    for name in ("rows.jsonl", "rows.jsonl.gz"):
        assert write_rows(tmp_path / name, rows) == 2
        assert list(read_rows(tmp_path / name)) == rows
    (tmp_path / "bad.jsonl").write_text("{}\nnot json\n")
    with pytest.raises(ValueError, match=r"bad\.jsonl, line 2"):
        list(read_rows(tmp_path / "bad.jsonl"))


def test_facts_name_the_sentence_they_cannot_read():
    with pytest.raises(ValueError, match="There are many"):
        read_facts("The number of a in B equals 3. There are many lions. ")
    with pytest.raises(ValueError, match="three"):
        read_facts("The number of a in B equals three. ")
    assert asked("What is the average number of cubs per lion in Cedar?") == "average number of cubs per lion in Cedar"
