"""The explorer's record: the same problems under every arm, steps as verify() gives them, the same bytes each time."""

import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "report"))

import synthetic_samples as synthetic

from interplay.records.explored import choose, write_explored
from interplay.records.explored_steps import claims, spell
from interplay.world.graph import Linear
from interplay.world.problem import make
from interplay.world.randomness import stream
from interplay.world.sample import Spec
from interplay.world.verify import Reference, verify

SEEDS, SAMPLES = (0, 1), 4


@pytest.fixture(scope="module")
def asked():
    return synthetic.ask(9)


@pytest.fixture(scope="module")
def members(asked, tmp_path_factory):
    return synthetic.arms(tmp_path_factory.mktemp("evaluations"), asked, SEEDS, SAMPLES)


def written(members, folder, limit=20_000):
    folder.mkdir(exist_ok=True)
    write_explored(members, folder, limit)
    return pq.read_table(folder / "problems.parquet").to_pylist(), pq.read_table(folder / "samples.parquet").to_pylist()


def test_every_sample_is_there_with_the_verdict_and_steps_of_verify(members, asked, tmp_path):
    problems, samples = written(members, tmp_path)
    assert len(samples) == len(members) * len(asked) * SAMPLES
    assert [row["problem_id"] for row in problems] == [problem.id for _, problem in asked]
    references = {p.id: Reference.from_graph(p.graph, p.solution) for _, p in asked}
    assert {row["error"] for row in samples} >= {None, "wrong_value", "missing_node", "truncated", "not_parseable"}
    for row in samples[::7]:
        verdict = verify(references[row["problem_id"]], row["text"], truncated=not row["finished"])
        for name in ("strict", "exact", "paper_v1", "answer_correct", "error", "answer"):
            assert row[name] == getattr(verdict, name)
        assert (row["sound"], row["outcome"]) == (verdict.sound, verdict.outcome)
        judged = [(s["name"], s["start"], s["end"], s["needed"], s["error"]) for s in row["steps"]]
        assert judged == [tuple(step[:5]) for step in verdict.steps]


def test_right_steps_claim_the_parents_and_values_of_the_graph(members, tmp_path):
    problems, samples = written(members, tmp_path)
    known = {row["problem_id"]: row for row in problems}
    graphs = {problem.id: problem.graph for _, problem in synthetic.ask(9)}
    for row in samples:
        graph, values = graphs[row["problem_id"]], dict(known[row["problem_id"]]["values"])
        for step in row["steps"]:
            if step["error"] is None and step["name"] in graph.rules:
                assert set(step["parents"]) == set(graph.rules[step["name"]].operands)
                assert step["value"] == values[step["name"]]


@pytest.mark.parametrize("limit", [8, 50, 100, 215, 431, 432, 700])
def test_a_bound_keeps_the_same_problems_and_samples_under_every_arm(members, tmp_path, limit):
    problems, samples = written(members, tmp_path, limit)
    assert 0 < len(samples) <= limit
    seen = {}
    for row in samples:
        seen.setdefault((row["arm"], row["seed"]), []).append((row["problem_id"], row["sample"]))
    assert len(seen) == len(members)
    assert len({tuple(pairs) for pairs in seen.values()}) == 1
    assert {row["problem_id"] for row in problems} == {row["problem_id"] for row in samples}


def test_a_bound_is_shared_among_the_cells():
    problems = [
        {"problem_id": f"{regime}{n}", "regime": regime, "context": "zoo", "op": 2, "mode": "forward"}
        for regime, size in (("id", 50), ("edge", 50), ("hard", 3))
        for n in range(size)
    ]
    chosen, num_samples = choose(problems, {row["problem_id"]: 8 for row in problems}, 8 * 23)
    assert Counter(row["regime"] for row in chosen) == {"id": 10, "edge": 10, "hard": 3}
    assert num_samples == 1
    with pytest.raises(ValueError, match="a limit of 7 samples has no room"):
        choose(problems, {row["problem_id"]: 8 for row in problems}, 7)


def test_the_same_evaluations_give_the_same_bytes(members, tmp_path):
    for folder in (tmp_path / "a", tmp_path / "b"):
        written(members, folder, 100)
    for name in ("problems.parquet", "samples.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("style", ["terse", "full"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_gold_solution_claims_its_graph(style, mode):
    for number in range(20):
        problem = make(Spec(op=8, mode=mode, distractors=2), "zoo", style, stream("claims", style, mode, number))
        reference = Reference.from_graph(problem.graph, problem.solution)
        found = claims(reference, problem.completion, verify(reference, problem.completion))
        assert found.faulty_from is None
        steps = found.steps if mode == "forward" else found.steps[:-1]
        assert [step.name for step in steps] == [
            name for name in problem.graph.order if name in {s.name for s in steps}
        ]
        for step in steps:
            assert set(step.parents) == set(problem.graph.rules[step.name].operands)
        if mode == "reverse":
            assert found.steps[-1].value == problem.answer
            assert found.steps[-1].parents == (problem.graph.target,)


def test_values_are_spelled_as_people_write_them():
    numbers = [(0, 14), (0, -3), (1, 0), (-1, 0), (3, 4), (-2, -7), (1, 1)]
    assert [spell(Linear(*n)) for n in numbers] == ["14", "-3", "x", "-x", "3x + 4", "-2x - 7", "x + 1"]
