"""A context of one's own: 1 it works to the report and the explorer; 2 its words travel, its file may go; 3 a file named like a
built-in context is another context; 4 an edited word moves every address, the place and the name of the file none."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from interplay.data.mixture import Cell
from interplay.data.stats import shortfalls
from interplay.data.vocabulary import context_of
from interplay.report.page import build_report
from interplay.run_study import run_study, study_folder
from interplay.studies.catalogue import make_study
from interplay.studies.recipe import Recipe
from interplay.studies.scales import settings
from interplay.studies.study import Workplace
from interplay.train.job import Job
from interplay.train.runtime import Runtime
from interplay.world.problem import to_row

KITCHEN = Path(__file__).parents[1] / "data" / "kitchen_of_my_own.toml"
TINY = {
    "pretrain.tokens": "4096", "pretrain.curve_points": "2", "pretrain.curve_problems": "2", "rl.steps": "1",
    "rl.prompts": "2", "rl.group": "2", "problems": "4", "samples": "2", "ks": "1,2", "tokenizer.documents": "60",
    "sampling.max_new_tokens": "16", "rl.sampling.max_new_tokens": "16", "model.layers": "1", "model.hidden": "32",
    "model.ffn": "32",
}  # fmt: skip


def quickstart(contexts, store="store"):
    return make_study("quickstart", "micro", TINY | {"contexts": contexts}, Path(store), Runtime(threads=1))


def addresses(contexts):
    return [stage.address for stage in quickstart(contexts).stages]


def test_it_works_to_the_report_and_needs_its_file_no_more(tmp_path, monkeypatch):
    own = shutil.copy(KITCHEN, tmp_path / "school.toml")
    monkeypatch.chdir(tmp_path)
    study = quickstart("school,school.toml", tmp_path / "store").only(["base", "base_rl"])
    own.unlink()
    outcome = run_study(study, tmp_path / "store", "interplay run quickstart")
    name = str(Cell(op=2, context=str(KITCHEN)).context)
    assert name.startswith("utensils-")
    record = json.loads((outcome.folder / "study.json").read_text())
    assert record["contexts"] == ["school", name]
    assert record["settings"]["contexts"] == ["school", {"words": name}]
    assert str(tmp_path) not in (outcome.folder / "study.json").read_text()
    asked = pq.read_table(next((tmp_path / "store").glob("evaluate*/*/problems.parquet")))
    assert set(asked["context"].to_pylist()) == {"school", name}
    assert name in build_report(outcome.folder).read_text()
    assert (outcome.folder / "explorer.html").is_file()
    assert name in pq.read_table(outcome.folder / "problems.parquet")["context"].to_pylist()


def test_its_rows_are_measured_under_its_own_name():
    cell = Cell(op=2, context=str(KITCHEN))
    stream = Recipe(settings("micro", {"contexts": f"zoo,{KITCHEN}"}), Workplace("", {})).tokenizer_config.stream
    (found,) = shortfalls([to_row(stream.draw(cell, 0))] * 2)
    assert (found.context, found.rows, found.distinct) == (str(cell.context), 2, 1)


def test_the_place_and_the_name_of_the_file_move_no_address(tmp_path, monkeypatch):
    shutil.copy(KITCHEN, tmp_path / "school.toml")
    monkeypatch.chdir(tmp_path)
    relative, absolute, there = (
        addresses(f"zoo,{path}") for path in ("school.toml", tmp_path / "school.toml", KITCHEN)
    )
    assert relative == absolute == there
    here, elsewhere = quickstart(f"zoo,{KITCHEN}"), quickstart("zoo,school.toml")
    assert study_folder(here, tmp_path) == study_folder(elsewhere, tmp_path)


def test_a_file_named_like_a_built_in_context_is_another_one(tmp_path):
    shutil.copy(KITCHEN, tmp_path / "school.toml")
    assert not set(addresses("zoo,school")) & set(addresses(f"zoo,{tmp_path / 'school.toml'}"))


def test_two_files_of_one_name_in_one_study_are_two_contexts_to_the_tokenizer_and_the_rows(tmp_path):
    for folder, word in (("mine", "kettle"), ("yours", "samovar")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / KITCHEN.name).write_text(KITCHEN.read_text().replace("kettle", word))
    both = [tmp_path / folder / KITCHEN.name for folder in ("mine", "yours")]
    made = settings("micro", {"contexts": ",".join(map(str, both))})
    stream = Recipe(made, Workplace("", {})).tokenizer_config.stream
    names = {problem.context for problem in stream.first(200)}
    assert {str(context) for context in made.contexts} == names - {"school"}, "which another study asks in"
    assert len(names) == 3
    words = {word: {p.context for p in stream.first(400) if word in p.text} for word in ("kettle", "samovar")}
    assert [len(contexts) for contexts in words.values()] == [1, 1]
    assert words["kettle"] != words["samovar"]
    with pytest.raises(ValueError, match=r"contexts: .*stands twice"):
        settings("micro", {"contexts": f"{KITCHEN},{both[0]}"})


def test_an_edited_word_moves_every_address(tmp_path):
    edited = tmp_path / KITCHEN.name
    edited.write_text(KITCHEN.read_text())
    before = addresses(f"zoo,{edited}")
    edited.write_text(KITCHEN.read_text().replace("kettle", "samovar"))
    assert not set(before) & set(addresses(f"zoo,{edited}"))


def test_a_config_on_paper_holds_the_words(tmp_path):
    shutil.copy(KITCHEN, tmp_path / "mine.toml")
    base = Recipe(settings("micro", {"contexts": f"zoo,{tmp_path / 'mine.toml'}"}), Workplace("", {})).base(0)
    text = Job(config=base.config, model=base.model, tokenizer=base.tokenizer.config).model_dump_json()
    (tmp_path / "mine.toml").unlink()
    again = Job.model_validate_json(text).config
    assert again == base.config
    assert again.stream[3] == base.config.stream[3]
    assert "mine" not in text


@pytest.mark.parametrize(
    ("contexts", "message"),
    [
        ("zoo,nowhere.toml", "nowhere.toml: cannot be read as a context"),
        ("zoo,zooo", "unknown context 'zooo'; there are"),
    ],
)
def test_what_is_no_context_is_named(contexts, message):
    with pytest.raises(ValueError, match=message):
        quickstart(contexts)


def test_words_that_cannot_be_told_are_refused_on_paper_too():
    words = Cell(op=2, context=str(KITCHEN)).model_dump(mode="json")
    words["context"]["entities"][0] = "sum"
    with pytest.raises(ValueError, match="is a word of the text format"):
        Cell.model_validate(words)
    assert context_of(Cell(op=2, context=str(KITCHEN)).context).digest
