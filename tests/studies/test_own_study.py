"""A study of one's own is a Python file: the example runs to its records, and what is wrong with a file is one clear line."""

import csv
import json
from pathlib import Path

import pytest

from interplay.report.page import build_report
from interplay.run_study import run_study, study_folder
from interplay.studies.catalogue import STUDIES, make_study
from interplay.train.runtime import Runtime

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "group_size.py")
TINY = {
    "pretrain.tokens": "8192",
    "pretrain.curve_points": "2",
    "pretrain.curve_problems": "2",
    "rl.steps": "1",
    "problems": "4",
    "samples": "2",
    "ks": "1,2",
    "tokenizer.documents": "100",
    "sampling.max_new_tokens": "16",
    "rl.sampling.max_new_tokens": "16",
    "model.layers": "1",
    "model.hidden": "32",
    "model.ffn": "32",
}


def make(name, store, overrides=None):
    return make_study(str(name), "micro", overrides or TINY, store, Runtime(threads=1))


def test_the_example_runs_to_its_records(tmp_path):
    outcome = run_study(make(EXAMPLE, tmp_path), tmp_path, "interplay run")
    with (outcome.folder / "effects.csv").open() as file:
        assert {row["treatment"] for row in csv.DictReader(file)} == {"g4", "g16"}
    (claim,) = json.loads((outcome.folder / "claims.json").read_text())
    assert claim["verdict"] == "not tested"  # a model that solves nothing has nothing to reinforce
    assert "RL took no gradient" in claim["note"]


def test_it_shares_its_base_with_the_built_in_studies(tmp_path):
    mine = {s.address for s in make(EXAMPLE, tmp_path).stages}
    theirs = {s.address for s in make("extrapolation", tmp_path).stages}
    assert {address.split("/")[0] for address in mine & theirs} == {"tokenizer", "pretrain", "rl", "evaluate"}


BODY = """
from interplay.studies.recipe import Recipe, pairs
from interplay.studies.study import Claim, Study
def study(settings, place):
    recipe = Recipe(settings, place)
    arm = recipe.arm("base", "Base", "", {seed}, recipe.base(0), start="{start}")
    return Study("mine", "", "", settings, ({arms}), pairs([("{treatment}", "base", "")], ["{regime}"], settings.ks), {claims})
"""
RIGHT = {"seed": "0", "start": "", "arms": "arm,", "treatment": "base", "regime": "id", "claims": "()"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such study file"),
        ("def study(:", "line 1"),
        ("studies = 1", "defines no function study"),
        ("def study(settings, place): return 3", "must return a Study, it returned int"),
        (BODY.format(**RIGHT | {"arms": ""}), "there are no arms"),
        (BODY.format(**RIGHT | {"seed": "7"}), "has seeds"),
        (BODY.format(**RIGHT | {"start": "nobody"}), "no arm 'nobody' to start from"),
        (BODY.format(**RIGHT | {"treatment": "nobody"}), "names an arm 'nobody'"),
        (BODY.format(**RIGHT | {"regime": "nowhere"}), "names a regime 'nowhere'"),
        (BODY.format(**RIGHT | {"claims": "(Claim('', 'nothing'),)"}), "names a contrast 'nothing'"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(text, message, tmp_path):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=message):
        make(path, tmp_path)


def test_a_right_file_passes(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(BODY.format(**RIGHT))
    assert make(path, tmp_path).name == "mine"


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_every_built_in_study_fits_together(name, tmp_path):
    assert make(name, tmp_path).arms


def test_a_study_of_one_arm_compares_nothing_and_says_so(tmp_path):
    outcome = run_study(make(Path(EXAMPLE).with_name("onset.py"), tmp_path), tmp_path, "interplay run")
    assert json.loads((outcome.folder / "study.json").read_text())["detectable"] is None
    assert build_report(outcome.folder).exists()


def test_some_arms_of_a_study_keep_what_can_be_said_of_them(tmp_path):
    whole = make("process_reward", tmp_path)
    part = whole.only(["base", "outcome", "strict"])
    part.check()
    assert {arm.name for arm in part.arms} == {"base", "outcome", "strict"}
    assert {claim.contrast for claim in part.claims} == {"strict-outcome-edge-1", "strict-outcome-edge-hacked"}
    assert study_folder(part, tmp_path) != study_folder(whole, tmp_path)
    with pytest.raises(ValueError, match="has no arm 'nobody'; the arms are base, outcome"):
        whole.only(["nobody"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nope_module\n", "line 1: ModuleNotFoundError: No module named 'nope_module'"),
        ("def study(settings):\n    pass\n", "must define study"),
        ("def study(settings, place):\n    return {}['egde']\n", "line 2: KeyError: 'egde'"),
        ("def study(settings, place):\n    return settings.nope\n", "line 2: AttributeError"),
        ("raise SystemExit(0)\n", "line 1: it ends the process"),
        ("def study(:\n", "line 1: "),
    ],
)
def test_a_study_file_that_fails_is_one_line_with_its_place(tmp_path, text, message):
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"mine\.py") as refused:
        make(file, tmp_path)
    assert message in str(refused.value)
