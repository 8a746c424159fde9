"""A process that sees several GPUs trains what a process with one trains."""

import pytest
import torch
from accelerate.state import AcceleratorState

from interplay.train import trainer
from interplay.train.runtime import Runtime


@pytest.fixture
def eight_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 8)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def test_several_visible_gpus_do_not_change_the_batch(config, tmp_path, eight_gpus):
    runtime = Runtime(device="cuda")
    arguments = trainer._arguments(config, tmp_path, runtime)
    assert arguments.device.type == "cuda"
    assert arguments.n_gpu == 1  # or the Trainer would wrap the model in DataParallel
    assert arguments.train_batch_size == arguments.per_device_train_batch_size == config.blocks_per_step


def test_the_number_of_gpus_is_what_would_have_multiplied_it(config, tmp_path, eight_gpus, monkeypatch):
    monkeypatch.setattr(trainer, "_use_one_device", lambda arguments: None)
    arguments = trainer._arguments(config, tmp_path, Runtime(device="cuda"))
    assert arguments.train_batch_size == 8 * config.blocks_per_step
