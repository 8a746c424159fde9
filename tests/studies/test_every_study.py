"""Every built-in study, at tiny settings, from nothing to its report; stages that two studies need are computed once."""

import csv
import json

import pytest
from markupsafe import escape

from interplay.report.page import build_report
from interplay.run_study import run_study
from interplay.studies.catalogue import STUDIES, make_study
from interplay.train.runtime import Runtime
from tiny_settings import TINY

EVERY = TINY | {
    "pretrain.curve_points": "2",
    "pretrain.curve_problems": "2",
    "midtraining.budgets": "4096,8192",
    "sample_tokens": "600",
    "extrapolation.filter_candidates": "4",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


def run(name, store):
    study = make_study(name, "micro", EVERY, store, Runtime(threads=1))
    return study, run_study(study, store, f"interplay run {name}")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in STUDIES if name not in ("extrapolation", "tuning")])
def test_it_runs_to_its_report(name, store):
    study, outcome = run(name, store)  # tuning has as many arms as all others together: tests/studies/test_tuning.py
    with (outcome.folder / "effects.csv").open() as file:
        assert {row["name"] for row in csv.DictReader(file)} == {contrast.name for contrast in study.contrasts}
    claims = json.loads((outcome.folder / "claims.json").read_text())
    assert len(claims) == len(study.claims)
    assert escape(study.title) in build_report(outcome.folder).read_text()


@pytest.mark.slow
def test_verifier_trains_nothing_once_the_reward_study_is_there(store):
    run("process_reward", store)
    assert run("verifier", store)[1].run_stages == []


@pytest.mark.slow
def test_a_filter_that_finds_nothing_is_one_clear_line(store):
    """A tiny model solves nothing, so no problem is on its edge."""
    with pytest.raises(ValueError, match="no problem of 4 is on the edge"):
        run("extrapolation", store)
