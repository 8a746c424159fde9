"""Stages on devices: 1 none is shared while it is used; 2 a worker sees its own and no other; 3 a stage on several is one
result, and a process that dies is one line; 4 what comes first is what the simulation says."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import names, step

from interplay.stages.order import remaining_hours, simulate
from interplay.stages.room import Devices, Room
from interplay.stages.run_stages import needs_of, run_stages
from interplay.stages.workers import Workers
from on_a_clock import OnAClock


def on(devices, of_a_step, places=0):
    return Room(places or len(devices), Devices(tuple(devices), {"step": of_a_step}))


def run(stages, executor, hours=None):
    try:
        return run_stages(stages, executor, Silent(), poll_s=0.05, hours=hours)
    finally:
        executor.stop()


class Silent:
    def started(self, stage):
        pass

    def ended(self, ended, wall_s):
        pass


def seen(stage):
    return [path.read_text().split()[0] for path in sorted(stage.folder.glob("seen-*"))]


def test_workers_see_their_own_device_and_no_other(tmp_path):
    stages = [step(tmp_path, name, "wait-0.3") for name in "abc"]
    assert names(run(stages, Workers(on("57", 1), threads=1)), stages) == {"ran": {"a", "b", "c"}}
    assert sorted(itertools.chain.from_iterable(map(seen, stages))) in (["5", "5", "7"], ["5", "7", "7"])


def test_on_a_cpu_places_see_no_gpu(tmp_path):
    stages = [step(tmp_path, name) for name in "ab"]
    room = Room(2, Devices(("0", "1"), {"step": 1}, on_cpu=True))
    assert len(run(stages, Workers(room, threads=1)).ran) == 2
    assert [(stage.folder / "seen-0.txt").read_text()[0] for stage in stages] == [" ", " "]


@pytest.fixture
def accelerated(monkeypatch):
    """What a stage takes for a machine with GPUs; no step asks torch for one."""
    monkeypatch.setattr("interplay.train.runtime.Runtime.on_cpu", False)


def test_a_stage_on_several_devices_is_one_process_on_each_and_one_result(tmp_path, accelerated):
    from interplay.stages.environment import environment

    stage = step(tmp_path, "wide", first=step(tmp_path, "before")).on(2, 0, 2)
    with environment({"CUDA_VISIBLE_DEVICES": "4,5,6"}):
        summary = stage.made()
    assert summary == {"name": "wide", "wall_s": 1.0}
    assert seen(stage) == ["4", "5"]
    assert seen(stage.first) == ["4,5,6"]
    assert (stage.folder / "attempts.jsonl").read_text().count("began") == 1
    with environment({"CUDA_VISIBLE_DEVICES": "4"}), pytest.raises(ValueError, match="takes 3 GPUs, 1 are visible"):
        step(tmp_path, "wider").on(1, 0, 3).made()


def test_a_process_of_a_stage_that_dies_ends_the_others_and_is_named(tmp_path):
    stage = step(tmp_path, "wide", "last-dies")
    ran = run([stage], Workers(Room(2, Devices(("0", "1"), {"step": 2}, on_cpu=True)), threads=1))
    assert [ended.error for ended in ran.failed] == [
        "RuntimeError: process 1 of 2: its process ended with signal SIGKILL"
    ]
    assert not (stage.folder / "summary.json").exists()


@pytest.mark.slow
def test_a_failure_in_a_process_of_a_stage_is_said_as_it_is(tmp_path):
    ran = run(
        [step(tmp_path, "wide", "fail")], Workers(Room(2, Devices(("0", "1"), {"step": 2}, on_cpu=True)), threads=1)
    )
    assert ran.failed[0].error.endswith("of 2: RuntimeError: wide was asked to fail")
    assert "and says more" in Path(ran.failed[0].log).read_text()


@st.composite
def graphs(draw):
    """Up to ten stages, each with the stages it opens, its hours, and by kind the devices of all."""
    count = draw(st.integers(1, 10))
    opens = [draw(st.sets(st.integers(0, i - 1), max_size=2)) if i else set() for i in range(count)]
    return opens, [draw(st.integers(1, 9)) for _ in range(count)]


def make(store, opens):
    made = []
    for number, opened in enumerate(opens):
        first, second = [*(made[i] for i in sorted(opened)), None, None][:2]
        made.append(step(store, f"s{number}", first=first, second=second))
    return made


@pytest.mark.parametrize(("count", "wide"), [(1, 1), (2, 1), (3, 2), (8, 1)])
@settings(max_examples=25)
@given(graph=graphs())
def test_a_run_begins_stages_when_the_simulation_does(count, wide, graph, tmp_path_factory):
    opens, numbers = graph
    stages = make(tmp_path_factory.mktemp("store"), opens)
    hours = {stage.address: float(number) for stage, number in zip(stages, numbers, strict=True)}
    devices = [str(i) for i in range(count)]
    clock = OnAClock(on(devices, wide), hours)
    run(stages, clock, hours)
    planned = simulate(stages, needs_of(stages), hours, on(devices, wide))
    assert {address: start for address, (start, _) in planned.spans.items()} == clock.began
    work = sum(hours.values())
    longest = max(remaining_hours(needs_of(stages), hours).values())
    assert max(longest, work * wide / count) <= planned.hours <= work
    assert planned.idle_share == pytest.approx(1 - work * wide / count / planned.hours)


def test_the_longest_way_comes_first_and_equals_keep_their_order():
    needs = {"a": set(), "b": {"a"}, "c": {"a"}, "d": {"b", "c"}, "e": set(), "f": set()}
    hours = {"a": 1, "b": 5, "c": 1, "d": 2, "e": 7, "f": 7}
    assert remaining_hours(needs, hours) == {"a": 8, "b": 7, "c": 3, "d": 2, "e": 7, "f": 7}
    assert remaining_hours(needs, {})["a"] == 3
