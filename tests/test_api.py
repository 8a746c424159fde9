"""`import interplay`: light, stable names, typed; rows that survive the ways people keep them."""

import inspect
import itertools
import json
import subprocess
import sys

import pandas
import pyarrow
import pytest
from datasets import Dataset as HuggingFace

import interplay
from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream, split_of
from interplay.studies.scales import regime_of

NAMES = [
    "Dataset", "Problem", "Stream", "Verdict", "compare", "dataset", "evaluate", "generate", "load_results", "pass_at_k",
    "run", "sample", "score",
]  # fmt: skip
HEAVY = {
    "torch",
    "transformers",
    "tokenizers",
    "scipy",
    "pyarrow",
    "numpy",
    "pandas",
    "datasets",
    "exca",
    "pydantic",
    "typer",
}


def loaded(code):
    """The top-level modules in memory after some code, in a process of its own."""
    told = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.split())


def test_the_surface_is_what_it_says():
    assert interplay.__all__ == NAMES
    assert set(NAMES) <= set(dir(interplay))
    for name in NAMES:
        value = getattr(interplay, name)
        assert inspect.getdoc(value), name
        if inspect.isfunction(value) and name != "pass_at_k":
            assert "return" in value.__annotations__, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        interplay.nothing  # noqa: B018
    names = {}
    exec("from interplay import *", names)
    assert set(NAMES) <= names.keys()


def test_importing_is_light():
    """Counted in modules: a duration would measure the machine."""
    code = "import interplay, sys; print(*[name for name in sys.modules if name.startswith('interplay')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["interplay"]
    assert not loaded("import interplay") & HEAVY


def test_scoring_needs_no_model_library():
    code = "import interplay; row = interplay.dataset(op=4)[0]; assert interplay.score(row, row['solution']).strict"
    assert not loaded(code) & {"torch", "transformers", "tokenizers", "scipy", "pyarrow", "numpy", "pandas", "datasets"}


def test_a_dataset_is_a_sequence_made_when_it_is_looked_at():
    rows = interplay.dataset(context=["zoo", "school"], op=range(3, 6), mode="reverse", n=10**9, seed=4, names=4)
    assert len(rows) == 10**9
    assert rows[999_999_999] == rows[-1]
    assert list(rows[5:11:2]) == [rows[5], rows[7], rows[9]]
    assert rows[5:11][::-1][0] == rows[10]
    assert list(itertools.islice(rows, 2)) == [rows[0], rows[1]]
    assert interplay.dataset(context=["zoo", "school"], op=[3, 4, 5], mode="reverse", seed=4, names=4)[7] == rows[7]
    assert {row["op"] for row in rows[:40]} == {3, 4, 5}
    assert {row["template"] for row in rows[:40]} == {"zoo", "school"}
    assert rows[0] != interplay.dataset(context=["zoo", "school"], op=[3, 4, 5], mode="reverse", seed=5, names=4)[0]
    with pytest.raises(IndexError):
        interplay.dataset(n=3)[3]


def test_a_split_holds_its_own_problems_alone():
    for split in ("train", "rl", "val", "test"):
        problems = interplay.generate(n=6, op=6, split=split)
        assert {split_of(problem) for problem in problems} == {split}
    test = interplay.dataset(scale="micro", regime="edge", split="test", n=30)
    assert len({row["id"] for row in test}) == 30
    _, _, edge, _ = regime_of("micro", "edge")
    assert {row["op"] for row in test} == set(edge)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"op": 99}, "op"), ({"mode": "sideways"}, "mode"), ({"context": "nowhere"}, "unknown context"),
        ({"colour": 3}, "no such axis: 'colour'"), ({"n": -1}, "n must not be negative"), ({"split": "no"}, "split must"),
        ({"scale": "huge"}, "unknown scale"), ({"scale": "micro", "regime": "no"}, "regime must be"),
        ({"max_value": 3}, "max_value"), ({"op": []}, "at least one op"), ({"op": 0}, "^op: Input .* got 0$"),
        ({"op": "x"}, "^op: Input .* got 'x'$"), ({"seeds": 3}, "did you mean 'seed'"), ({"n": "x"}, "^n is a whole number"),
        ({"style": "loud"}, "^style: Input .* got 'loud'$"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_before_the_first_problem(asked, message):
    for make in (interplay.dataset, interplay.generate):
        with pytest.raises(ValueError, match=message) as raised:
            make(**asked)
        assert "\n" not in str(raised.value)


ROWS = interplay.dataset(op=[2, 5], mode=["forward", "reverse"], n=12, distractors=(0, 2))
WAYS = {
    "JSON": lambda rows: interplay.Dataset(json.loads(json.dumps(list(rows)))),
    "Arrow": lambda rows: interplay.Dataset(pyarrow.Table.from_pylist(list(rows)).to_pylist()),
    "pandas": lambda rows: interplay.Dataset.from_pandas(rows.to_pandas()),
    "a frame with gaps": lambda rows: interplay.Dataset.from_pandas(
        pandas.concat([rows.to_pandas(), pandas.DataFrame([{"more": 1}])]).iloc[:-1]
    ),
    "datasets": lambda rows: interplay.Dataset.from_datasets(rows.to_datasets()),
    "datasets with objects": lambda rows: interplay.Dataset.from_datasets(
        HuggingFace.from_list([{**row, "graph": json.loads(row["graph"])} for row in rows])
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_rows_survive(way):
    back = way(ROWS)
    assert len(back) == len(ROWS)
    for mine, row, problem in zip(ROWS, back, back.problems, strict=True):
        assert {**row, "graph": None} == {**mine, "graph": None}
        assert interplay.score(row, mine["solution"]).exact
        assert interplay.score(problem, mine["solution"]).exact


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.parquet"])
def test_rows_survive_files(tmp_path, name):
    ROWS.write(tmp_path / name)
    assert list(interplay.Dataset.read(tmp_path / name)) == list(ROWS)


def test_score_says_what_each_step_is():
    (problem,) = interplay.generate(op=6, style="terse")
    verdict = interplay.score(problem, problem.solution.replace("Answer: ", "Answer: 1"))
    assert isinstance(verdict, interplay.Verdict)
    assert (verdict.strict, verdict.error, verdict.answer_correct) == (False, "wrong_answer", False)
    assert [step.error for step in verdict.steps] == [None] * len(problem.graph.order)
    assert interplay.score(problem, problem.completion).exact
    assert interplay.score(problem, problem.text).exact
    assert interplay.score(problem, "", truncated=True).error == "truncated"
    for row, message in (({}, "missing"), ([], "takes a row"), ({"graph": 3, "solution": ""}, "graph cannot be used")):
        with pytest.raises(ValueError, match=message):
            interplay.score(row, "")
    with pytest.raises(ValueError, match="a solution is text"):
        interplay.score(problem, None)


def test_a_stream_yields_its_problems():
    stream = Stream(world=World(), mixture=Mixture.uniform([3, 4]), seed=2)
    assert list(itertools.islice(stream, 3)) == [stream[0], stream[1], stream[2]]
    assert Stream.model_validate(stream.model_dump()) == stream
    assert Stream.model_validate_json(stream.model_dump_json()) == stream
    assert dict(stream) == {name: getattr(stream, name) for name in Stream.model_fields}


def test_a_library_that_is_missing_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ValueError, match=r"pandas is not installed: pip install 'interplay\[report\]'"):
        ROWS.to_pandas()
    for call in (
        lambda: interplay.sample("x", ROWS),
        lambda: interplay.evaluate("x", ROWS),
        lambda: interplay.run("x"),
    ):
        with pytest.raises(ValueError, match=r"torch is not installed: pip install 'interplay\[train\]'"):
            call()
