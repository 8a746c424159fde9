"""A record names what the last bits of its numbers depend on."""

import pytest
from tiny_run import fixture_config, fixture_model, fixture_tokenizer

from interplay.train import processor as file
from interplay.train.processor import processor, without_bf16
from interplay.train.runtime import Runtime
from interplay.train.supervised import supervise


def test_it_names_the_processor_and_its_threads():
    found = processor(threads=3)
    assert found["cpu"]
    assert found["threads"] == 3
    assert set(found["instructions"]) <= set(file.INSTRUCTIONS)


def test_without_cpuinfo_there_is_still_a_name(monkeypatch):
    monkeypatch.setattr(file, "_cpuinfo", dict)
    found = processor()
    assert found["cpu"]
    assert found["instructions"] == []
    assert "threads" not in found


@pytest.mark.parametrize(
    ("flags", "without"),
    [("avx2 avx512f", True), ("avx512f avx512_bf16", False), ("avx512f amx_bf16", False), ("asimd bf16", False), ("", False)],
)  # fmt: skip
def test_a_processor_that_emulates_bf16_is_known(monkeypatch, flags, without):
    monkeypatch.setattr(file, "_cpuinfo", lambda: {"flags": flags})
    assert without_bf16() is without


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_a_training_in_emulated_bf16_says_so(monkeypatch, capsys, tmp_path, precision):
    monkeypatch.setattr(file, "_cpuinfo", lambda: {"flags": "avx2"})
    tokenizer = fixture_tokenizer()
    config = fixture_config().model_copy(update={"precision": precision, "budget_tokens": 512})
    supervise(config, fixture_model(tokenizer), tokenizer, tmp_path, Runtime(device="cpu", threads=1))
    said = " ".join(capsys.readouterr().err.split())
    assert ("precision=bf16 is slower here" in said) is (precision == "bf16")
