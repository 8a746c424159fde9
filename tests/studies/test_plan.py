"""Plans: 1 a stage that would run says why, by the fields that differ from the nearest one; 2 its cost follows the rates
in the store, and says so when it assumes one; 3 nothing is written."""

import json

import pytest

from interplay.model.sizes import parameter_count
from interplay.stages.cost import assumed, estimate
from interplay.stages.rates import Known, quantity, rate_of
from interplay.stages.room import Room
from interplay.stages.store import entries
from interplay.stages.workload import work
from interplay.studies.catalogue import make_study
from interplay.studies.plan import plan_lines, planned, total, why
from interplay.train.runtime import Runtime

RUNTIME = Runtime(threads=1)
WALL_S = 100.0


def study(store, **changes):
    return make_study("quickstart", "micro", {key: str(value) for key, value in changes.items()}, store, RUNTIME)


def identities(chosen):
    return {stage.label: json.loads(json.dumps(stage.identity())) for stage in chosen.stages}


def pretend(store, **changes):
    """A store in which every stage of a study is done, each in 100 s."""
    for stage in study(store, **changes).stages:
        summary = {"wall_s": WALL_S}
        if stage.kind in ("pretrain", "midtrain"):
            summary |= {"tokens": stage.config.tokens, "flops": 6e12, "steps": 10, "resumed_at_step": 5}
        (stage.folder / "stage.json").write_text(json.dumps(stage.identity()))
        (stage.folder / "summary.json").write_text(json.dumps(summary))
    return entries(store)


def labelled(chosen, beginning):
    return next(found for label, found in identities(chosen).items() if label.startswith(beginning))


def test_an_empty_store_is_planned_by_what_is_assumed_and_stays_empty(tmp_path):
    lines = plan_lines(study(tmp_path), tmp_path)
    assert all("none of its kind in the store" in line and "assumed" in line for line in lines[1:-1])
    assert "to run: 9 of 9 stages, at most" in lines[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_changed_field_is_named_where_it_was_changed(tmp_path):
    there = pretend(tmp_path)
    changed = study(tmp_path, **{"train.optimizer.lr": 0.01})
    base, tokenizer = labelled(changed, "pre-training"), labelled(changed, "tokenizer")
    assert why(base, there).endswith("which differs in config.optimizer.lr: 0.0027 -> 0.01")
    assert "start.config.optimizer.lr: 0.0027 -> 0.01" in why(labelled(changed, "RL of base"), there)
    assert "it is taken as it is" in why(tokenizer, there)


def test_the_nearest_stage_shares_its_parents_kinds(tmp_path):
    there = pretend(tmp_path)
    reason = why(labelled(study(tmp_path, seeds="1"), "evaluation of base 1"), there)
    assert "checkpoint.seed: 0 -> 1" in reason
    assert "kind" not in reason


def test_costs_follow_the_rates_of_the_store(tmp_path):
    there = {entry.label or entry.address: entry for entry in pretend(tmp_path)}
    base = next(entry for entry in there.values() if entry.kind == "pretrain")
    tokens = work(base.identity)[0]
    assert rate_of(base) == pytest.approx(tokens / 2 / WALL_S)  # half of it was done before
    twice = study(tmp_path, **{"pretrain.tokens": 2 * tokens}, seeds="1")
    cost = estimate(labelled(twice, "pre-training"), Known(list(there.values())), RUNTIME)
    assert cost.hours * 3600 == pytest.approx(4 * WALL_S)
    assert cost.flops == pytest.approx(1.2e13)
    assert cost.basis.endswith(f"tokens/s as in {base.address}")
    other_size = study(tmp_path, **{"model.layers": 2})
    assert "assumed" in estimate(labelled(other_size, "pre-training"), Known(list(there.values())), RUNTIME).basis


@pytest.mark.parametrize(
    ("tiny", "kind"),
    [({"pretrain.tokens": 8192}, "pre-training"), ({"rl.steps": 2}, "RL of base"), ({"problems": 4}, "evaluation of base 0"),
     ({"sampling.max_new_tokens": 16}, "evaluation of base 0"), ({"tokenizer.documents": 100}, "tokenizer")],
)  # fmt: skip
def test_a_tiny_run_gives_no_rate(tmp_path, tiny, kind):
    there = [entry for entry in pretend(tmp_path, **tiny) if entry.kind != "midtrain"]
    asked = labelled(study(tmp_path), kind)
    cost = estimate(asked, Known(there), RUNTIME)
    assert cost.hours == assumed(asked, RUNTIME).hours
    assert cost.basis.startswith("assumed")
    assert "in the store too unlike to give a rate" in cost.basis


def test_what_is_assumed_is_a_bound_for_samples_and_nominal_for_tokens(tmp_path):
    chosen = study(tmp_path)
    base, rl = (assumed(labelled(chosen, name), RUNTIME) for name in ("pre-training", "RL of base"))
    settings = chosen.settings
    assert base.flops == 6 * parameter_count(settings.model, settings.tokenizer.vocab_size) * base.tokens
    assert rl.at_most
    asked = settings.rl
    assert rl.tokens == asked.steps * asked.prompts * asked.group * asked.sampling.max_new_tokens


def test_arms_side_by_side_take_as_long_as_the_longest_chain(tmp_path):
    chosen = study(tmp_path, seeds="0,1,2,3")
    stages = chosen.stages
    unit = assumed(labelled(chosen, "pre-training"), RUNTIME)._replace(hours=1.0)
    costs = {stage.address: unit for stage in stages}
    assert planned(stages, costs, Room(1)).hours == len(stages)
    assert planned(stages, costs, Room(64)).hours == 5  # tokenizer, pre-training, mid-training, RL, evaluation
    assert planned(stages, {stages[-1].address: unit}, Room(4)).hours == 1
    assert "side by side" in total(stages, costs, Room(4))


@pytest.mark.parametrize(("number", "text"), [(12, "12"), (1300000, "1.3M"), (2.5e10, "25B"), (999, "999")])
def test_quantities_are_short(number, text):
    assert quantity(number) == text
