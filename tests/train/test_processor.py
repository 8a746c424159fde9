"""A record names what the last bits of its numbers depend on."""

from interplay.train import processor as file
from interplay.train.processor import processor


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
