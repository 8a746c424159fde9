"""Writing files: 1 whole or not at all, with nothing left behind, 2 what a killed writer left is cleared by the next one
and what another one is writing is not, 3 readable as the umask says, 4 a full disk is one line."""

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from interplay import files
from interplay.files import (
    OutOfSpaceError,
    clear,
    discard,
    remove,
    settle,
    shared_staging,
    space_for,
    staged,
    staged_folder,
)
from interplay.train.checkpoint import sealed
from torture.disks import like_anybody

TABLE = pa.table({"n": [1, 2]})
WRITERS = {
    "text": lambda path, good: files.write_text(path, "new" if good else None),
    "bytes": lambda path, good: files.write_bytes(path, b"new" if good else "no bytes"),
    "json": lambda path, good: files.write_json(path, ["new"] if good else {1j}),
    "jsonl": lambda path, good: files.write_jsonl(path, ["new", 1] if good else ["new", {1j}]),
    "csv": lambda path, good: files.write_csv(path, ["a"], [{"a": 1}, {"a" if good else "b": 2}]),
    "table": lambda path, good: files.write_table(path, TABLE if good else "no table"),
}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_is_whole_or_what_it_was(kind, tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises((TypeError, AttributeError, ValueError)):
        WRITERS[kind](path, False)
    assert path.read_text() == "old"
    assert WRITERS[kind](path, True) == path
    assert path.read_bytes() != b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_never_takes_the_place_of_a_folder(kind, tmp_path):
    path = tmp_path / "file"
    path.mkdir()
    (path / "mine").write_text("kept")
    with pytest.raises(ValueError, match="is a folder; a file is to be written under this name"):
        WRITERS[kind](path, True)
    assert names(tmp_path) == ["file"]
    assert (path / "mine").read_text() == "kept"


def test_what_is_written_is_what_is_read(tmp_path):
    assert files.write_json(tmp_path / "a", {"ä": 1}).read_bytes() == '{\n "ä": 1\n}\n'.encode()
    assert files.write_jsonl(tmp_path / "b", [{"ä": "\n"}, 2]).read_bytes() == '{"ä": "\\n"}\n2\n'.encode()
    assert files.write_csv(tmp_path / "c", ["x", "y"], [{"x": 'a"', "y": "1\r\n2"}]).read_bytes() == (
        b'x,y\n"a""","1\r\n2"\n'
    )
    assert pq.read_table(files.write_table(tmp_path / "d", TABLE)) == TABLE


def test_a_folder_takes_the_place_of_an_older_one_or_leaves_it(tmp_path):
    target = tmp_path / "deep" / "folder"
    for content in ("one", "two"):
        with staged_folder(target) as staging:
            (staging / "inside").mkdir()
            (staging / "inside" / "file").write_text(content)
    with pytest.raises(FileNotFoundError), staged_folder(target) as staging:
        (staging / "half" / "nowhere").write_text("half")
    assert (target / "inside" / "file").read_text() == "two"
    assert names(target) == ["inside"]
    assert names(target.parent) == ["folder"]


def test_what_a_killed_writer_left_goes_and_what_another_one_is_writing_stays(tmp_path):
    program = (
        "import sys; from pathlib import Path; from interplay.files import staged, staged_folder\n"
        "write = staged if sys.argv[2] == 'file' else staged_folder\n"
        "with write(Path(sys.argv[1])) as staging:\n  print(staging.name, flush=True); sys.stdin.readline()\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    for kind, write in (("file", staged), ("folder", staged_folder)):
        folder = tmp_path / kind
        folder.mkdir()
        other = subprocess.Popen(
            [sys.executable, "-c", program, str(folder / "a-b"), kind],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        left = other.stdout.readline().strip()
        with write(folder / "a-b"):
            assert left in names(folder)
        clear(folder)
        assert names(folder) == sorted([left, "a-b"])
        other.send_signal(signal.SIGKILL)
        other.communicate()
        with write(folder / "b"):
            assert left in names(folder)  # another target's
        with write(folder / "a-b"):
            assert left not in names(folder)
        assert names(folder) == ["a-b", "b"]


def test_what_several_write_together_is_settled_by_one(tmp_path):
    staging = shared_staging(tmp_path / "together")
    staging.mkdir()
    (staging / "part").touch()
    assert staging == shared_staging(tmp_path / "together")
    settle(staging, tmp_path / "together")
    assert names(tmp_path / "together") == ["part"]
    shared_staging(tmp_path / "cut").mkdir()
    clear(tmp_path)
    discard(tmp_path / "together")
    assert names(tmp_path) == []


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_files_are_as_readable_as_the_umask_says_whoever_wrote_them(umask, mode, tmp_path):
    before = os.umask(umask)
    try:
        with sealed(tmp_path / "checkpoint") as staging:
            save_file({"weight": torch.zeros(2)}, staging / "model.safetensors")
            (staging / "model.safetensors").chmod(0o600)  # as some versions of it do
        files.write_table(tmp_path / "table.parquet", TABLE)
    finally:
        os.umask(before)
    paths = [*(tmp_path / "checkpoint").iterdir(), tmp_path / "table.parquet"]
    assert {path.stat().st_mode & 0o777 for path in paths} == {mode}
    assert len(paths) == 3


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        Exception('IoError(Os { code: 28, kind: StorageFull, message: "No space left on device" })'),
        RuntimeError("[enforce fail at inline_container.cc:858] . PytorchStreamWriter failed writing file data/0"),
    ],
)
def test_a_full_disk_is_one_line_that_names_the_path(error, tmp_path):
    said = r"no space left .*/some-file; what was complete before is kept"
    with pytest.raises(OutOfSpaceError, match=said) as caught, space_for(tmp_path), staged(tmp_path / "some-file"):
        raise error
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_what_torch_and_python_raise_on_a_full_device_is_recognised(tmp_path):
    def write_text():
        Path("/dev/full").write_text("x" * 100_000)

    def save():
        torch.save(torch.zeros(100_000), "/dev/full")

    for write in (write_text, save):
        with pytest.raises(OutOfSpaceError), space_for(tmp_path):
            write()


def test_another_error_stays_what_it_is(tmp_path):
    with pytest.raises(PermissionError), staged(tmp_path / "file"):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_a_folder_that_was_closed_to_its_owner_goes(tmp_path):
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    (inner / "file").write_text("")
    (tmp_path / "closed" / "link").symlink_to(tmp_path)
    inner.chmod(0)
    inner.parent.chmod(0)
    process = multiprocessing.get_context("fork").Process(target=remove_like_anybody, args=(tmp_path / "closed",))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert list(tmp_path.iterdir()) == []


def remove_like_anybody(path):
    """Without what lets root pass permissions."""
    like_anybody()
    remove(path)
