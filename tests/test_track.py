"""What stages write to metrics.jsonl reaches a tracker once, also when a run is cut and goes on."""

import json
import sys
from pathlib import Path

import pytest

from interplay.track import following, tracker


class Recorded:
    """A tracker that remembers."""

    def __init__(self):
        self.points, self.finished = [], 0

    def __call__(self, run):
        self.run = run
        return self

    def log(self, metrics, step):
        self.points.append((self.run, step, dict(metrics)))

    def finish(self):
        self.finished += 1


def write(folder: Path, *rows, end="\n"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + end)


def test_every_number_of_a_line_is_a_point_and_a_half_written_line_waits(tmp_path):
    seen = Recorded()
    with following({"rl/1": tmp_path / "a", "rl/2": tmp_path / "b"}, seen, poll_s=0.01):
        write(tmp_path / "a", {"step": 1, "train/loss": 2, "note": "x"}, {"step": 2, "train/loss": 1.5}, end="")
    assert seen.points == [("rl/1", 1, {"train/loss": 2.0})]
    assert seen.finished == 1, "a stage that wrote nothing has no curve"


def test_a_run_that_goes_on_continues_its_curve(tmp_path):
    seen = Recorded()
    with following({"rl/1": tmp_path}, seen):
        write(tmp_path, *({"step": step, "train/loss": step} for step in (1, 2, 3)))
    with following({"rl/1": tmp_path}, seen):  # it fell back to step 2 and went on
        write(tmp_path, *({"step": step, "train/loss": step} for step in (1, 2, 3, 4)))
    assert [step for _, step, _ in seen.points] == [1, 2, 3, 4]


def test_the_last_lines_are_sent_when_the_run_fails(tmp_path):
    seen = Recorded()

    def fail():
        with following({"rl/1": tmp_path}, seen, poll_s=60):
            write(tmp_path, {"step": 1, "train/loss": 1})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert len(seen.points) == seen.finished == 1


def test_an_unknown_tracker_and_one_that_is_not_installed_are_named(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="one of trackio, wandb, tensorboard, got 'mlflow'"):
        tracker("mlflow", "p", tmp_path)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))  # asking for trackio sets it
    for name in ("trackio", "wandb"):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(ValueError, match=f"^{name} is not installed: pip install {name}$"):
            tracker(name, "p", tmp_path)


def test_a_tracker_that_is_broken_is_said_before_the_run(tmp_path, monkeypatch):
    (tmp_path / "wandb.py").write_text("raise ImportError('no protobuf that fits')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    with pytest.raises(ValueError, match=r"^wandb is installed but cannot be imported: no protobuf that fits$"):
        tracker("wandb", "p", tmp_path)


@pytest.mark.interop
@pytest.mark.parametrize("name", ["trackio", "wandb", "tensorboard"])
def test_the_real_trackers_write_offline_and_continue_a_run(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))  # trackio reads it when it is imported
    pytest.importorskip(name)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    for last in (2, 4):
        with following({"rl/1": tmp_path / "stage"}, tracker(name, "interplay-test", tmp_path), poll_s=60):
            write(tmp_path / "stage", *({"step": step, "train/loss": 1.0 / step} for step in range(1, last + 1)))
    made = [path for path in tmp_path.rglob("*") if path.is_file() and "stage" not in path.parts]
    assert sum(path.stat().st_size for path in made) > 0
    if name == "trackio":
        assert _trackio_steps(tmp_path / "trackio") == [1, 2, 3, 4]


def _trackio_steps(folder):
    import sqlite3

    (database,) = folder.glob("*.db")
    with sqlite3.connect(database) as rows:
        return sorted({step for (step,) in rows.execute("select step from metrics")})
