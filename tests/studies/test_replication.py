"""All studies as one schedule: 1 a stage that several share is counted once; 2 the real scheduler begins the stages of real
studies when the simulation does, on 1, 8 and 64 devices; 3 the tables add up."""

import json

import pytest

from interplay.stages.cost import Cost, assumed
from interplay.stages.room import Devices, Room
from interplay.stages.run_stages import run_stages
from interplay.studies.catalogue import make_study
from interplay.studies.plan import planned
from interplay.studies.replication import cheapest_first, replication_lines, together
from interplay.train.runtime import Runtime
from on_a_clock import OnAClock

KINDS = {"tokenizer": 0, "pretrain": 2, "midtrain": 1, "rl": 1, "evaluate": 1}


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """Three that share a base."""
    store, how = tmp_path_factory.mktemp("store"), Runtime(device="cuda")
    return [make_study(name, "micro", {}, store, how) for name in ("process_reward", "contextual", "verifier")]


@pytest.fixture(scope="module")
def costs(studies):
    return {
        stage.address: assumed(json.loads(json.dumps(stage.identity())), stage.runtime) for stage in together(studies)
    }


@pytest.mark.parametrize("count", [1, 8, 64])
def test_a_run_of_real_studies_begins_stages_when_the_plan_says(count, studies, costs):
    stages = together(studies)
    by_kind = {kind: min(gpus, count) for kind, gpus in KINDS.items()}

    def room():
        return Room(count, Devices(tuple(map(str, range(count))), by_kind))

    hours = {stage.address: costs[stage.address].hours / max(1, room().asked(stage)) for stage in stages}
    clock = OnAClock(room(), hours)
    run_stages(stages, clock, clock, hours=hours)
    made = planned(stages, costs, room())
    assert {address: start for address, (start, _) in made.spans.items()} == clock.began
    work = sum(cost.hours for stage in stages if (cost := costs[stage.address]) and stage.kind != "tokenizer")
    assert made.hours >= work / count
    assert made.hours * count * (1 - made.idle_share) == pytest.approx(work)


def test_what_studies_share_is_counted_once_and_the_cheapest_comes_next(studies, costs):
    stages = together(studies)
    assert len({stage.address for stage in stages}) == len(stages) < sum(len(study.stages) for study in studies)
    ordered = cheapest_first(studies, costs)
    assert sum(hours for _, hours in ordered) == pytest.approx(sum(cost.hours for cost in costs.values()))
    alone = {study.name: sum(costs[stage.address].hours for stage in study.stages) for study in studies}
    assert ordered[0][1] == pytest.approx(min(alone.values()))


def test_the_tables_name_every_study_and_kind(studies, tmp_path):
    lines = replication_lines(studies, tmp_path / "none", Room(8, Devices(tuple("01234567"), KINDS)))
    said = "\n".join(lines)
    assert all(
        f"| {name} |" in said for name in ("process_reward", "contextual", "verifier", "rl", "pretrain", "1", "8", "64")
    )
    assert "stages by assumed 2e+14 FLOP/s in training" in said
    assert not (tmp_path / "none").exists()


def test_a_rate_on_several_processes_is_that_of_one(studies):
    cost = Cost(0, 0, 8.0, "")
    wide = next(stage for stage in studies[0].stages if stage.kind == "pretrain")
    assert planned([wide], {wide.address: cost}, Room(8, Devices(tuple("01234567"), KINDS))).hours == 4.0
