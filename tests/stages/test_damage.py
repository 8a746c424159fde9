"""A published file that is not what it was: 1 found before the stage is used, named in a line, and the stage made again in
the same bytes; 2 a note of the result that cannot be read is none; 3 `store check`, `drop` and `path`."""

import json

import pytest
from steps import step
from typer.testing import CliRunner

from interplay.cli import app
from interplay.stages.display import Display
from interplay.stages.execute import Here
from interplay.stages.lock import hold
from interplay.stages.run_stages import run_stages
from interplay.stages.store import entries

HARM = {
    "a missing file": lambda folder: (folder / "made.txt").unlink(),
    "a file cut short": lambda folder: (folder / "made.txt").write_text("made"),
    "a changed letter": lambda folder: (folder / "made.txt").write_text("made by rooT"),
    "a link out of the store": lambda folder: relink(folder / "made.txt"),
    "no summary": lambda folder: (folder / "summary.json").unlink(),
    "half a summary": lambda folder: (folder / "summary.json").write_text('{"name'),
    "no manifest": lambda folder: (folder / "published.json").unlink(),
    "a garbled manifest": lambda folder: (folder / "published.json").write_bytes(b"\xff{"),
}
NOTES = {"empty": b"", "cut": b"\x80\x04\x95", "no pickle": b"garbage\n", "another object": b"\x80\x04N."}


def relink(path):
    path.unlink()
    (path.parent.parent / "elsewhere.txt").write_text("made by rooT")
    path.symlink_to(path.parent.parent / "elsewhere.txt")


def run(store):
    stages = [root := step(store, "root"), step(store, "end", first=root)]
    return run_stages(stages, Here(), Display(2, live=False)), stages


def files(stages):
    names = ("made.txt", "summary.json", "published.json")
    return {(stage.name, name): (stage.folder / name).read_bytes() for stage in stages for name in names}


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_stage_is_named_and_made_again(harm, tmp_path, capsys):
    _, stages = run(tmp_path)
    root, end = stages
    before = files(stages)
    HARM[harm](root.folder)
    assert not root.cached
    assert root.made() == {"name": "root", "wall_s": 1.0}  # as a stage that starts from it asks
    HARM[harm](root.folder)
    capsys.readouterr()
    ran, _ = run(tmp_path)
    said = "".join(capsys.readouterr().err.split())
    assert ran.ran == [root.address]
    assert ran.cached == [end.address]
    assert f"{root.address}rootismadeagain:{root.folder}" in said
    assert files(stages) == before
    assert not (root.folder / "made.txt").is_symlink()


@pytest.mark.parametrize("note", NOTES)
def test_a_note_that_cannot_be_read_is_none(note, tmp_path):
    _, stages = run(tmp_path)
    (stages[0].folder / "job.pkl").write_bytes(NOTES[note])
    before = files(stages)
    ran, _ = run(tmp_path)
    assert ran.ran == [stages[0].address]
    assert stages[0].cached
    assert files(stages) == before
    assert len((stages[0].folder / "attempts.jsonl").read_text().splitlines()) == 1  # the work was not done again


def ask(*words):
    return CliRunner().invoke(app, ["store", *map(str, words)])


def test_check_reads_every_digest_of_a_store(tmp_path):
    _, (root, _) = run(tmp_path)
    whole = ask("check", "--store", tmp_path)
    assert (whole.exit_code, whole.stdout) == (0, "")
    HARM["a changed letter"](root.folder)
    found = ask("check", "--store", tmp_path)
    assert found.exit_code == 1
    assert found.stdout.startswith(f"{root.address}  {root.folder / 'made.txt'} does not have the digest")
    told = json.loads(ask("check", "--store", tmp_path, "--json").stdout.splitlines()[0])
    assert told["checked"] == 2
    assert list(told["damaged"]) == [root.address]


def test_check_names_every_damaged_file(tmp_path):
    _, (root, _) = run(tmp_path)
    (root.folder / "optional.txt").write_text("beside")
    manifest = json.loads((root.folder / "published.json").read_text())
    (root.folder / "published.json").write_text(json.dumps({**manifest, "gone.txt": {"bytes": 1, "sha256": ""}}))
    HARM["a changed letter"](root.folder)
    (root.folder / "summary.json").write_text("{ }")
    found = ask("check", "--store", tmp_path)
    assert found.exit_code == 1
    named = [line.split("  ")[1].split(" ")[0] for line in found.stdout.splitlines()]
    assert {path.rpartition("/")[2] for path in named} == {"made.txt", "gone.txt", "summary.json"}
    assert "1 damaged, 3 files" in found.stderr


def test_path_and_drop_take_a_stage_or_a_study(tmp_path):
    _, (root, end) = run(tmp_path)
    (tmp_path / "studies" / "one").mkdir(parents=True)
    assert ask("path", root.address, "--store", tmp_path).stdout.strip() == str(root.folder)
    assert ask("path", "one", "--store", tmp_path).stdout.strip() == str(tmp_path / "studies" / "one")
    assert ask("drop", end.address, "--store", tmp_path).exit_code == 0
    assert ask("drop", "one", "--store", tmp_path).exit_code == 0
    assert [entry.address for entry in entries(tmp_path)] == [root.address]
    assert not (tmp_path / "studies" / "one").exists()
    for outside in ("..", "../" + tmp_path.name, str(tmp_path), "."):
        assert isinstance(ask("drop", outside, "--store", tmp_path).exception, ValueError)
    with hold(root.folder):
        assert isinstance(ask("drop", root.address, "--store", tmp_path).exception, ValueError)
    assert root.folder.is_dir()


SAID = {
    "lost": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "of another": lambda path: path.write_bytes(path.read_bytes().replace(b"root", b"r00t")),
    "garbage": lambda path: path.write_bytes(b"\xff\0{"),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


UNREAD = {("of another", "full-uid.yaml"), *((harm, "config.yaml") for harm in ("empty", "of another", "garbage"))}


@pytest.mark.parametrize(
    ("harm", "name"),
    [(h, n) for h in SAID for n in ("stage.json", "uid.yaml", "full-uid.yaml", "config.yaml") if (h, n) not in UNREAD],
)
def test_what_a_finished_stage_says_of_itself_is_put_back(harm, name, tmp_path):
    _, (root, _) = run(tmp_path)
    before = (root.folder / name).read_bytes()
    SAID[harm](root.folder / name)
    ran, _ = run(tmp_path)
    assert ran.ran == []
    assert (root.folder / name).read_bytes() == before


def test_a_list_of_attempts_may_be_garbage(tmp_path):
    _, (root, _) = run(tmp_path)
    (root.folder / "attempts.jsonl").write_bytes(b"\xff\n\xfe")
    assert ask("ls", "--store", tmp_path).exit_code == 0
