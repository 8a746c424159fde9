"""What is let in and out: 1 a stage that another user noted is refused unless asked, 2 nothing is world-writable, 3 names and
paths in SLURM scripts are quoted, 4 `push` never prints a token."""

import json
import os
import stat
import subprocess
import sys

import pytest
from typer.testing import CliRunner

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "stages"))
from steps import step

from interplay.interop import hub
from interplay.stages.resources import Resources
from interplay.stages.slurm import parameters
from interplay.stages.trust import TRUST, check_owner


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_note_of_another_user_is_refused_unless_asked(tmp_path, monkeypatch):
    stage = step(tmp_path, "root")
    stage.run()
    assert stage.cached
    os.chown(stage.folder / "job.pkl", 12345, -1)
    with pytest.raises(ValueError, match=f"made by another user .user 12345.*{TRUST}=1"):
        stage.cached  # noqa: B018
    monkeypatch.setenv(TRUST, "1")
    assert stage.cached


def test_what_root_made_and_what_is_not_there_is_no_other_users(tmp_path, monkeypatch):
    (tmp_path / "note").touch()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    if (tmp_path / "note").stat().st_uid == 0:
        check_owner(tmp_path / "note")
    check_owner(tmp_path / "nothing")


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_nothing_is_world_writable(umask, tmp_path):
    before = os.umask(umask)
    try:
        step(tmp_path / "store", "root").run()
    finally:
        os.umask(before)
    modes = {
        path: stat.S_IMODE(path.lstat().st_mode) for path in (tmp_path / "store").rglob("*") if not path.is_symlink()
    }
    assert len(modes) > 5
    assert not [path for path, mode in modes.items() if mode & umask]


ODD = "a b'c\"d$(touch executed)`touch executed`;&|löwe"


def test_what_a_job_is_called_and_where_it_lies_is_quoted_in_its_script(tmp_path, monkeypatch):
    """The script is run with stand-ins for srun and python, which write down what reached them."""
    from submitit.slurm.slurm import _make_sbatch_string

    folder = tmp_path / ODD
    folder.mkdir()
    asked = Resources(partition=ODD, account=ODD, extra={"comment": ODD})
    named = parameters(asked, "pretrain-0123456789", 2)
    del named["use_srun"]
    tools = tmp_path / "tools"
    tools.mkdir()
    write = (
        f"#!{sys.executable}\nimport json, sys\njson.dump(sys.argv[1:], open({str(tmp_path / 'argv.json')!r}, 'w'))\n"
    )
    (tools / "srun").write_text(write)
    (tools / "srun").chmod(0o755)
    script = _make_sbatch_string(
        command=f"{sys.executable} -m submitit.core._submit '{str(folder).replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'",
        folder=folder, map_count=None, **named,
    )  # fmt: skip
    flags = [line for line in script.splitlines() if line.startswith("#SBATCH")]
    assert any(line.startswith("#SBATCH --job-name=pretrain-0123456789") for line in flags)
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "executed").exists()
    reached = json.loads((tmp_path / "argv.json").read_text())
    assert reached[-1] == str(folder)
    assert any(word.startswith(str(folder)) for word in reached[:-1])  # --output


SECRET = "hf_" + "Z9x" * 11
OTHER = "secret-of-another-form"


@pytest.mark.parametrize(
    "said", [f"401 with Authorization: Bearer {SECRET}", f"no access for {OTHER}", f"bad token {SECRET}"]
)
def test_push_never_prints_a_token(said, tmp_path, monkeypatch):
    class Api:
        def create_repo(self, *_, **__):
            raise OSError(said)

    from interplay.cli import app

    monkeypatch.setenv("HF_TOKEN", OTHER)
    monkeypatch.setattr(hub, "HfApi", Api)
    monkeypatch.setattr(hub, "plan_upload", lambda *_: {"config.json": 1})
    (tmp_path / "model").mkdir()
    ended = CliRunner().invoke(app, ["push", str(tmp_path / "model"), "me/model"])
    told = ended.output + repr(ended.exception)
    assert "the Hub refused me/model" in told
    assert SECRET not in told
    assert OTHER not in told
