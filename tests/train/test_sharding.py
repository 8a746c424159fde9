"""FSDP2: parameters, gradients and optimiser states in shards, and still the losses and the checkpoint of one process.

Two processes shard over gloo on the CPU; accelerate switches FSDP on for GPUs only, so `train/sharding_on_cpu.py` does it
here, and everything after that is what runs on GPUs. AdamW, fp32, twelve steps: losses agree to 1e-5 relative and weights
to 1e-3 of their scale, as without shards (measured 2e-7 and 2e-4).
"""

import pytest
import torch
from processes import agree, launch, trained
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from interplay.train.metrics import read_metrics

FSDP2 = {
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_TRANSFORMER_CLS_TO_WRAP": "Qwen2DecoderLayer",
    "FSDP_STATE_DICT_TYPE": "FULL_STATE_DICT",
}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    return folder, *trained(folder, 1)


@pytest.mark.slow
def test_shards_make_the_curve_of_one_process_and_one_checkpoint(alone, tmp_path):
    folder, summary, losses = alone
    other, other_losses = trained(tmp_path, 2, FSDP2)
    assert other["sharded"]
    assert not summary["sharded"]
    assert other_losses == pytest.approx(losses, rel=1e-5)
    agree(folder, summary, tmp_path, other)
    curves, other_curves = (read_metrics(each / "curves.jsonl") for each in (folder, tmp_path))
    for row, other_row in zip(curves, other_curves, strict=True):
        for cell, values in row["cells"].items():
            assert other_row["cells"][cell] == pytest.approx(values, rel=1e-4)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["step-0000004", "step-0000012"]
    opened = AutoModelForCausalLM.from_pretrained(tmp_path / other["checkpoint"], local_files_only=True)
    assert opened.num_parameters() == sum(each.numel() for each in load_file(
        folder / summary["checkpoint"] / "model.safetensors").values())  # fmt: skip
    assert AutoTokenizer.from_pretrained(tmp_path / other["checkpoint"], local_files_only=True)("<question>")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["FULL_STATE_DICT", "SHARDED_STATE_DICT"])
def test_a_stopped_sharded_run_resumes(alone, tmp_path, kind):
    _, summary, losses = alone
    settings = FSDP2 | {"FSDP_STATE_DICT_TYPE": kind}
    code, _ = launch(tmp_path, 2, settings, stop_after=7, save_seconds=1e-3)
    assert code != 0
    saved = sorted(path.name for path in (tmp_path / "resume").glob("step-*"))
    assert saved == ["step-0000005", "step-0000006"]
    resumed, resumed_losses = trained(tmp_path, 2, settings)
    assert resumed["resumed_at_step"] == 6
    assert resumed_losses == pytest.approx(losses, rel=1e-5)
    assert resumed["documents"] == summary["documents"]


@pytest.mark.slow
def test_what_cannot_be_sharded_is_refused(tmp_path):
    code, said = launch(tmp_path, 2, FSDP2, optimizer="muon")
    assert code != 0
    assert "muon orthogonalises whole matrices, which FSDP cuts" in said
    code, said = launch(tmp_path, 2, FSDP2 | {"FSDP_VERSION": "1"})
    assert code != 0  # accelerate itself would go on unsharded and say nothing
    assert "FSDP version 2 where they are on CPUs" in said


@pytest.mark.gpu
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_shards_on_two_gpus_make_the_curve_of_one_process(alone, tmp_path):
    _, summary, losses = alone
    settings = FSDP2 | {"CUDA_VISIBLE_DEVICES": "0,1", "ACCELERATE_USE_CPU": "false"}
    other, other_losses = trained(tmp_path, 2, settings, device="cuda")
    assert other["sharded"]
    assert other_losses == pytest.approx(losses, rel=1e-3)  # other kernels
    assert other["documents"] == summary["documents"]
    AutoModelForCausalLM.from_pretrained(tmp_path / other["checkpoint"], local_files_only=True)
