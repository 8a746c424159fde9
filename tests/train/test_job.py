"""`interplay train` as a user runs it: alone, and under `accelerate launch` with DDP and with FSDP2."""

import copy
import json
import sys

import pytest
from processes import agree, free_port, outcome, say
from tiny_run import SHAPE, fixture_config, fixture_stream

from interplay.data.tokenizer import TokenizerConfig
from interplay.train.job import Job, read_job, run_job
from interplay.train.optimizer import OptimizerConfig
from interplay.train.runtime import Runtime
from interplay.train.supervised import supervise

LAUNCH = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", "2", "--num_machines", "1",
          "--mixed_precision", "no", "--dynamo_backend", "no"]  # fmt: skip
SHARD = ["--use_fsdp", "--fsdp_version", "2", "--fsdp_auto_wrap_policy", "TRANSFORMER_BASED_WRAP",
         "--fsdp_transformer_layer_cls_to_wrap", "Qwen2DecoderLayer", "--fsdp_state_dict_type", "FULL_STATE_DICT",
         "--fsdp_reshard_after_forward", "true"]  # fmt: skip


def tiny_job(**changed):
    plain = {
        "config": fixture_config(optimizer=OptimizerConfig(kind="adamw", lr=3e-3), budget_tokens=6 * 1024),
        "model": SHAPE,
        "tokenizer": TokenizerConfig(stream=fixture_stream(), vocab_size=400, documents=200),
        "runtime": Runtime(device="cpu", threads=1),
    }
    return Job(**(plain | changed))


def test_a_job_file_makes_the_run_that_the_function_makes(fresh_model, tokenizer, tmp_path):
    job = tiny_job()
    (tmp_path / "job.json").write_text(job.model_dump_json())
    assert read_job(tmp_path / "job.json", ["threads=2"]) == job.model_copy(
        update={"runtime": Runtime(device="cpu", threads=2)}
    )
    summary = run_job(read_job(tmp_path / "job.json"), tmp_path / "out")
    straight = supervise(job.config, fresh_model(), tokenizer, tmp_path / "straight", job.runtime)
    digest = [
        (tmp_path / name / summary["checkpoint"] / "model.safetensors").read_bytes() for name in ("out", "straight")
    ]
    assert digest[0] == digest[1]
    assert summary["documents"] == straight["documents"]
    later = tiny_job(model=None, tokenizer=None, start=tmp_path / "out" / summary["checkpoint"])
    assert run_job(later, tmp_path / "later")["steps"] == 6
    with pytest.raises(ValueError, match="holds another job"):
        run_job(later, tmp_path / "out")


def test_a_start_whose_tokenizer_cannot_be_used_is_refused_before_the_folder_is_taken(tmp_path, tokenizer):
    from interplay.model.build import build
    from interplay.train.publish import publish

    publish(build(tiny_job().model, len(tokenizer) - 30, 0), tokenizer, tmp_path / "small")
    job = tiny_job(model=None, tokenizer=None, start=tmp_path / "small")
    with pytest.raises(ValueError, match=r"the tokenizer in .*small is larger than the model"):
        run_job(job, tmp_path / "out")
    unpadded = copy.deepcopy(tokenizer)
    unpadded.pad_token = None
    publish(build(tiny_job().model, len(tokenizer), 0), unpadded, tmp_path / "small")
    with pytest.raises(ValueError, match="the tokenizer has no pad token"):
        run_job(job, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": None}, "either `model` and `tokenizer`, or `start`"),
        ({"start": "somewhere"}, "either `model` and `tokenizer`, or `start`"),
        ({"sead": 1}, "Extra inputs are not permitted"),
    ],
)
def test_a_job_that_cannot_be_is_refused(tmp_path, changes, said):
    path = tmp_path / "job.json"
    path.write_text(json.dumps(json.loads(tiny_job().model_dump_json()) | changes))
    with pytest.raises(ValueError, match=said):
        read_job(path)


def test_a_file_that_is_no_job_is_named(tmp_path):
    with pytest.raises(ValueError, match="nowhere cannot be read"):
        read_job(tmp_path / "nowhere")
    (tmp_path / "broken").write_text("{")
    with pytest.raises(ValueError, match="broken is not JSON"):
        read_job(tmp_path / "broken")


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [["--multi_gpu"], SHARD], ids=["ddp", "fsdp2"])
def test_accelerate_launch_makes_the_run_of_one_process(tmp_path, launcher):
    path = tmp_path / "job.json"
    path.write_text(tiny_job().model_dump_json())
    summary = run_job(read_job(path), tmp_path / "one")
    command = [*LAUNCH, "--main_process_port", str(free_port()), *launcher]
    code, said = say([*command, "-m", "interplay.cli", "train", str(path), str(tmp_path / "two")])
    assert code == 0, said[-3000:]
    assert sum(line.startswith('{"checkpoint"') for line in said.splitlines()) == 1  # the first process alone prints
    other, losses = outcome(tmp_path / "two", 2)
    assert other["sharded"] == (launcher is SHARD)
    assert losses == pytest.approx(outcome(tmp_path / "one", 1)[1], rel=1e-5)
    agree(tmp_path / "one", summary, tmp_path / "two", other)
