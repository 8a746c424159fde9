"""Stages that take no training: each writes a file, and may fail, be killed or take its time, as its name asks."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Literal

from interplay.config import Config
from interplay.rank import share_of_environment
from interplay.stages.display import Display
from interplay.stages.execute import Here
from interplay.stages.run_stages import run_stages
from interplay.stages.stage import Infra, Result, Stage
from interplay.train.publish import finish


class StepConfig(Config):
    """What a step does: write, `fail`, `die`, `die-once`, `last-dies` (of several processes), `wait-SECONDS`, or `meet`,
    which waits until another step of the store is at work, too."""

    does: str = "write"


class Step(Stage):
    """One step of a graph; it opens what it needs."""

    kind: Literal["step"] = "step"
    name: str
    config: StepConfig = StepConfig()
    first: "Step | None" = None
    second: "Step | None" = None
    infra: Infra = Infra(version="1", mode="retry")

    @property
    def work(self):
        return self.config.does

    @property
    def mixtures(self):
        return ()

    @infra.apply
    def run(self) -> Result:
        return self._run()

    def do(self, folder: Path) -> Result:
        does, share = self.config.does, share_of_environment()
        if does == "fail":
            raise RuntimeError(f"{self.name} was asked to fail\nand says more")
        if does == "die" or (does == "last-dies" and share.rank == share.world - 1):
            os.kill(os.getpid(), signal.SIGKILL)
        if does == "die-once" and len((folder / "attempts.jsonl").read_text().splitlines()) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if does == "meet":
            (folder / "met.txt").touch()
            while len(list(folder.parent.glob("*/met.txt"))) < 2:
                time.sleep(0.01)
        if does.startswith("wait-"):
            time.sleep(float(does.removeprefix("wait-")))
        print(f"{self.name} was here")
        seen = f"{os.environ.get('CUDA_VISIBLE_DEVICES')} {time.monotonic()}"
        (folder / f"seen-{share.rank}.txt").write_text(seen)
        if not share.is_first:
            return {}
        while len(list(folder.glob("seen-*"))) < share.world:
            time.sleep(0.01)
        (folder / "made.txt").write_text(f"made by {self.name}")
        return finish(folder, {"name": self.name, "wall_s": 1.0}, published=("made.txt", "optional.txt"))


def step(store, name, does="write", first=None, second=None):
    return Step(
        name=name, config=StepConfig(does=does), first=first, second=second, label=name, infra={"folder": str(store)}
    )


def diamond(store, left="write", right="write"):
    """root -> left, right -> end, and a step apart."""
    root = step(store, "root")
    a, b = step(store, "left", left, root), step(store, "right", right, root)
    return [root, a, b, step(store, "end", first=a, second=b), step(store, "apart")]


def names(ran, stages):
    """Names by what became of the stages."""
    of = {stage.address: stage.name for stage in stages}
    found = {
        "cached": ran.cached,
        "ran": ran.ran,
        "skipped": ran.skipped,
        "failed": [e.stage.address for e in ran.failed],
    }
    return {what: {of[address] for address in addresses} for what, addresses in found.items() if addresses}


if __name__ == "__main__":  # one of several runs of one store
    from steps import diamond as importable  # under its own name, so that addresses agree with the test's

    run_stages(importable(Path(sys.argv[1]), "wait-0.5", "wait-0.5"), Here(), Display(5, live=False), poll_s=0.05)
