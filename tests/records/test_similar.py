"""similarity.csv: of problems in another context, how many asked and how many solved, by their likeness to what was served."""

import csv
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from interplay.data.similarity import similarity
from interplay.evals.evaluation import read_problems
from interplay.records.evaluated import Evaluated
from interplay.records.similar import range_of, served_graphs, similarity_rows
from interplay.report.page import build_report
from interplay.report.records import read_records
from interplay.report.slim import slim
from interplay.run_study import merge_seeds, run_study
from interplay.studies.catalogue import make_study
from interplay.train.runtime import Runtime
from interplay.world.graph import from_dict

TINY = {
    "pretrain.tokens": "8192", "pretrain.curve_points": "2", "pretrain.curve_problems": "2", "rl.steps": "1",
    "rl.prompts": "2", "rl.group": "2", "problems": "6", "samples": "2", "ks": "1,2", "tokenizer.documents": "100",
    "sampling.max_new_tokens": "16", "rl.sampling.max_new_tokens": "16", "model.layers": "1", "model.hidden": "32",
    "model.ffn": "32", "seeds": "0",
}  # fmt: skip
ARMS = ("b_10", "b_10_rl")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The study of two arms, and the folder of its records."""
    store = tmp_path_factory.mktemp("store")
    study = make_study("contextual", "micro", TINY, store, Runtime(threads=1)).only(ARMS)
    return study, run_study(study, store, "interplay run contextual").folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_study_that_asks_it_has_the_table_and_the_figure(ran, tmp_path) -> None:
    folder = ran[1]
    rows = rows_of(folder / "similarity.csv")
    assert {row["regime"] for row in rows} == {"B shown", "B beyond"}  # A itself is not laid beside A
    for arm in ARMS:
        for regime in ("B shown", "B beyond"):
            assert sum(int(row["asked"]) for row in rows if (row["arm"], row["regime"]) == (arm, regime)) == 6
    assert {row["served_context"] for row in rows} == {"zoo"}
    assert {row["op_range"] for row in rows} == {"id", "edge"}
    assert "Copies or new structures" in build_report(folder, tmp_path).read_text()
    before = read_records(folder).similarity
    assert read_records(slim(folder, tmp_path / "small")).similarity == before


def test_the_served_graphs_are_of_that_context_and_a_sample_of_a_size(ran) -> None:
    base = ran[0].arms[0].checkpoint
    every = served_graphs(base, "zoo")
    assert 0 < len(every) < 1000  # a tiny training served fewer
    assert served_graphs(base, "zoo", 5) == every[:5]
    assert len(served_graphs(base, "school")) < len(every)


def test_solved_problems_are_counted_where_they_are_nearest(ran) -> None:
    """By hand: of each problem of B its nearest graph, the tenth that it falls into, and whether any sample was right."""
    study = ran[0]
    found = [Evaluated(arm) for arm in study.arms]
    problems = read_problems(found[0].folder).to_pylist()
    right = np.arange(len(problems)) % 3
    some = SimpleNamespace(arm=found[0].arm, folder=found[0].folder, counts={"strict": SimpleNamespace(c=right)})
    served = served_graphs(study.arms[0].checkpoint, "zoo")
    rows = list(similarity_rows(study, [some]))
    wanted: dict[tuple[str, int, float], list[int]] = {}
    for number, row in enumerate(problems):
        if row["context"] == "school":
            graph = from_dict(json.loads(row["graph"]))
            nearest = max(similarity(graph, other) for other in served)
            cell = wanted.setdefault((row["regime"], row["op"], int(10 * nearest + 1e-9) / 10), [0, 0])
            cell[0] += 1
            cell[1] += int(right[number] > 0)
    assert {(row["regime"], row["op"], row["similarity"]): [row["asked"], row["solved"]] for row in rows} == wanted
    assert 0 < sum(solved for _, solved in wanted.values()) < sum(asked for asked, _ in wanted.values())
    assert {row["served"] for row in rows} == {len(served)}


def test_seeds_kept_before_there_was_such_a_table_still_open(ran, tmp_path) -> None:
    folder = ran[1]
    old = tmp_path / "seed-0"
    shutil.copytree(folder / "seeds" / "seed-0", old)
    assert (old / "similarity.csv").exists()
    (old / "similarity.csv").unlink()
    merge_seeds([old], tmp_path / "merged", "", "c")
    assert not (tmp_path / "merged" / "similarity.csv").exists()
    assert "Copies or new structures" not in build_report(tmp_path / "merged").read_text()


def test_other_studies_have_no_such_table_and_an_unknown_context_is_named(ran, tmp_path) -> None:
    study = ran[0]
    assert list(similarity_rows(study._replace(beside=""), [])) == []
    with pytest.raises(ValueError, match="no pre-training has the context 'mars'"):
        study._replace(beside="mars").check()
    assert [range_of(study.settings, op) for op in (1, 5, 8, 30)] == ["id", "edge", "hard", ""]
