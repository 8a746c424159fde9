"""An output folder belongs to what was asked and to the content of what was read, and to nobody before that was read."""

import json
import shutil

import pytest

from interplay.folder_claim import CLAIM, checkpoint_digests, claim
from interplay.train.publish import finish


@pytest.fixture
def checkpoint(tmp_path):
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    for name in ("model.safetensors", "config.json", "tokenizer.json", "generation_config.json", "manifest.json"):
        (folder / name).write_text(name)
    return folder


def asked(checkpoint, **config):
    return {"config": {"steps": 2, **config}, "start": checkpoint_digests(checkpoint)}


def test_the_same_run_goes_on_wherever_its_inputs_lie(checkpoint, tmp_path):
    claim(tmp_path / "out", asked(checkpoint), "run")
    claim(tmp_path / "out", asked(checkpoint), "run")
    moved = shutil.copytree(checkpoint, tmp_path / "moved")
    claim(tmp_path / "out", asked(moved), "run")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "generation_config.json"])
def test_other_content_at_the_same_path_is_refused(name, checkpoint, tmp_path):
    claim(tmp_path / "out", asked(checkpoint), "run")
    (checkpoint / name).write_text("another")
    with pytest.raises(ValueError, match=r"out holds another run .*: start differ; give a new folder"):
        claim(tmp_path / "out", asked(checkpoint), "run")


def test_another_config_and_results_without_a_claim_are_refused(checkpoint, tmp_path):
    claim(tmp_path / "out", asked(checkpoint), "run")
    with pytest.raises(ValueError, match="config differ"):
        claim(tmp_path / "out", asked(checkpoint, reward="outcome"), "run")
    assert json.loads((tmp_path / "out" / CLAIM).read_text())["config"] == {"steps": 2}
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "summary.json").write_text("{}")
    with pytest.raises(ValueError, match="do not say what they were made of"):
        claim(tmp_path / "old", asked(checkpoint), "run")
    assert not (tmp_path / "old" / CLAIM).exists()


@pytest.mark.parametrize("harm", ["flipped", "cut", "deleted"])
def test_a_finished_folder_that_is_damaged_is_refused_by_name(checkpoint, tmp_path, harm):
    out = tmp_path / "out"
    claim(out, asked(checkpoint), "run")
    record = out / "metrics.jsonl"
    record.write_bytes(b'{"step": 1}')
    finish(out, {"steps": 1}, published=("metrics.jsonl",))
    claim(out, asked(checkpoint), "run")
    whole = record.read_bytes()
    if harm == "deleted":
        record.unlink()
    else:
        record.write_bytes(whole[:-1] if harm == "cut" else bytes([whole[0] ^ 1]) + whole[1:])
    with pytest.raises(ValueError, match=r"out is finished, but damaged: .*metrics\.jsonl .*remove it"):
        claim(out, asked(checkpoint), "run")


def test_a_finished_folder_without_a_manifest_is_called_what_it_is(checkpoint, tmp_path):
    out = tmp_path / "out"
    claim(out, asked(checkpoint), "run")
    (out / "summary.json").write_text("{}")
    with pytest.raises(
        ValueError, match=r"has no published\.json: an older version made it.*give a new folder, or remove"
    ):
        claim(out, asked(checkpoint), "run")


def test_a_damaged_summary_and_a_damaged_claim_are_named(checkpoint, tmp_path):
    out = tmp_path / "out"
    claim(out, asked(checkpoint), "run")
    finish(out, {"steps": 1}, published=())
    (out / "summary.json").write_text("{")
    with pytest.raises(ValueError, match=r"damaged: .*summary\.json has 1 bytes"):
        claim(out, asked(checkpoint), "run")
    (out / CLAIM).write_text("{")
    with pytest.raises(ValueError, match=r"claim\.json is damaged"):
        claim(out, asked(checkpoint), "run")
