"""What `interplay push` sends, what it refuses, and that nothing is sent without being asked. No test reaches a network."""

import sys

import pytest
from huggingface_hub.errors import LocalTokenNotFoundError

from interplay.cli import main
from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, train_tokenizer
from interplay.interop.hub import plan_upload, upload
from interplay.model.build import build
from interplay.model.sizes import ModelConfig
from interplay.train.publish import publish


class Hub:
    """Remembers what it was asked."""

    def __init__(self, error=None):
        self.created, self.sent, self.error = [], [], error

    def create_repo(self, repo, **options):
        if self.error:
            raise self.error
        self.created.append((repo, options))
        return f"https://huggingface.co/{repo}"

    def upload_folder(self, **options):
        self.sent.append(options)


@pytest.fixture
def checkpoint(tmp_path):
    stream = Stream(world=World(style="terse"), mixture=Mixture.uniform([2]))
    tokenizer = train_tokenizer(TokenizerConfig(stream=stream, vocab_size=300, documents=10))
    shape = ModelConfig(layers=1, hidden=8, ffn=8, heads=2, kv_heads=1, max_positions=32)
    publish(build(shape, len(tokenizer), 0), tokenizer, tmp_path / "step-1")
    return tmp_path / "step-1"


def test_a_checkpoint_is_sent_whole_and_privately(checkpoint):
    files, hub = plan_upload(checkpoint, "me/base"), Hub()
    assert {"README.md", "config.json", "model.safetensors", "tokenizer.json", "manifest.json"} <= set(files)
    assert upload(checkpoint, "me/base", files, api=hub) == "https://huggingface.co/me/base"
    assert hub.created == [("me/base", {"private": True, "exist_ok": True, "repo_type": "model"})]
    (sent,) = hub.sent
    assert (sent["repo_id"], sent["folder_path"]) == ("me/base", str(checkpoint))
    assert sent["allow_patterns"] == sorted(files)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda f: (f / "optimizer.pt").write_bytes(b"x"), "may hold pickled code"),
        (lambda f: (f / "README.md").unlink(), "README.md is missing"),
        (lambda f: (f / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda f: (f / "model.safetensors").write_bytes(b"x"), "damaged checkpoint: .* has 1 bytes"),
        (lambda f: (f / "link").symlink_to("config.json"), "is a link"),
    ],
)
def test_what_is_no_whole_checkpoint_is_refused(checkpoint, harm, said):
    harm(checkpoint)
    with pytest.raises(ValueError, match=said):
        plan_upload(checkpoint, "me/base")


def test_what_the_manifest_does_not_list_stays_here(checkpoint, capsys):
    (checkpoint / "notes.txt").write_text("my own")
    files = plan_upload(checkpoint, "me/base")
    assert "notes.txt" not in files
    assert {"manifest.json", "model.safetensors"} <= set(files)
    assert "notes.txt" in capsys.readouterr().err


@pytest.mark.parametrize("repo", ["base", "me/base/more", "me/ba se", ""])
def test_a_name_that_is_none_is_refused(checkpoint, repo):
    with pytest.raises(ValueError, match="OWNER/NAME"):
        plan_upload(checkpoint, repo)


def test_who_is_not_logged_in_is_told_so(checkpoint):
    with pytest.raises(ValueError, match="hf auth login"):
        upload(checkpoint, "me/base", {}, api=Hub(LocalTokenNotFoundError("no token")))


def test_a_dry_run_lists_the_files_and_sends_nothing(checkpoint, monkeypatch, capsys):
    def pushed(*arguments):
        monkeypatch.setattr(sys, "argv", ["interplay", "push", *arguments])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
        return code, capsys.readouterr()

    code, said = pushed(str(checkpoint), "me/base", "--dry-run")
    assert code == 0, said.err
    assert "model.safetensors" in said.out
    assert said.out.splitlines()[-1].endswith("bytes to me/base, private; nothing was sent")
    code, said = pushed("nowhere", "me/base")
    assert (code, said.err) == (
        2,
        "error: no checkpoint 'nowhere': no such folder, and there is no store store to look into\n",
    )
