"""The command line: fixed names and fields, one clear line and exit code 2 for bad input."""

import json
import subprocess
import sys

import pytest

from interplay.cli import main
from interplay.world.digest import digest
from interplay.world.graph import from_dict


def call(monkeypatch, capsys, *words):
    """(exit code, standard output, standard error) of a command."""
    monkeypatch.setattr(sys, "argv", ["interplay", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    out = capsys.readouterr()
    return stopped.value.code or 0, out.out, out.err


def test_data_sample_prints_rows_and_verify_accepts_them(monkeypatch, capsys, tmp_path):
    code, out, _ = call(
        monkeypatch, capsys, "data", "sample", "--op", "7", "--mode", "reverse", "--n", "3", "--seed", "4"
    )
    assert code == 0
    rows = [json.loads(line) for line in out.splitlines()]
    fields = {"problem", "question", "solution", "op", "id", "template", "mode", "length", "d", "answer", "graph"}
    assert all(fields <= row.keys() and row["op"] == 7 and row["mode"] == "forwardreverse" for row in rows)
    file = tmp_path / "rows.jsonl"
    file.write_text(out + "not json\n[1]\n{}\n")
    code, out, _ = call(monkeypatch, capsys, "verify", str(file), "--candidate-field", "solution")
    assert code == 0
    verdicts = [json.loads(line) for line in out.splitlines()]
    assert [v["index"] for v in verdicts] == list(range(6))
    assert all(v["strict"] and v["exact"] and v["error"] is None for v in verdicts[:3])
    assert all(v["error"].startswith("bad_row: ") for v in verdicts[3:])


BAD = [
    (["run", "nope"], "unknown study 'nope'"),
    (["run", "quickstart", "--scale", "huge"], "unknown scale 'huge'"),
    (["run", "quickstart", "--set", "nope=1"], "no such setting"),
    (["run", "quickstart", "--set", "samples"], "KEY=VALUE"),
    (["run", "quickstart", "--store", "/proc/nowhere"], "cannot be written"),
    (["data", "sample", "--op", "99"], "op must be in"),
    (["data", "sample", "--op", "many"], "--op"),
    (["data", "sample", "--context", "nowhere"], "unknown context 'nowhere'"),
    (["data", "sample", "--mode", "sideways"], "mode must be"),
    (["data", "stats", "/nowhere.jsonl"], "no such file"),
    (["verify", "/nowhere.jsonl"], "no such file"),
    (["verify", "-", "--rule", "nope"], "rule"),
    (["report", "/nowhere"], "no such folder"),
    (["eval", "/nowhere", "--data", "/nowhere.jsonl", "--out", "{tmp}"], "/nowhere"),
    (["compare", "/nowhere", "/nowhere"], "/nowhere"),
    (["bench", "nope"], "unknown benchmark 'nope'"),
    (["train", "/nowhere.json", "{tmp}"], "/nowhere.json cannot be read"),
    (["train"], "train takes JOB and OUT"),
    (["train", "--example", "huge"], "unknown scale 'huge'"),
    (["push", "/nowhere", "me/base"], "no such folder"),
    (["push", "/nowhere", "base"], "OWNER/NAME"),
    (["nope"], "nope"),
]


@pytest.mark.parametrize(
    ("words", "message"), BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_bad_input_is_one_clear_line_and_exit_code_2(monkeypatch, capsys, tmp_path, words, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", iter(["{}\n"]))
    code, _, err = call(monkeypatch, capsys, *(word.format(tmp=tmp_path / "out") for word in words))
    assert code == 2
    assert message in err
    assert err.startswith("error: ")
    assert len(err.strip().splitlines()) == 1


def test_a_truncated_checkpoint_is_one_clear_line(monkeypatch, capsys, tmp_path):
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "qwen2"}')
    (folder / "model.safetensors").write_bytes(b"\x10\x00")
    data = tmp_path / "rows.jsonl"
    data.write_text("")
    code, _, err = call(monkeypatch, capsys, "eval", str(folder), "--data", str(data), "--out", str(tmp_path / "out"))
    assert code == 2
    assert "model.safetensors is truncated" in err


def test_every_command_has_help_with_an_example(monkeypatch, capsys):
    for words in (
        ["run"],
        ["verify"],
        ["eval"],
        ["report"],
        ["bench"],
        ["compare"],
        ["train"],
        ["push"],
        ["data", "sample"],
        ["data", "stats"],
        ["data", "convert"],
    ):
        code, out, _ = call(monkeypatch, capsys, *words, "--help")
        assert code == 0
        assert "Example:" in out, words


def test_importing_the_command_line_is_cheap():
    heavy = subprocess.run(
        [sys.executable, "-c", "import sys, interplay.cli; print([m for m in ('torch', 'transformers') if m in sys.modules])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert heavy.stdout.strip() == "[]"


def test_files_convert_both_ways_and_repeats_are_said(monkeypatch, capsys, tmp_path):
    code, out, err = call(monkeypatch, capsys, "data", "sample", "--op", "1", "--n", "200", "--numbers", "1,1")
    assert code == 0
    distinct = {digest(from_dict(json.loads(line)["graph"])) for line in out.splitlines()}
    assert f"{len(distinct)} distinct problems among the 200 asked for" in err
    (tmp_path / "a.jsonl").write_text(out)
    assert call(monkeypatch, capsys, "data", "convert", f"{tmp_path}/a.jsonl", f"{tmp_path}/b.parquet")[0] == 0
    assert call(monkeypatch, capsys, "data", "convert", f"{tmp_path}/b.parquet", f"{tmp_path}/c.jsonl")[0] == 0
    again = [json.loads(line) for line in (tmp_path / "c.jsonl").read_text().splitlines()]
    assert again == [json.loads(line) for line in out.splitlines()]
    code, out, _ = call(
        monkeypatch, capsys, "data", "stats", f"{tmp_path}/b.parquet", "--against", f"{tmp_path}/a.jsonl"
    )
    assert code == 0
    assert "(100.0%)" in out
