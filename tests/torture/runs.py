"""A command of `interplay` in a forked child, which finds every library loaded: a trial takes seconds, not a minute.

A child is the leader of a session of its own, so that what it started is found however it ended. (What differs from a
process that was started afresh is tried by tests/test_signals.py and tests/test_kill.py.)
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

SETTINGS = {
    "pretrain.tokens": 24_576, "midtrain.tokens": 12_288, "rl.steps": 4, "rl.prompts": 4, "rl.group": 4,
    "rl.reward.kind": "process", "problems": 8, "samples": 2, "ks": "1,2", "tokenizer.documents": 1500,
    "sampling.max_new_tokens": 24, "rl.sampling.max_new_tokens": 24, "model.layers": 1, "model.hidden": 32, "model.ffn": 32,
}  # fmt: skip
WARM = (
    "interplay.cli", "interplay.run_study", "interplay.report.page", "interplay.stages.kinds", "interplay.stages.workers",
    "interplay.train.supervised", "interplay.rl.grpo", "interplay.evals.nll", "interplay.evals.run", "interplay.model.build",
    "interplay.studies.catalogue", "interplay.studies.plan", "transformers.models.qwen2.modeling_qwen2",
    "transformers.trainer", "altair", "vl_convert", "torch._dynamo", "pyarrow.parquet", "scipy.stats",
)  # fmt: skip
GONE_S = 10.0  # how long whatever a stopped command started may live on
LIMIT_S = 600.0

Patch = Callable[[], None]


def warm() -> None:
    """Load what a study loads, and make what it makes of its own code, once."""
    from importlib import import_module

    import torch

    torch.set_num_threads(1)
    for name in WARM:
        import_module(name)
    from interplay.studies.catalogue import make_study
    from interplay.train.runtime import Runtime

    changes = {key: str(value) for key, value in SETTINGS.items()}
    made = make_study("quickstart", "micro", changes, Path("nowhere"), Runtime().changed({}))
    assert all(stage.address for stage in made.stages), "which makes every schema that a run needs"


def study(store: Path, *options: str) -> list[str]:
    """The command line of the tiny study; it saves as often as it can."""
    changes = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    return ["run", "quickstart", "--store", str(store), "--threads", "1", "--save-seconds", "0.05", *options, *changes]


def without_report() -> None:
    """A patch: the page, which takes longer than all stages together, is tried in its own trials alone."""
    import interplay.report.page as page

    page.build_report = lambda folder, out=None: folder / "report.html"


def one_judge() -> None:
    """A patch: a judging worker, which a machine of two cores would not get."""
    import interplay.evals.evaluate as evaluate
    import interplay.rl.grpo as grpo

    evaluate.spare_workers = grpo.spare_workers = lambda *_: 1


class Run:
    """A command that was begun; `said` is what it printed, `code` how it ended (minus the signal that killed it),
    `memory` the most it held."""

    def __init__(self, words: Sequence[str], log: Path, patches: Sequence[Patch] = ()) -> None:
        self.log, self.code, self.memory = log, 0, 0
        self.began = time.monotonic()
        sys.stdout.flush()
        self.pid = os.fork()
        if not self.pid:
            _child(words, log, patches)

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def last(self) -> str:
        lines = self.said.strip().splitlines()
        return lines[-1] if lines else ""

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        if self.pid and (found := os.wait4(self.pid, os.WNOHANG))[0]:
            self.memory = found[2].ru_maxrss * 1024
            self._note(found[1])
        return bool(self.pid)

    def _note(self, status: int) -> None:
        self.session, self.pid = self.pid, 0
        self.code = os.waitstatus_to_exitcode(status)

    def send(self, number: int) -> None:
        if self.alive:
            os.kill(self.pid, number)

    def wait(self, limit_s: float = LIMIT_S) -> int:
        """Its exit code; a command that hangs is killed and gives -9."""
        limit = time.monotonic() + limit_s
        while self.alive:
            if not self._ends_within(max(0.0, limit - time.monotonic())):
                self.send(signal.SIGKILL)
        return self.code

    def _ends_within(self, seconds: float) -> bool:
        """Wait without a look every few milliseconds, which would take from what is waited for."""
        ending = os.pidfd_open(self.pid)
        try:
            return bool(select.select([ending], [], [], seconds)[0])
        finally:
            os.close(ending)

    def orphans(self, limit_s: float = GONE_S) -> list[str]:
        """Processes of its session that live on for so long after it; they are killed."""
        limit = time.monotonic() + limit_s
        while (left := _in_session(self.session)) and time.monotonic() < limit:
            time.sleep(0.02)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return [f"process {pid} outlived its run" for pid in left]


def _child(words: Sequence[str], log: Path, patches: Sequence[Patch]) -> None:
    """Never returns."""
    code = 70
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # as from a terminal, wherever the campaign runs
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        for stream in (1, 2):
            os.dup2(file, stream)
        sys.argv = ["interplay", *words]
        for patch in patches:
            patch()
        from interplay.cli import main

        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _in_session(session: int) -> list[int]:
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                fields = Path(entry.path, "stat").read_text().rsplit(") ", 1)[1].split()
            except (OSError, IndexError):
                continue
            if int(fields[3]) == session and fields[0] not in "ZX":
                found.append(int(entry.name))
    return found


def complaint(run: Run, codes: Sequence[int]) -> list[str]:
    """What is wrong with how a command ended, where one of `codes` and no traceback was expected."""
    faults = []
    if run.code not in codes:
        faults.append(f"exit code {run.code}, not {' or '.join(map(str, codes))}: {run.last[:300]}")
    if "Traceback (most recent call last)" in run.said:
        faults.append(f"a traceback: {run.last[:300]}")
    return faults
