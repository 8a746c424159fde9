"""Rows of the public files: graphs read from text, defects marked, verdicts as JSON values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interplay.data.gsm_infinite import GoldDefect, graph_of_text, reference_of, verify_candidates
from interplay.data.row_files import read_rows, write_rows
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
    assert str(verify_candidates(row)[0]["error"]).startswith("gold_defect: ")
    assert verify_candidates(row)[0]["strict"] is None


CASES = Path(__file__).parents[1] / "cases" / "public_rows.jsonl"


def test_public_rows_are_read_or_refused_with_the_reason():
    for line in CASES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        verdict = verify_candidates(row)[0]
        if "expected_error" in row:
            assert (verdict["error"], verdict["strict"]) == (row["expected_error"], None)
        else:
            assert (verdict["strict"], verdict["error"]) == (row["expected_strict"], None), row["note"]


FORWARD = {
    "problem": "The number of adult crow in Maple Creek equals 2. The number of adult owl in Maple Creek equals 3 times the "
    "number of adult crow in Maple Creek. ",
    "question": "How many adult owl does Maple Creek have?",
    "solution": "Define adult crow in Maple Creek as c; so c = 2. Define adult owl in Maple Creek as o; so o = 3 * c = 3 * 2 "
    "= 6. Answer: 6.",
}
FORWARD["candidate"] = FORWARD["solution"]
FILLERS = {
    "a quantity stated twice, with two values": "The number of x in Y equals 4. The number of x in Y equals 5. ",
    "stated by a number and by another quantity": (
        "The number of x in Y equals 4. The number of x in Y equals the number of adult owl in Maple Creek. "
    ),
    "depends on one that is stated twice": (
        "The number of x in Y equals 4. The number of x in Y equals 5. The number of z in Y equals the number of x in Y. "
    ),
    "the total of a place where one is stated twice": (
        "The number of adult bear in Y equals 4. The number of adult bear in Y equals 5. The number of z in W equals the "
        "total number of adult animals in Y. "
    ),
    "a quantity that merely exists": "The number of x in Y exists, and its number is greater than 0. ",
    "the value of a total": "The number of x in Y equals 4. The total number of adult animals in Y equals 4. ",
    "a name with a full stop and a blank": "The number of adult hawk in Washington D.C. equals 4. ",
    "a name that ends in a full stop": "The number of z in W equals the number of adult owl in Washington D.C.. "
    "The number of adult owl in Washington D.C. equals 4. ",
    "a line break between sentences": "The number of x in Y equals 4.\nThe number of z in Y equals 5. ",
}


@pytest.mark.parametrize("kind", FILLERS)
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_padding_that_is_not_needed_may_say_what_it_likes(kind, before, mode):
    row = FORWARD if mode == "forward" else {**ROW, "candidate": ROW["solution"]}
    problem = FILLERS[kind] + row["problem"] if before else row["problem"] + FILLERS[kind]
    verdict = verify_candidates({**row, "problem": problem})[0]
    assert (verdict["exact"], verdict["error"]) == (True, None)


def test_thousands_of_padding_sentences_are_read():
    padding = "".join(f"The number of hawk in Place {i} equals {i % 5}. " for i in range(3_000))
    assert verify_candidates({**FORWARD, "problem": padding + FORWARD["problem"]})[0]["exact"] is True


def test_a_name_with_full_stops_is_read_where_it_is_needed():
    row = {key: text.replace("Maple Creek", "Washington D.C.") for key, text in FORWARD.items()}
    assert verify_candidates(row)[0]["exact"] is True
    row = {key: text.replace("Maple Creek", "St. Ives Bay") for key, text in FORWARD.items()}
    assert verify_candidates(row)[0]["exact"] is True


DEFECTS = {
    "fact missing": ("The number of adult crow in Maple Creek equals 2. ", ""),
    "repeated with another value": ("equals 2. ", "equals 2. The number of adult crow in Maple Creek equals 3. "),
    "fact missing: the problem only says": ("equals 2. ", "exists, and its number is greater than 0. "),
    "this text is not of the grammar": ("equals 2. ", "is two. "),
    "the gold solution": ("equals 2. ", "equals 4. "),
    "the symbolic subset is not supported": (FORWARD["problem"], "assign V705804 = V437110 + 1. assign V437110 = 3."),
    "a problem in the terse style is judged by the field graph": (
        FORWARD["problem"],
        "tiger in Prairie = 6 . lion in Meadow = tiger in Prairie + 2 .",
    ),
    "modular arithmetic (iGSM style) is not supported": (
        FORWARD["problem"],
        "The number of each Riverview High's Film Studio equals 5 times as much as each Hall's Backpack.",
    ),
}


@pytest.mark.parametrize("reason", DEFECTS)
def test_a_defect_says_why(reason):
    verdict = verify_candidates({**FORWARD, "problem": FORWARD["problem"].replace(*DEFECTS[reason])})[0]
    assert str(verdict["error"]).startswith(f"gold_defect: {reason}")
    assert verdict["strict"] is None


def test_a_sentence_said_twice_is_no_defect():
    twice = ROW["problem"] + "The number of adult crow in South Zoo exists, and its number is greater than 0. "
    assert verify_candidates({**ROW, "problem": twice, "candidate": ROW["solution"]})[0]["exact"] is True


def test_bad_rows_are_named_and_never_raise():
    for row in (None, 3, "text", [], [1], True, {}, {"solution": "a"}, {"solution": 1, "candidate": "a"}):
        error = verify_candidates(row)[0]["error"]
        assert isinstance(error, str)
        assert error.startswith("bad_row: ")
    assert "candidate" in str(verify_candidates({"solution": "a"})[0]["error"])
    assert str(verify_candidates({"solution": "a", "candidate": "b"})[0]["error"]).startswith(
        "bad_row: the field 'problem'"
    )
    for graph in ({}, {"rules": 3}, {"rules": {"a": {}}, "order": []}, {"rules": {}, "order": 5}):
        assert str(verify_candidates({"graph": graph, "solution": "a", "candidate": "b"})[0]["error"]).startswith(
            "bad_row: the graph"
        )
    with pytest.raises(ValueError, match="rule must be one of"):
        verify_candidates(ROW, rule="lax")[0]


@pytest.mark.parametrize("style", ["full", "terse"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_our_rows_bring_their_graph(style, mode):
    problem = make(Spec(op=8, mode=mode, distractors=2), "school", style, stream("rows", style, mode))
    row = json.loads(json.dumps({**to_row(problem), "candidate": problem.completion}))
    assert verify_candidates(row)[0] == {
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
    assert str(verify_candidates(broken)[0]["error"]).startswith("bad_row: the graph")


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
