"""What was asked of a machine or a cluster: 1 resources by kind, the more special wins; 2 threads that leave every stage
its cores; 3 what makes no sense is said in a line."""

import sys

import pytest
from steps import step

from interplay.stages import where as module
from interplay.stages.ray import Ray, options
from interplay.stages.resources import Resources, resources_by_kind
from interplay.stages.room import Room
from interplay.stages.slurm import parameters
from interplay.stages.where import Where

TOML = """
partition = "gpu"
gpus = 1
setup = ["module load cuda"]
extra = { nodelist = "gpu01" }
[rl]
hours = 12
"""


def test_a_kind_wins_over_all_and_the_later_over_the_earlier(tmp_path):
    (tmp_path / "slurm.toml").write_text(TOML)
    found = resources_by_kind([str(tmp_path / "slurm.toml"), "gpus=2", "hours=6", "rl.cpus=8"])
    assert (found["rl"].partition, found["rl"].gpus, found["rl"].hours, found["rl"].cpus) == ("gpu", 2, 12, 8)
    assert (found["pretrain"].gpus, found["pretrain"].hours, found["pretrain"].cpus) == (2, 6, 4)
    assert (found["tokenizer"].gpus, found["tokenizer"].hours) == (0, 1)
    assert resources_by_kind(["tokenizer.gpus=1"])["tokenizer"].gpus == 1


def test_scales_made_for_gpus_ask_for_one_unless_told_otherwise():
    assert resources_by_kind([], "paper")["rl"].gpus == 1
    assert resources_by_kind([], "paper")["tokenizer"].gpus == 0
    assert resources_by_kind(["gpus=4"], "paper")["rl"].gpus == 4
    assert resources_by_kind([], "micro")["rl"].gpus == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nope=1", "nope.*there are partition"),
        ("gpus=many", "gpus"),
        ("dance.gpus=1", "no kind of stage 'dance'"),
        ("nowhere.toml", "No such file"),
    ],
)
def test_bad_resources_are_named(given, message):
    with pytest.raises(ValueError, match=message):
        resources_by_kind([given])


def test_a_toml_file_that_is_none_is_named(tmp_path):
    (tmp_path / "bad.toml").write_text("gpus = ")
    with pytest.raises(ValueError, match=r"bad\.toml"):
        resources_by_kind([str(tmp_path / "bad.toml")])


def test_a_job_is_asked_for_in_the_words_of_sbatch():
    asked = parameters(Resources(gpus=1, hours=1.5, mem_gb=0.5, setup=("module load cuda",), extra={"nice": 5}), "x", 4)
    assert (asked["time"], asked["mem"], asked["gpus_per_node"]) == (90, "512M", 1)
    assert "partition" not in asked
    assert asked["additional_parameters"] == {"requeue": True, "nice": 5}
    assert asked["setup"][0] == "export OMP_NUM_THREADS=4"
    assert asked["setup"][-1] == "module load cuda"
    assert "gpus_per_node" not in parameters(Resources(), "x", 4)


def test_threads_and_processes_never_move_a_stage(tmp_path):
    stage = step(tmp_path, "one", first=step(tmp_path, "zero"))
    moved = stage.on(16, 8, 4)
    assert (moved.address, moved.folder) == (stage.address, stage.folder)
    assert (moved.runtime.threads, moved.runtime.cores, moved.processes) == (16, 8, 4)


@pytest.mark.parametrize(
    ("cores", "jobs", "threads", "expected"),
    [
        (2, 1, 0, (2, 0)),
        (16, 1, 0, (2, 0)),
        (16, 4, 0, (4, 4)),
        (2, 4, 0, (1, 1)),
        (16, 4, 1, (1, 4)),
        (16, 1, 8, (8, 0)),
    ],
)
def test_stages_side_by_side_share_the_cores(cores, jobs, threads, expected, monkeypatch):
    monkeypatch.setattr(module, "num_cores", lambda: cores)
    runtime = Where.asked(jobs, threads, None, [], 0).runtime(30.0)
    assert (runtime.threads, runtime.cores) == expected


@pytest.mark.parametrize(
    ("jobs", "cluster", "resources", "message"),
    [
        (-1, None, [], "must not be negative"),
        (1, "pbs", [], "--cluster must be slurm or ray"),
        (1, None, ["gpus=1"], "give --cluster or --devices"),
    ],
)
def test_what_makes_no_sense_is_refused(jobs, cluster, resources, message):
    with pytest.raises(ValueError, match=message):
        Where.asked(jobs, 0, cluster, resources, 0)


def test_a_machine_without_slurm_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="sbatch and squeue are not found"):
        Where.asked(0, 0, "slurm", [], 3).executor()


def test_a_task_is_asked_for_in_the_words_of_ray():
    asked = options(Resources(cpus=2, gpus=1, mem_gb=0.5), "rl/0123456789", 4)
    assert (asked["num_cpus"], asked["num_gpus"], asked["memory"], asked["max_retries"]) == (2, 1, 2**29, 0)
    variables = asked["runtime_env"]["env_vars"]
    assert (variables["OMP_NUM_THREADS"], variables["RAY_USAGE_STATS_ENABLED"]) == ("4", "0")


@pytest.mark.parametrize("given", ["partition=gpu", "rl.qos=low", "rl.extra={}"])
def test_what_only_slurm_has_is_refused_by_name(given, tmp_path):
    if given.endswith("{}"):
        (tmp_path / "own.toml").write_text("[rl]\nextra = { nodelist = 'gpu01' }\n")
        given = str(tmp_path / "own.toml")
    with pytest.raises(ValueError, match=r"--resources \w+\.(partition|qos|extra) is SLURM's; --cluster ray takes"):
        Ray(resources_by_kind([given]), Room(1), threads=1, repetitions=0)


def test_a_machine_without_ray_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r"Ray is not installed: pip install 'interplay\[ray\]'"):
        Where.asked(0, 0, "ray", [], 3).executor()


def test_devices_are_dealt_by_kind_and_one_is_the_default():
    where = Where.asked(0, 0, None, ["rl.gpus=4"], 0, "micro", devices=8, device="cpu")
    assert where.places == 8
    assert where.devices.by_kind == {"tokenizer": 0, "pretrain": 1, "midtrain": 1, "rl": 4, "evaluate": 1}
    assert where.devices.on_cpu
    of_cluster = Where.asked(0, 0, "slurm", ["pretrain.gpus=2"], 0, "micro", devices=8)
    assert (of_cluster.places, len(of_cluster.devices.names)) == (64, 8)
    assert of_cluster.resources["pretrain"].gpus == of_cluster.devices.by_kind["pretrain"] == 2


def test_devices_that_are_not_there_are_refused_and_may_be_planned_for(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(ValueError, match="--device cpu makes places of the cores"):
        Where.asked(0, 0, None, [], 0, devices=2)
    assert len(Where.asked(0, 0, None, [], 0, devices=64, plan=True).devices.names) == 64
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-5,7")
    assert Where.asked(0, 0, None, [], 0, devices=2).devices.names == ("3", "GPU-5")
    with pytest.raises(ValueError, match=r"rl\.gpus: 4 devices of the 2"):
        Where.asked(0, 0, None, ["rl.gpus=4"], 0, devices=2, device="cpu")
