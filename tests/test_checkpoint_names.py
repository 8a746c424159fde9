"""Every command that takes a checkpoint takes its folder, that of what made it, and a stage by address or label."""

import json
import shutil

import pytest

import interplay
from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, train_tokenizer
from interplay.model.build import build
from interplay.model.sizes import ModelConfig
from interplay.stages.named import named_checkpoint
from interplay.train.publish import publish
from test_cli import call

LABEL = "pre-training of base 0"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store with a stage that trained (two checkpoints, one half-written), one that is not finished, and an evaluation."""
    root = tmp_path_factory.mktemp("made")
    stream = Stream(world=World(style="terse", locations=2, entities=3, names=4), mixture=Mixture.uniform([2, 3]))
    tokenizer = train_tokenizer(TokenizerConfig(stream=stream, vocab_size=400, documents=100))
    model = build(ModelConfig(layers=1, hidden=16, ffn=32, heads=2, kv_heads=2), len(tokenizer), 0)
    base = root / "store" / "pretrain" / "0123456789"
    for step in ("step-0000009", "step-0000010"):
        publish(model, tokenizer, base / "checkpoints" / step)
    (base / "checkpoints" / "step-0000011").mkdir()
    identity = {"config": {}, "version": "1"}
    for address, label in (
        ("pretrain/0123456789", LABEL), ("rl/0123456789", "RL of base on edge 0"), ("tokenizer/aaaaaaaaaa", "tokenizer")
    ):  # fmt: skip
        folder = root / "store" / address
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "stage.json").write_text(json.dumps({"address": address, "label": label, **identity}))
    (base / "summary.json").write_text("{}")
    rows = interplay.dataset(op=2, n=3, style="terse", locations=2, entities=3, names=4)
    rows.write(root / "rows.jsonl")
    return root


NAMES = ["pretrain/0123456789", "pretrain/01", "pretrain", LABEL, "{base}", "{base}/checkpoints/step-0000010"]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_leads_to_the_last_checkpoint(made, name, monkeypatch):
    base = made / "store" / "pretrain" / "0123456789"
    last = base / "checkpoints" / "step-0000010"
    assert named_checkpoint(name.format(base=base), made / "store") == last
    monkeypatch.chdir(made)
    assert named_checkpoint(name.format(base=base)).resolve() == last


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "no checkpoint 'nowhere': no such folder; in the store"),
        ("0123456789", "ambiguous"),
        ("tokenizer", "holds no checkpoint"),
        ("RL of base on edge 0", "holds no checkpoint"),
        ("{root}/store", "is a store, not a checkpoint"),
    ],
)
def test_a_name_that_leads_to_none_is_one_line(made, name, message):
    with pytest.raises(ValueError, match=message):
        named_checkpoint(name.format(root=made), made / "store")


@pytest.mark.parametrize("name", ["pretrain/01", LABEL, "store/pretrain/0123456789"])
def test_the_commands_take_it(made, name, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(made)
    words = ["--data", "rows.jsonl", "--samples", "1", "--k", "1", "--max-new-tokens", "8", "--no-gold"]
    code, out, _ = call(monkeypatch, capsys, "eval", name, *words, "--out", str(tmp_path / "eval"))
    assert code == 0
    assert json.loads(out)["problems"] == 3
    code, out, _ = call(monkeypatch, capsys, "push", name, "me/base", "--dry-run")
    assert (code, "model.safetensors" in out) == (0, True)
    code, out, _ = call(monkeypatch, capsys, "store", "path", name.removeprefix("store/"), "--checkpoint")
    assert (code, out.strip()) == (0, "store/pretrain/0123456789/checkpoints/step-0000010")


def test_the_api_takes_it(made):
    rows = interplay.Dataset.read(made / "rows.jsonl")
    by_name, by_folder = (
        interplay.sample(name, rows, max_new_tokens=8, store=made / "store")
        for name in (LABEL, made / "store" / "pretrain" / "0123456789")
    )
    assert by_name == by_folder
    summary = interplay.evaluate(LABEL, rows, samples=1, max_new_tokens=8, store=made / "store")
    assert summary["problems"] == 3


def test_rl_starts_from_it(made, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(made)
    _, out, _ = call(monkeypatch, capsys, "rl", "--example", "micro", "--start", LABEL)
    job = json.loads(out)
    assert job["start"] == LABEL
    started = []
    monkeypatch.setattr("interplay.rl.job.run_rl_job", lambda job, out: started.append(job.start) or {})
    (tmp_path / "rl.json").write_text(out)
    assert call(monkeypatch, capsys, "rl", str(tmp_path / "rl.json"), str(tmp_path / "out"))[0] == 0
    assert (
        call(monkeypatch, capsys, "rl", str(tmp_path / "rl.json"), str(tmp_path / "out"), "--start", "nowhere")[0] == 2
    )
    assert [path.name for path in started] == ["step-0000010"]


def test_problems_that_are_none_are_said(made):
    for problems, message in (
        (["text"], "problem 1 is a str"),
        ("text", "problems are a list of rows or problems, got str"),
        ([*interplay.dataset(n=1), {"op": 3}], "row 2: the field 'problem' is missing"),
    ):
        with pytest.raises(ValueError, match=message):
            interplay.sample(LABEL, problems, store=made / "store")


def test_a_store_that_is_none_is_said(made, monkeypatch, capsys):
    for folder, message in (("rows.jsonl", "is no folder"), ("nowhere", "no such store")):
        assert message in call(monkeypatch, capsys, "store", "ls", "--store", str(made / folder))[2]
    other = made / "other"
    shutil.rmtree(other, ignore_errors=True)
    other.mkdir()
    assert call(monkeypatch, capsys, "store", "ls", "--store", str(other))[0] == 0
    (other / "file").write_text("")
    for words in (["ls"], ["check"], ["gc"], ["path", "x"], ["drop", "x"], ["show", "x"], ["diff", "x", "y"]):
        code, _, err = call(monkeypatch, capsys, "store", *words, "--store", str(other))
        assert (code, "is no store: no stage and no study lies in it" in err) == (2, True), words
    code, _, err = call(monkeypatch, capsys, "run", "quickstart", "--plan", "--store", str(made / "rows.jsonl"))
    assert (code, "is no folder" in err) == (2, True)
