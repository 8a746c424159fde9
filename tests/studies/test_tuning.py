"""Tuning: every method as wide as the others, never on what is reported, and presets that name the row they come from."""

import json
from collections import Counter
from pathlib import Path

import pytest

from interplay.report.markdown import escaped
from interplay.report.tuning import Tried, best, build_tuning
from interplay.rl.config import RLConfig
from interplay.stages.kinds import RLStage
from interplay.studies.catalogue import make_study
from interplay.studies.catalogue.tuning import rate_of, row_name
from interplay.studies.scales import SCALES
from interplay.studies.study import Study
from interplay.train.runtime import Runtime


def study(tmp_path: Path, **changes: str):
    return make_study("tuning", "micro", changes, tmp_path, Runtime(threads=1))


def test_methods_are_searched_equally_wide_on_val_and_on_seeds_of_their_own(tmp_path: Path) -> None:
    made = study(tmp_path)
    assert made.settings.seeds == (100, 101)
    assert {arm.evaluation.config.split for arm in made.arms} == {"val"}
    tried = Counter(arm.factors.get("method", "base") for arm in made.arms)
    assert tried == {"base": 2, "rl": 30, "self_train": 30, "gold": 30}
    rates = {arm.checkpoint.config.optimizer.lr for arm in made.arms if isinstance(arm.checkpoint, RLStage)}
    assert max(rates) / min(rates) == 16
    for asked, lowest in (("3,100", 3), ("0", 0)):
        with pytest.raises(ValueError, match=f"seeds from 100 on, which no study reports; got {lowest}"):
            study(tmp_path, seeds=asked)


def reported_config(reported: Study, arm: str) -> RLConfig:
    checkpoint = next(a for a in reported.arms if a.name == arm).checkpoint
    assert isinstance(checkpoint, RLStage)
    return checkpoint.config


def test_self_training_asks_what_rl_asks_and_replay_more_of_it(tmp_path: Path) -> None:
    reported = make_study("extrapolation", "micro", {"seeds": "0"}, tmp_path, Runtime(threads=1))
    rl, plain, replay = (reported_config(reported, arm) for arm in ("rl_edge", "self_train", "self_train_replay"))
    assert plain.pool == rl.pool  # the same problems
    assert (plain.prompts, plain.steps) == (rl.prompts, rl.steps)
    assert replay.prompts * (1 - reported.settings.extrapolation.replay_share) == rl.prompts  # as many of them
    assert (plain.group, replay.group) == (23, 15)


def test_the_usual_rate_is_the_arm_that_extrapolation_reports(tmp_path: Path) -> None:
    """At the scale's rates and steps tuning trains what the study trains, but for the seed."""
    tuned = study(tmp_path, **{"tuning.factors": "1", "tuning.lengths": "1", "seeds": "100"})
    reported = make_study("extrapolation", "micro", {"seeds": "100"}, tmp_path, Runtime(threads=1))
    checkpoints = {arm.name: arm.checkpoint.address for arm in reported.arms}
    chosen = tuned.settings
    for method, arm in (("rl", "rl_edge"), ("self_train", "self_train"), ("gold", "gold")):
        name = row_name(method, rate_of(chosen, method), chosen.rl.steps)
        tried = next(a for a in tuned.arms if a.name == name).checkpoint
        if method == "self_train":  # which there has more samples of a problem, to cost what RL was measured to cost
            assert tried.config.model_copy(update={"group": 23}) == reported_config(reported, arm)
        else:
            assert tried.address == checkpoints[arm]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seeds": ""}, "seeds: .*at least one is needed"),
        ({"tuning.methods": ""}, "tuning.methods: .*at least one is needed"),
        ({"tuning.factors": ""}, "tuning.factors: .*at least one is needed"),
        ({"tuning.lengths": ""}, "tuning.lengths: .*at least one is needed"),
        ({"tuning.factors": "1,1.00001"}, "tuning.factors 1.0 and 1.00001 give rl the same learning rate, 0.0001: "),
    ],
)
def test_a_search_of_nothing_or_of_one_rate_twice_is_refused(
    tmp_path: Path, changes: dict[str, str], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        study(tmp_path, **changes)


def test_the_best_row_is_decided_by_a_rule() -> None:
    """Of rows within .005 of the highest mean the lower rate, then fewer steps."""
    rows = [
        Tried("a", "rl", 2e-4, 50, 0.34, (0.3,), 0.5, 0.9),
        Tried("e", "rl", 4e-4, 50, 0.314, (0.3,), 0.604, 0.9),  # better by less than can be told: the lower rate it is
        Tried("f", "rl", 5e-5, 50, 0.30, (0.3,), 0.598, 0.9),  # lower still, and .006 behind the best
        Tried("b", "rl", 1e-4, 100, 0.31, (0.3,), 0.6, 0.1),
        Tried("c", "rl", 1e-4, 50, 0.31, (0.3,), 0.6, 0.1),
        Tried("d", "gold", 1e-4, 50, 0.10, (0.1,), 0.1, 0.1),
    ]
    assert {method: row.name for method, row in best(rows).items()} == {"rl": "c", "gold": "d"}


@pytest.mark.parametrize("scale", SCALES)
def test_a_preset_that_names_a_row_has_its_rate_and_steps(scale: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "tuning.md"
    for method, row in SCALES[scale].tuned.model_dump().items():
        if row:
            assert row == row_name(method, rate_of(SCALES[scale], method), SCALES[scale].rl.steps)
            assert f"| best | {escaped(row)} |" in page.read_text()


@pytest.mark.slow
def test_a_small_search_ends_in_its_page(tmp_path: Path) -> None:
    from interplay.run_study import run_study

    small = {
        "pretrain.tokens": "8192", "rl.steps": "1", "rl.prompts": "2", "rl.group": "2", "problems": "4", "samples": "2",
        "ks": "1,2", "tokenizer.documents": "100", "sampling.max_new_tokens": "16", "rl.sampling.max_new_tokens": "16",
        "model.layers": "1", "model.hidden": "32", "model.ffn": "32", "tuning.factors": "1,2", "tuning.lengths": "1",
        "sample_tokens": "600",
    }  # fmt: skip
    folder = run_study(study(tmp_path, **small), tmp_path, "interplay run tuning").folder
    text = build_tuning([folder], tmp_path / "tuning.md").read_text()
    assert text.count("| best |") == 3
    assert "Seeds 100, 101" in text
    assert json.loads((folder / "claims.json").read_text()) == []
