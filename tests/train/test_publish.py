"""A finished stage holds nothing that a writer left behind, not even one that could not clear up after itself."""

import json

import pytest

from interplay.train.publish import finish, finished


@pytest.fixture
def cut(tmp_path):
    """A stage's folder in which writers were cut off."""
    for left in (".staging-0a1b2c3d-step-0000003", "step-0000004"):
        (tmp_path / "checkpoints" / left).mkdir(parents=True)
        (tmp_path / "checkpoints" / left / "config.json").write_text("{}")
    (tmp_path / "resume").mkdir()
    (tmp_path / ".staging-0a1b2c3d-metrics.jsonl").write_text("")
    return tmp_path


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_end_of_a_stage_clears_up(cut):
    finish(cut, {"steps": 4}, published=("checkpoints/step-0000004/config.json",), scratch=("resume",))
    assert names(cut) == ["checkpoints/step-0000004/config.json", "published.json", "summary.json"]


def test_who_finds_a_finished_stage_clears_up(cut):
    (cut / "summary.json").write_text(json.dumps({"steps": 4}))
    assert finished(cut) == {"steps": 4}
    assert names(cut) == ["checkpoints/step-0000004/config.json", "summary.json"]
