"""`interplay rl` as a user runs it: a job file and a checkpoint, a folder that belongs to them."""

import json
import sys

import pytest
from tiny_rl import SHAPE, tiny_config, tiny_pool, tiny_tokenizer

from interplay.cli import main
from interplay.model.build import build
from interplay.rl.job import RLJob
from interplay.train.runtime import Runtime


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("start") / "checkpoint"
    tokenizer = tiny_tokenizer(tiny_pool())
    tokenizer.save_pretrained(folder)
    build(SHAPE, len(tokenizer), 0, eos_token_id=tokenizer.eos_token_id).save_pretrained(folder)
    return folder


def call(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["interplay", "rl", *map(str, words)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return (stopped.value.code or 0, *capsys.readouterr())


def job_file(folder, checkpoint, **changes):
    config = type(tiny_config(tiny_pool())).model_validate(
        tiny_config(tiny_pool()).model_dump() | {"steps": 2} | changes
    )
    path = folder / f"job{len(list(folder.glob('job*')))}.json"
    path.write_text(RLJob(config=config, start=checkpoint, runtime=Runtime(device="cpu")).model_dump_json())
    return path


def test_a_job_runs_to_its_summary_and_its_folder_refuses_another(monkeypatch, capsys, tmp_path, checkpoint):
    job = job_file(tmp_path, checkpoint)
    code, out, _ = call(monkeypatch, capsys, job, tmp_path / "out", "--set", "threads=1")
    assert code == 0
    assert json.loads(out.splitlines()[-1])["steps"] == 2
    assert call(monkeypatch, capsys, job, tmp_path / "out")[0] == 0, "the same job again finds its result"
    record = tmp_path / "out" / "metrics.jsonl"
    whole = record.read_bytes()
    record.write_bytes(whole[:-2])
    code, _, err = call(monkeypatch, capsys, job, tmp_path / "out")
    assert (code, "finished, but damaged" in err, "metrics.jsonl" in err) == (2, True, True)
    record.write_bytes(whole)
    other = job_file(tmp_path, checkpoint, seed=5)
    code, _, err = call(monkeypatch, capsys, other, tmp_path / "out")
    assert code == 2
    assert "holds another job" in err
    assert "config differ" in err


def test_a_tokenizer_that_cannot_be_used_is_one_line_and_takes_no_folder(monkeypatch, capsys, tmp_path, checkpoint):
    tokenizer = tiny_tokenizer(tiny_pool())
    tokenizer.save_pretrained(tmp_path / "small")
    build(SHAPE, len(tokenizer) - 30, 0, eos_token_id=tokenizer.eos_token_id).save_pretrained(tmp_path / "small")
    code, _, err = call(monkeypatch, capsys, job_file(tmp_path, tmp_path / "small"), tmp_path / "out")
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert f"has the id {len(tokenizer) - 1}, the model knows 0..{len(tokenizer) - 31}" in err
    unpadded = tiny_tokenizer(tiny_pool())
    unpadded.pad_token = None
    unpadded.save_pretrained(tmp_path / "small")
    build(SHAPE, len(tokenizer), 0, eos_token_id=tokenizer.eos_token_id).save_pretrained(tmp_path / "small")
    code, _, err = call(monkeypatch, capsys, job_file(tmp_path, tmp_path / "small"), tmp_path / "out")
    assert (code, "the tokenizer has no pad token" in err) == (2, True)
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_with_other_content_at_the_same_path_is_another_job(monkeypatch, capsys, tmp_path, checkpoint):
    import shutil

    start = shutil.copytree(checkpoint, tmp_path / "start")
    job = job_file(tmp_path, start)
    assert call(monkeypatch, capsys, job, tmp_path / "out")[0] == 0
    tokenizer = tiny_tokenizer(tiny_pool())
    build(SHAPE, len(tokenizer), 1, eos_token_id=tokenizer.eos_token_id).save_pretrained(start)
    code, _, err = call(monkeypatch, capsys, job, tmp_path / "out")
    assert (code, "start differ" in err) == (2, True)


def test_what_is_missing_is_one_line_and_claims_nothing(monkeypatch, capsys, tmp_path, checkpoint):
    code, _, err = call(monkeypatch, capsys, tmp_path / "none.json", tmp_path / "out")
    assert (code, "none.json cannot be read" in err) == (2, True)
    code, _, err = call(monkeypatch, capsys, job_file(tmp_path, tmp_path / "nowhere"), tmp_path / "out")
    assert code == 2
    assert not (tmp_path / "out").exists()
    assert call(monkeypatch, capsys)[0] == 2


def test_the_example_is_a_job(monkeypatch, capsys):
    code, out, _ = call(monkeypatch, capsys, "--example", "micro")
    assert code == 0
    assert RLJob.model_validate_json(out).config.steps > 0
