"""Live curves in a tracker: `--track trackio|wandb|tensorboard` sends what stages write to `metrics.jsonl`, as they write it.

A thread of the command follows the files; the stages themselves know nothing of it. So every executor is tracked alike, worker
processes and cluster jobs too, the numbers are the same as in the file, and a tracker that fails ends no training.

A run that is cut and goes on continues its curve: a stage writes some steps anew then, and those that were sent are not
sent again. What was sent is noted in `.tracked.json` beside the metrics. Trackers work offline unless told otherwise by their
own settings (`WANDB_MODE=online`, for instance); no account is needed.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from interplay.extras import need
from interplay.files import write_json

TrackerName = Literal["trackio", "wandb", "tensorboard"]
POLL_S = 2.0
SENT = ".tracked.json"
METRICS = "metrics.jsonl"


class Curve(Protocol):
    """One run in a tracker."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Add a point to every metric's curve."""

    def finish(self) -> None:
        """Write what is still held back."""


def check_tracker(name: str) -> None:
    """Raises ValueError for an unknown tracker; an empty name asks for none."""
    if name and name not in get_args(TrackerName):
        raise ValueError(f"--track must be one of {', '.join(get_args(TrackerName))}, got {name!r}")


def tracker(name: str, project: str, folder: Path) -> Callable[[str], Curve]:
    """How to open a run of that tracker, by the run's name; files go to `folder` where a tracker lets us choose.

    Raises ValueError for an unknown tracker, or one that is not installed or broken: before the run, not at its first step.
    """
    check_tracker(name)
    if name == "trackio":
        os.environ.setdefault("TRACKIO_DIR", str(folder.resolve() / "trackio"))  # read when trackio is imported
    library = need("torch.utils.tensorboard" if name == "tensorboard" else name)
    makers: dict[str, Callable[[Any, str, str, Path], Curve]] = {
        "trackio": _Trackio,
        "wandb": _Wandb,
        "tensorboard": _Tensorboard,
    }
    return lambda run: makers[name](library, project, run, folder)


@contextmanager
def following(folders: Mapping[str, Path], open_run: Callable[[str], Curve], poll_s: float = POLL_S) -> Iterator[None]:
    """While the block runs, send new lines of every folder's metrics; at its end the last ones, however it ends."""
    followed = [_Followed(name, folder, open_run) for name, folder in folders.items()]
    stop = threading.Event()

    def follow() -> None:
        while not stop.wait(poll_s):
            for each in followed:
                each.send_new()

    thread = threading.Thread(target=follow, name="track", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for each in followed:
            each.send_new()
            each.finish()


class _Followed:
    """One stage's metrics file and its curve, opened at the first line that is new."""

    def __init__(self, name: str, folder: Path, open_run: Callable[[str], Curve]) -> None:
        self.name, self.folder, self.open_run = name, folder, open_run
        self.curve: Curve | None = None
        self.last_step = _last_sent(folder)

    def send_new(self) -> None:
        """Send the whole lines beyond the last step that was sent."""
        rows = [row for row in _whole_rows(self.folder / METRICS) if row["step"] > self.last_step]
        if not rows:
            return
        self.curve = self.curve or self.open_run(self.name)
        for row in rows:
            numbers = {
                key: float(value)
                for key, value in row.items()
                if key != "step" and isinstance(value, int | float) and not isinstance(value, bool)
            }
            self.curve.log(numbers, row["step"])
            self.last_step = row["step"]
        write_json(self.folder / SENT, {"last_step": self.last_step})

    def finish(self) -> None:
        if self.curve is not None:
            self.curve.finish()


def _last_sent(folder: Path) -> int:
    try:
        return int(json.loads((folder / SENT).read_text())["last_step"])
    except (OSError, ValueError, KeyError, TypeError):
        return -1


def _whole_rows(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    except OSError:
        return []
    return [row for line in lines if isinstance(row := json.loads(line), dict) and "step" in row]


class _Run:
    """A run of a tracker that takes many metrics at once."""

    run: Any

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        self.run.log(dict(metrics), step=step)

    def finish(self) -> None:
        self.run.finish()


class _Trackio(_Run):
    def __init__(self, trackio: Any, project: str, run: str, folder: Path) -> None:
        self.run = trackio.init(
            project=project, name=run, resume="allow", embed=False, auto_log_cpu=False, auto_log_gpu=False
        )


class _Wandb(_Run):
    def __init__(self, wandb: Any, project: str, run: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.run = wandb.init(
            project=project, name=run, id=run.replace("/", "-"), dir=str(folder), resume="allow", reinit="create_new",
            mode=os.environ.get("WANDB_MODE", "offline"),
        )  # fmt: skip


class _Tensorboard:
    def __init__(self, tensorboard: Any, project: str, run: str, folder: Path) -> None:
        self.writer = tensorboard.SummaryWriter(log_dir=str(folder / "tensorboard" / run.replace("/", "-")))

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        for name, value in metrics.items():
            self.writer.add_scalar(name, value, step)

    def finish(self) -> None:
        self.writer.close()
