"""Studies: plans cost nothing, addresses hold what changes a result and nothing else, a run is done once."""

import csv
import json

import pytest

from interplay.report.page import build_report
from interplay.run_study import run_study
from interplay.stages.kinds import PretrainStage
from interplay.studies.catalogue import STUDIES, make_study
from interplay.studies.plan import plan_lines
from interplay.studies.recipe import Recipe
from interplay.studies.scales import SCALES, settings
from interplay.studies.study import Workplace
from interplay.train.runtime import Runtime
from tiny_settings import TINY


@pytest.mark.parametrize("scale", sorted(SCALES))
@pytest.mark.parametrize("name", sorted(STUDIES))
def test_every_study_plans_at_every_scale(name, scale, tmp_path):
    study = make_study(name, scale, {}, tmp_path, Runtime(threads=1))
    lines = plan_lines(study)
    assert len(lines) == len(study.stages) + 2
    assert "spread between trainings" in lines[-1]
    contrasts = {contrast.name for contrast in study.contrasts}
    assert all(claim.contrast in contrasts for claim in study.claims)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("world.distractors", "5,2", "op1/zoo/forward cannot be in this world: distractors must be"),
        ("world.depth", "9", "op1/zoo/forward cannot be in this world: depth must be in 1..1 at op 1"),
        ("modes", "reverse", "op1/zoo/reverse cannot be in this world: op must be in 2..60"),
        (
            "midtraining.budgets",
            "20000",
            "0.2 of a budget of 20k tokens is less than half an RL step, which counts as 45.4k",
        ),
        ("hard_ops", "60", "op60/zoo/forward cannot be in this world: no problem fits the spec: op 60 is more than"),
        ("midtraining.rl_shares", "0,0.021,0.0210000001,1", "two arms are named 'rl_2_1_of_1.12M'"),
        ("pretrain.tokens", "10", "a training of 10 tokens is less than one row of 160, train.packing.width"),
    ],
)
def test_what_no_stage_could_do_is_refused_when_the_study_is_made(key, value, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        make_study("midtraining", "micro", {key: value}, tmp_path, Runtime(threads=1))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("contextual", {"contextual.ops": "3"}, r"contextual\.ops 3: at least two"),
        ("extrapolation", {"extrapolation.id_ops": "5,6,7"}, "rl_edge and rl_id are one training"),
        ("extrapolation", {"extrapolation.hard_ops": "5,6,7"}, "rl_edge and rl_hard are one training"),
    ],
)
def test_what_would_say_nothing_is_refused(name, changes, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        make_study(name, "micro", changes, tmp_path, Runtime(threads=1))


@pytest.mark.parametrize(
    ("name", "key", "doses", "claims"),
    [
        ("headroom", "headroom.shares", "0.1", 1),
        ("headroom", "headroom.shares", "0,0.1", 3),
        ("headroom", "headroom.shares", "0,0.1,0.5", 5),
        ("midtraining", "midtraining.rl_shares", "1", 0),
        ("midtraining", "midtraining.rl_shares", "0,1", 0),
        ("midtraining", "midtraining.rl_shares", "0.2,0.8", 0),
        ("midtraining", "midtraining.rl_shares", "0,0.5,1", 3),
        ("contextual", "contextual.exposures", "0", 1),
        ("transfer", "transfer.shares", "0", 2),
        ("transfer", "transfer.shares", "0,0.1", 3),
    ],
)
def test_few_doses_ask_what_they_can_answer_and_compare_no_arm_with_itself(name, key, doses, claims, tmp_path):
    study = make_study(name, "micro", {key: doses, "midtraining.budgets": "1125000"}, tmp_path, Runtime(threads=1))
    assert len(study.claims) == claims
    assert all(contrast.treatment != contrast.control for contrast in study.contrasts)
    assert len({contrast.name for contrast in study.contrasts}) == len(study.contrasts)


def test_runtime_and_store_never_enter_an_address(tmp_path):
    a = make_study("quickstart", "micro", {}, tmp_path / "a", Runtime(threads=1))
    b = make_study("quickstart", "micro", {}, tmp_path / "b", Runtime(threads=2))
    assert [s.address for s in a.stages] == [s.address for s in b.stages]


def test_the_place_of_a_class_in_the_code_never_enters_an_address(tmp_path):
    for stage in make_study("quickstart", "micro", {}, tmp_path, Runtime(threads=1)).stages:
        assert stage.infra.uid().startswith(f"{stage.kind},")
        assert type(stage).__name__ not in stage.infra.uid()
        assert type(stage).__module__ not in stage.infra.uid()


def test_a_changed_setting_moves_what_depends_on_it_and_nothing_else(tmp_path):
    before = [s.address for s in make_study("quickstart", "micro", {}, tmp_path, Runtime(threads=1)).stages]
    after = [
        s.address
        for s in make_study("quickstart", "micro", {"rl.optimizer.lr": "0.5"}, tmp_path, Runtime(threads=1)).stages
    ]
    same = set(before) & set(after)
    kinds = sorted(address.split("/")[0] for address in same)
    assert kinds == ["evaluate", "evaluate", "midtrain", "pretrain", "tokenizer"]


def test_a_raised_version_moves_every_stage_that_starts_there(tmp_path, monkeypatch):
    def addresses():
        return [s.address for s in make_study("quickstart", "micro", {}, tmp_path, Runtime(threads=1)).stages]

    before = addresses()
    default = PretrainStage.model_fields["infra"].default
    monkeypatch.setattr(default, "version", "next")
    after = addresses()
    assert [a.split("/")[0] for a in after] == [a.split("/")[0] for a in before]
    assert [a for a in after if a in before] == [a for a in before if a.startswith("tokenizer/")]
    study = make_study("quickstart", "micro", {}, tmp_path, Runtime(threads=1))
    assert study.arms[0].evaluation.identity()["checkpoint"]["version"] == "next"


def test_an_address_does_not_depend_on_who_else_uses_the_object(tmp_path):
    chosen, place = settings("micro", {}), Workplace(str(tmp_path), {})
    recipe = Recipe(chosen, place)
    base, edge = recipe.base(0), recipe.regimes["edge"]
    shared = recipe.arm("rl", "RL", "", 0, recipe.reinforced(base, edge, 0, "rl")).evaluation.address
    middle = recipe.arm("mid", "Mid", "", 0, recipe.midtrained(base, edge, 4096, 0)).evaluation.address
    apart = recipe.arm("mid", "Mid", "", 0, recipe.midtrained(recipe.base(0), edge, 4096, 0)).evaluation.address
    assert middle == apart != shared


def test_seeds_are_arms_of_their_own_with_one_tokenizer(tmp_path):
    study = make_study("quickstart", "micro", {"seeds": "0,1,2"}, tmp_path, Runtime(threads=1))
    kinds = [s.address.split("/")[0] for s in study.stages]
    assert (kinds.count("tokenizer"), kinds.count("pretrain"), kinds.count("evaluate")) == (1, 3, 12)


def test_a_study_runs_to_its_report_and_a_second_time_does_nothing(tmp_path):
    study = make_study("quickstart", "micro", TINY, tmp_path, Runtime(threads=1))
    first = run_study(study, tmp_path, "interplay run quickstart")
    assert first.cached_stages == []
    assert len(first.run_stages) == 9
    table = (first.folder / "results.csv").read_bytes()
    page = build_report(first.folder).read_text()
    assert "quickstart" in page

    again = run_study(
        make_study("quickstart", "micro", TINY, tmp_path, Runtime(threads=1)), tmp_path, "interplay run quickstart"
    )
    assert again.run_stages == []
    assert (again.folder / "results.csv").read_bytes() == table
    with (first.folder / "effects.csv").open() as file:
        effects = list(csv.DictReader(file))
    assert {row["name"] for row in effects} == {contrast.name for contrast in study.contrasts}
    claims = json.loads((first.folder / "claims.json").read_text())
    assert all(claim["verdict"] in ("higher", "lower", "level", "not tested") for claim in claims)  # one training


def test_a_share_of_hard_ops_is_taken_from_all_others_alike(tmp_path):
    def shares(**changes):
        chosen = settings("micro", {f"pretrain.{key}": value for key, value in changes.items()})
        mixture = Recipe(chosen, Workplace(str(tmp_path), {})).graded(0.2)
        found = {"id": chosen.id_ops, "edge": chosen.edge_ops, "hard": chosen.hard_ops}
        return {
            name: sum(share.weight for share in mixture.shares if share.cell.op in ops) for name, ops in found.items()
        }

    none, some = shares(hard_share="0"), shares(hard_share="0.1")
    assert none == pytest.approx({"id": 0.8, "edge": 0.2, "hard": 0})
    assert some == pytest.approx({"id": 0.72, "edge": 0.18, "hard": 0.1})


def test_shares_fall_from_op_to_op(tmp_path):
    changes = {
        "id_ops": "1,2,3",
        "edge_ops": "4,5,6",
        "hard_ops": "7,8",
        "pretrain.hard_share": "0.01",
        "pretrain.fall": "0.5",
    }
    mixture = Recipe(settings("micro", changes), Workplace(str(tmp_path), {})).graded(0.07)
    shares = {op: sum(s.weight for s in mixture.shares if s.cell.op == op) for op in (4, 5, 6, 7, 8)}
    of_edge, of_hard = 0.99 * 0.07 / 7, 0.01 / 3
    assert shares == pytest.approx({4: 4 * of_edge, 5: 2 * of_edge, 6: of_edge, 7: 2 * of_hard, 8: of_hard})


def test_headroom_at_the_papers_scale_has_the_papers_mixes(tmp_path):
    study = make_study("headroom", "paper", {}, tmp_path, Runtime())
    bases = [arm.checkpoint.config.stream.mixture for arm in study.arms if not arm.start]
    shares = [
        [sum(s.weight for s in mix.shares if s.cell.op in ops) for ops in ((2, 3, 4), (5, 6, 7), (8, 9, 10))]
        for mix in bases
    ]
    third = 1 / 3
    rows = [(0.4995, 0.4995, 0.001), (0.475, 0.475, 0.05), (0.4, 0.4, 0.2), (third, third, third), (0.25, 0.25, 0.5)]
    assert shares == [pytest.approx(row) for row in rows]
    with pytest.raises(ValueError, match=r"headroom\.mixes names one mix for each share, got 5 for 1"):
        make_study("headroom", "paper", {"headroom.shares": "0.1"}, tmp_path, Runtime())
    assert make_study("headroom", "paper", {"headroom.shares": "0,0.1", "headroom.mixes": ""}, tmp_path, Runtime()).arms


def test_the_last_rung_of_the_ladder_is_the_base_of_the_other_studies(tmp_path):
    study = make_study("ladder", "micro", {}, tmp_path, Runtime())
    base = make_study("noise", "micro", {"seeds": "0,1"}, tmp_path, Runtime()).arms[0]
    assert study.arms[-1].evaluation.address == base.evaluation.address
    assert [arm.name for arm in study.arms] == ["on_599k", "on_1.2M", "on_2.4M", "on_4.8M"]
    step = base.checkpoint.config.batch_tokens
    assert [arm.checkpoint.config.budget_tokens % step for arm in study.arms[:-1]] == [0, 0, 0]
    assert [c.treatment for c in study.contrasts if c.regime == "edge" and c.k == 1] == [
        "on_1.2M",
        "on_2.4M",
        "on_4.8M",
    ]
