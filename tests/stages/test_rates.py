"""What a plan's hours come from: 1 a rate counts for the threads and the machine it was measured with; 2 of what is comparable
the most alike is taken, and the basis says what differs; 3 a calibration that is damaged or from elsewhere is left out; 4 the
pieces that a calibration runs leave nothing behind but its files; 5 what cannot run or be kept is refused before it is
measured."""

import json
import multiprocessing
import sys
from pathlib import Path

import pytest
from steps import step

from interplay.cli import app
from interplay.stages import calibrate as measuring
from interplay.stages.calibrate import pay
from interplay.stages.calibration import Calibration, Speed, calibrations, keep
from interplay.stages.cost import estimate
from interplay.stages.ran_on import ELSEWHERE, SAME, SCALED, UNKNOWN, RanOn, last_attempt, likeness, speed_up
from interplay.stages.rates import Known
from interplay.stages.store import entries
from interplay.stages.workload import pieces, work
from interplay.studies.catalogue import make_study
from interplay.train.runtime import Runtime
from interplay.world.verify import Reference, verify
from tiny_settings import TINY

WALL_S = 100.0
ONE, TWO = Runtime(device="cpu", threads=1, cores=2), Runtime(device="cpu", threads=2, cores=2)
HERE = RanOn.of(TWO)._replace(cores=2)


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr("interplay.stages.ran_on.num_cores", lambda: 2)


def study(store, runtime=ONE, **changes):
    return make_study("quickstart", "micro", {key: str(value) for key, value in changes.items()}, store, runtime)


def identity(store, kind, **changes):
    stage = next(stage for stage in study(store, **changes).stages if stage.kind == kind)
    return json.loads(json.dumps(stage.identity()))


def done(store, ran_on, **changes):
    """Every stage of a study, each in 100 s."""
    for stage in study(store, **changes).stages:
        (stage.folder / "stage.json").write_text(json.dumps(stage.identity()))
        (stage.folder / "summary.json").write_text(json.dumps({"wall_s": WALL_S}))
        said = {"began_s": 1.0, "process": 1, **(ran_on._asdict() if ran_on else {})}
        (stage.folder / "attempts.jsonl").write_text(json.dumps(said) + "\n")
    return store


def made(asked, ran_on, unit_s=1e-3, **more):
    return Calibration(pieces(asked), ran_on, Speed(0.0, unit_s, **more), "2026-11-28")


def test_a_stage_says_what_it_ran_on_and_its_summary_does_not(tmp_path):
    stage = step(tmp_path, "alone").on(2, 1)
    assert stage.made() == {"name": "alone", "wall_s": 1.0}
    (entry,) = entries(tmp_path)
    assert entry.ran_on == RanOn.of(stage.runtime)
    assert (entry.ran_on.threads, entry.ran_on.cores) == (2, 1)


@pytest.mark.parametrize("text", ["", "{", "3\n", '{"began_s": 1.0}\n', '{"device": "cpu", "threads": 0}\n', "\xff"])
def test_an_attempt_that_does_not_say_is_unknown(tmp_path, text):
    (tmp_path / "attempts.jsonl").write_text(text)
    assert last_attempt(tmp_path) is None
    assert likeness(None, HERE) == UNKNOWN


@pytest.mark.parametrize(
    ("changed", "like", "factor"),
    [
        ({}, SAME, 1.0),
        ({"threads": 1}, SCALED, 2.0),
        ({"threads": 1, "cores": 1}, SCALED, 2.0),  # beside another stage
        ({"threads": 2, "cores": 1}, SCALED, 2.0),  # two threads on one core do what one does
        ({"threads": 4, "cores": 4, "machine": "a larger one"}, ELSEWHERE, 0.5),
        ({"device": "cuda"}, None, None),
    ],
)
def test_rates_are_compared_by_threads_cores_and_machine(changed, like, factor):
    measured = HERE._replace(**changed)
    assert likeness(measured, HERE) == like
    assert factor is None or speed_up(measured, HERE) == factor


def test_on_a_gpu_the_threads_decide_nothing():
    gpu = HERE._replace(device="cuda")
    other = gpu._replace(threads=16, machine="another host")
    assert (likeness(other, gpu), speed_up(other, gpu)) == (SAME, 1.0)


def test_a_rate_of_two_threads_is_halved_for_one(tmp_path):
    known = Known.of(done(tmp_path, HERE))
    asked = identity(tmp_path, "pretrain", seeds=1)
    assert estimate(asked, known, TWO).hours * 3600 == pytest.approx(WALL_S)
    one = estimate(asked, known, ONE)
    assert one.hours * 3600 == pytest.approx(2 * WALL_S)
    assert one.basis.endswith("with 2 threads, counted for 1 thread")
    elsewhere = estimate(asked, known._replace(here=False), ONE)
    assert elsewhere.hours * 3600 == pytest.approx(WALL_S)
    assert "thread" not in elsewhere.basis


def test_what_ran_alike_goes_before_what_is_nearer(tmp_path):
    done(tmp_path, HERE)
    done(tmp_path, HERE._replace(threads=1), **{"train.optimizer.lr": 0.01})
    asked = identity(tmp_path, "pretrain", seeds=1)
    found = estimate(asked, Known.of(tmp_path), ONE)
    slow = next(e for e in entries(tmp_path) if e.kind == "pretrain" and e.ran_on.threads == 1)
    assert found.basis.endswith(f"as in {slow.address}")
    assert found.hours * 3600 == pytest.approx(WALL_S)


@pytest.mark.parametrize(
    ("stages", "threads", "words"),
    [
        (HERE._replace(threads=1), 1, "tokens/s as in pretrain/"),
        (HERE, 1, "as calibrated on 2026-11-28 with 1 thread"),
        (HERE, 2, "with 2 threads, counted for 1 thread"),
        (None, 1, "as calibrated on 2026-11-28 with 1 thread"),
        (None, 2, "as calibrated on 2026-11-28 with 2 threads, counted for 1 thread"),
        (HERE._replace(machine="another"), 2, "as calibrated on 2026-11-28 with 2 threads, counted for 1 thread"),
    ],
)
def test_a_done_stage_goes_before_a_calibration_where_it_ran_as_much_alike(tmp_path, stages, threads, words):
    asked = identity(tmp_path, "pretrain", seeds=1)
    known = Known(entries(done(tmp_path, stages)), [made(asked, HERE._replace(threads=threads))])
    assert words in estimate(asked, known, ONE).basis


def test_a_stage_of_another_machine_is_better_than_what_is_assumed(tmp_path):
    known = Known.of(done(tmp_path, HERE._replace(machine="another")))
    assert estimate(identity(tmp_path, "rl", seeds=1), known, TWO).basis.endswith("on another machine")


def test_a_calibration_counts_start_units_and_curves(tmp_path):
    asked = identity(tmp_path, "pretrain")
    speed = Speed(5.0, 1e-4, 2.0)
    known = Known(calibrations=[made(asked, HERE)._replace(speed=speed)])
    cost = estimate(asked, known, TWO)
    assert cost.hours * 3600 == pytest.approx(5 + work(asked)[0] * 1e-4 + 8 * 2)
    assert not cost.at_most
    midtrain = estimate(identity(tmp_path, "midtrain"), known, TWO)
    assert "as calibrated" in midtrain.basis  # the same work
    other = identity(tmp_path, "pretrain", **{"train.batch_tokens": 15360})
    assert "assumed" in estimate(other, known, TWO).basis
    assert "assumed" in estimate(asked, known, Runtime(device="cuda")).basis
    assert "assumed" in estimate(asked, known._replace(here=False), TWO).basis


def test_a_calibrated_sample_has_the_tokens_that_were_measured(tmp_path):
    asked = identity(tmp_path, "rl")
    cost = estimate(asked, Known(calibrations=[made(asked, HERE, tokens=30.0)]), TWO)
    assert cost.tokens == 30 * work(asked)[0]
    assert not cost.at_most


def test_calibrations_are_read_back_and_what_is_none_is_left_out(tmp_path, capsys):
    asked = identity(tmp_path, "rl")
    kept = made(asked, HERE, tokens=30.0)
    keep(made(asked, HERE, unit_s=9.0), tmp_path)
    keep(kept, tmp_path)  # in its place
    assert calibrations(tmp_path) == [kept]
    text = (tmp_path / "calibration" / kept.name).read_text()
    changes = [
        ('"version": 1', '"version": 9'),
        ('"unit_s": 0.001', '"unit_s": NaN'),
        *(
            ('"unit_s": 0.001', f'"unit_s": {bad}')
            for bad in ("0", "-1", "1e308", "Infinity", "true", '"1"', "1" + "0" * 400)
        ),
        ('"fixed_s": 0.0', '"fixed_s": -1e-9'),
        ('"tokens": 30.0', '"tokens": 1e308'),
        *((f'"{kept.date}"', bad) for bad in ("null", '"None"', '"20261128"', '"2026-11-31"', "3")),
        ('"threads": 2', '"threads": "2"'),
        ('"threads": 2', '"threads": 1' + "0" * 400),
    ]
    assert all(was in text for was, _ in changes)
    broken = [text[: len(text) // 2], "[]", "", "[" * 100_000, *(text.replace(a, b) for a, b in changes)]
    for number, content in enumerate(broken):
        (tmp_path / "calibration" / f"broken-{number}.json").write_text(content)
    (tmp_path / "calibration" / "bytes.json").write_bytes(b"\xff")
    assert calibrations(tmp_path) == [kept]
    assert capsys.readouterr().err.count("is no calibration") == len(broken) + 1


def test_half_of_the_groups_have_something_to_learn(tmp_path):
    problem = study(tmp_path).stages[0].config.stream[0]
    verdict = verify(Reference.from_graph(problem.graph, problem.solution), "nothing")
    assert sum(pay(23, verdict).strict for _ in range(23 * 4)) == 4


def plan(store, *more):
    changes = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]
    return app(["run", "quickstart", "--store", str(store), "--plan", *more, *changes], standalone_mode=False)


def test_a_calibration_tells_a_plan_of_an_empty_store_its_hours_and_leaves_nothing_else(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    store = tmp_path / "store"
    plan(store, "--calibrate", "--device", "cpu", "--threads", "1")
    lines = capsys.readouterr().out.splitlines()
    costs = [line for line in lines if "cost:" in line]
    assert len(costs) == 9
    assert all("as calibrated on" in line and "with 1 thread)" in line and "at most" not in line for line in costs)
    assert [path.name for path in store.iterdir()] == ["calibration"]
    assert len(list((store / "calibration").iterdir())) == 4  # tokenizer, training, RL, evaluation
    assert list((tmp_path / "scratch").iterdir()) == []
    monkeypatch.setattr(measuring, "calibrate", lambda *_: pytest.fail("nothing was asked for"))
    plan(store, "--device", "cpu", "--threads", "2")
    assert "with 1 thread, counted for 2 threads" in capsys.readouterr().out


def test_a_calibration_has_company_where_stages_run_side_by_side(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    tokenizer = study(tmp_path, Runtime(device="cpu", threads=1, cores=1), **TINY).stages[:1]
    (found,) = measuring.calibrate(tokenizer, tmp_path, beside=1)
    assert found.ran_on.cores == 1
    assert multiprocessing.active_children() == []
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_calibration_that_is_cut_keeps_what_it_had_measured(tmp_path, monkeypatch):
    def cut(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(measuring, "_training", cut)
    changes = {**TINY, "seeds": "0"}
    with pytest.raises(KeyboardInterrupt):
        measuring.calibrate(study(tmp_path, **changes).stages, tmp_path)
    assert [made.of["work"] for made in calibrations(tmp_path)] == ["documents"]
    assert [path.suffix for path in (tmp_path / "calibration").iterdir()] == [".json"]


def measured(monkeypatch, chosen, store):
    """The kinds of work that a calibration measures, each at once."""
    asked = []
    monkeypatch.setattr(measuring, "_speed", lambda stage, *_: asked.append(stage.kind) or Speed(0.0, 1e-3))
    measuring.calibrate(chosen.stages, store)
    return asked


def test_a_calibration_goes_on_from_what_was_measured_today_in_the_same_way(tmp_path, monkeypatch, capsys):
    every = ["tokenizer", "pretrain", "rl", "evaluate"]
    assert sorted(measured(monkeypatch, study(tmp_path, **TINY), tmp_path)) == sorted(every)
    for path in (tmp_path / "calibration").iterdir():
        if '"budget_tokens"' in path.read_text():
            path.unlink()
    assert measured(monkeypatch, study(tmp_path, **TINY), tmp_path) == ["pretrain"]
    assert "3 of 4 kinds of work were measured today" in capsys.readouterr().err
    assert measured(monkeypatch, study(tmp_path, **TINY), tmp_path) == []
    assert len(measured(monkeypatch, study(tmp_path, TWO, **TINY), tmp_path)) == 4  # with other threads
    monkeypatch.setattr(measuring, "day", lambda: "2100-01-01")
    assert len(measured(monkeypatch, study(tmp_path, **TINY), tmp_path)) == 4


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--device", "cuda"], "device 'cuda' was asked for, but torch sees no CUDA device"),
        (["--devices", "2"], "--devices 2 asks for that many GPUs, torch sees none here"),
        (["--set", "rl.sampler=vllm"], "vLLM is not installed: pip install 'interplay\\[vllm\\]'"),
    ],
)
def test_what_cannot_run_here_is_refused_before_it_is_measured(tmp_path, monkeypatch, more, told):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("interplay.stages.environment.visible_gpus", list)
    monkeypatch.setitem(sys.modules, "vllm", None)  # as if it were not installed
    monkeypatch.setattr(measuring, "_speed", lambda *_: pytest.fail("it was measured"))
    with pytest.raises(ValueError, match=told):
        plan(tmp_path / "store", "--calibrate", *more)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("made", [Path.touch, lambda path: path.symlink_to("nowhere")])
@pytest.mark.parametrize("taken", ["store", "store/calibration"])
def test_a_calibration_that_cannot_be_kept_is_refused_before_it_is_measured(tmp_path, monkeypatch, made, taken):
    (tmp_path / taken).parent.mkdir(exist_ok=True)
    made(tmp_path / taken)
    monkeypatch.setattr(measuring, "_speed", lambda *_: pytest.fail("it was measured"))
    with pytest.raises(ValueError, match=f"{taken} cannot be written: "):
        plan(tmp_path / "store", "--calibrate")


@pytest.mark.parametrize("more", [[], ["--plan", "--cluster", "slurm"]])
def test_a_calibration_without_a_plan_of_this_machine_is_refused(tmp_path, more):
    with pytest.raises(ValueError, match="--calibrate measures this machine for a plan"):
        app(["run", "quickstart", "--calibrate", "--store", str(tmp_path / "store"), *more], standalone_mode=False)
    assert not (tmp_path / "store").exists()
