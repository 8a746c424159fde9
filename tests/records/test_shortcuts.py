"""worlds.csv: what the problems can be had for without reasoning, against the slow obvious way; seeds with and without it."""

import csv
import json
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from interplay.data.guessers import guesses
from interplay.data.novelty import copies
from interplay.data.served import graphs_served
from interplay.evals.evaluation import read_problems
from interplay.records.evaluated import Evaluated
from interplay.records.merge import gathered
from interplay.records.worlds import items_of, world_rows
from interplay.report.markdown import build_markdown
from interplay.report.page import build_report
from interplay.report.records import read_records
from interplay.report.slim import slim
from interplay.run_study import merge_seeds, run_study
from interplay.studies.catalogue import make_study
from interplay.train.runtime import Runtime
from interplay.world.digest import digest
from interplay.world.graph import from_dict

TINY = {
    "pretrain.tokens": "8192", "pretrain.curve_points": "2", "pretrain.curve_problems": "2", "rl.steps": "1",
    "rl.prompts": "2", "rl.group": "2", "problems": "12", "samples": "2", "ks": "1,2", "tokenizer.documents": "100",
    "sampling.max_new_tokens": "16", "rl.sampling.max_new_tokens": "16", "model.layers": "1", "model.hidden": "32",
    "model.ffn": "32", "modes": "forward,reverse", "id_ops": "2,3,4",
}  # fmt: skip
HEADING = "Shortcut baselines"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A study of two seeds, and the folder of its records."""
    store = tmp_path_factory.mktemp("store")
    study = make_study("noise", "micro", TINY | {"seeds": "0,1"}, store, Runtime(threads=1)).of_seeds((0, 1))
    return study, run_study(study, store, "interplay run noise").folder


def without(seed: Path, target: Path) -> Path:
    """The seed as it was kept before there was the table."""
    return Path(shutil.copytree(seed, target, ignore=shutil.ignore_patterns("worlds.csv")))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_rows_are_what_every_served_document_made_in_full_says(ran) -> None:
    study = ran[0].of_seeds([0])
    base = study.arms[0].checkpoint
    cells, served = defaultdict(list), defaultdict(list)
    for row in read_problems(Evaluated(study.arms[0]).folder).to_pylist():
        cells[row["regime"], row["op"], row["mode"]].append(row)
    for item in items_of(base):
        problem = base.config.stream[item]
        served[problem.op, problem.mode].append(digest(problem.graph, "structure"))
    found = list(world_rows([Evaluated(arm) for arm in study.arms]))
    assert {row["mode"] for row in found} == {"forward", "reverse"}
    assert len(found) == len(cells)
    for row in found:
        asked = cells[row["regime"], row["op"], row["mode"]]
        graphs = [from_dict(json.loads(one["graph"])) for one in asked]
        structures = [digest(graph, "structure") for graph in graphs]
        known = served[row["op"], row["mode"]]
        (guessed,) = guesses(asked)
        assert (row["arm"], row["seed"], row["problems"]) == (study.arms[0].name, 0, len(asked))
        assert (row["guesser"], row["guessed"]) == (guessed.best[0], round(guessed.best[1], 6))
        assert row["looked_at"] == len(known)
        assert row["served"] == pytest.approx(sum(one in known for one in structures) / len(asked), abs=1e-6)
        assert row["structures"] == len(set(structures))
        assert row["shapes"] == len({digest(graph, "shape") for graph in graphs})
        copied, steps = (sum(column) for column in zip(*map(copies, graphs), strict=True))
        assert row["copies"] == pytest.approx(copied / steps, abs=1e-6)
    assert any(row["served"] for row in found)


def test_only_the_ops_and_modes_asked_for_are_made_and_no_more_than_asked_for(ran) -> None:
    base = ran[0].arms[0].checkpoint
    items = list(items_of(base))
    some = graphs_served(base.config.stream, items, {(1, "forward"), (2, "reverse"), (30, "forward")}, 3)
    slow = [base.config.stream[item] for item in items]
    for op, mode in some:
        wanted = [problem.graph for problem in slow if (problem.op, problem.mode) == (op, mode)]
        assert some[op, mode] == wanted[:3]
    assert some[30, "forward"] == []


def test_the_table_is_on_both_pages_and_stays_in_small_records(ran, tmp_path: Path) -> None:
    folder = ran[1]
    rows = rows_of(folder / "worlds.csv")
    assert {row["seed"] for row in rows} == {"0", "1"}
    assert len({(row["regime"], row["op"], row["mode"]) for row in rows}) == len(rows) / 2
    assert "What can be had without reasoning" in build_report(folder, tmp_path).read_text()
    text = build_markdown(folder, tmp_path / "page.md").read_text()
    assert f"## {HEADING}" in text
    assert f"| {rows[0]['regime']} | {rows[0]['op']} | {rows[0]['mode']} |" in text
    assert read_records(slim(folder, tmp_path / "small")).worlds == read_records(folder).worlds


def test_seeds_with_and_without_the_table_are_put_together(ran, tmp_path: Path) -> None:
    first, second = (ran[1] / "seeds" / f"seed-{seed}" for seed in (0, 1))
    old = without(first, tmp_path / "old" / "seed-0")
    merge_seeds([old, second], tmp_path / "mixed", "", "c")
    assert {row["seed"] for row in rows_of(tmp_path / "mixed" / "worlds.csv")} == {"1"}
    assert "mean over 1 seed" in build_report(tmp_path / "mixed").read_text()
    for order in ([old, first], [first, old]):  # one seed twice: the older folder lacks a table and says nothing else
        assert gathered(order) == {0: first}
    merge_seeds([old, without(second, tmp_path / "old" / "seed-1")], tmp_path / "before", "", "c")
    assert not (tmp_path / "before" / "worlds.csv").exists()
    assert "What can be had without reasoning" not in build_report(tmp_path / "before").read_text()
    assert f"## {HEADING}" not in build_markdown(tmp_path / "before", tmp_path / "before.md").read_text()


def test_a_table_that_says_something_else_is_still_another_seed(ran, tmp_path: Path) -> None:
    first = ran[1] / "seeds" / "seed-0"
    other = Path(shutil.copytree(first, tmp_path / "seed-0"))
    (other / "worlds.csv").write_text((first / "worlds.csv").read_text().replace("forward", "reverse"))
    with pytest.raises(ValueError, match=r"not the same: .*worlds\.csv"):
        gathered([first, other])
