"""What every cached step of a study shares. A stage is its config: the config gives the address, the address the result.

exca turns each stage into an address and caches what `run` returns, which is paths inside the stage's folder and plain
values. `runtime` never enters an address, nor does the place of a class in the code. A stage that was cut off left its folder
behind and goes on from there; a lock on the folder keeps two runs in one store from doing a stage twice. The folder says what
it is: `stage.json` is the resolved identity, `attempts.jsonl` has a line for each time the work began and on what,
`summary.json` is written last. The kinds of stages are in `kinds.py`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import exca
from pydantic import ConfigDict, PositiveInt

from interplay.config import Config, OneSchema, identity_of
from interplay.data.mixture import Mixture
from interplay.files import remove, write_json
from interplay.manifest import PUBLISHED, SUMMARY, damage
from interplay.progress import say
from interplay.stages.lock import LOCK, hold
from interplay.stages.ran_on import ATTEMPTS, RanOn
from interplay.stages.several_gpus import do_together
from interplay.stages.trust import check_owner
from interplay.train.publish import finished, read_summary
from interplay.train.runtime import Runtime

logging.getLogger("exca").setLevel(logging.ERROR)  # what it warns of, whoever runs the stages says in a line

Result = dict[str, Any]
NOTE = "job.pkl"  # exca's, of a result
DESCRIPTIONS = ("config.yaml", "uid.yaml", "full-uid.yaml")  # exca's, of a config
KEPT = (LOCK, "stage.json", ATTEMPTS, "log.txt", "slurm")  # of a stage that is made again
RUNTIME = ("label", "runtime", "processes", "infra")  # how a stage is called and done: no part of its identity


class Infra(exca.TaskInfra):
    """exca's, with the stage's kind where exca puts the path of its class: code may move, results stay where they are."""

    def _factory(self) -> str:
        return str(self._obj.kind)

    def uid_folder(self, create: bool = False) -> Path | None:
        """The stage's address, under the store: exca would spell the config out, with braces that no shell likes.

        What an older store has under the long name stays there.
        """
        long = super().uid_folder()
        if long is None:
            return None
        folder = long if long.is_dir() else Path(str(self.folder)) / self._obj.address
        if create:
            folder.mkdir(parents=True, exist_ok=True)
        return folder


class Stage(OneSchema):
    """What all stages share. A subclass gives `kind` and `infra` their values and applies `infra` to `run`."""

    model_config = ConfigDict(extra="forbid")
    _exclude_from_cls_uid: tuple[str, ...] = ("runtime", "processes", "label")

    label: str = ""
    runtime: Runtime = Runtime()
    processes: PositiveInt = 1  # of one machine, a device each
    kind: str
    config: Config
    infra: Infra

    @abstractmethod
    def run(self) -> Result:
        """Do the work, or go on with it; returns the summary. Each kind has its own because exca decorates it."""

    @abstractmethod
    def do(self, folder: Path) -> Result:
        """The work, in a folder that is held: in one process all of it, in each of several its share. The summary."""

    def _run(self) -> Result:
        with self._alone() as folder:
            if (done := finished(folder)) is not None:
                return done
            if self.processes == 1:
                return self.do(folder)
            for parent in parents(self):  # by one process, before several open it
                parent.made()
            do_together(self, folder)
            done = read_summary(folder)
            assert done is not None, "the first member writes the summary last"
            return done

    def on(self, threads: int, cores: int, processes: int = 1) -> Self:
        """The same stage, at the same address, with so many threads and cores, on so many processes (of 0 devices: one)."""
        runtime = self.runtime.model_copy(update={"threads": threads, "cores": cores})
        clone: Self = self.infra.clone_obj({"runtime": runtime.model_dump(), "processes": max(1, processes)})
        assert clone.address == self.address, "how a stage runs never enters an address"
        return clone

    def made(self) -> Result:
        """The summary of the stage, which runs first where its result is not there or is damaged."""
        if not self.cached:
            with hold(self.folder):
                self.mend()
                return self.run()
        self.describe()
        return self.run()

    @property
    @abstractmethod
    def work(self) -> str:
        """How much there is to do, in words."""

    @property
    @abstractmethod
    def mixtures(self) -> tuple[Mixture, ...]:
        """The problems that the stage works on."""

    @property
    def data(self) -> str:
        """The problems that the stage works on, in words."""
        cells = [cell for mixture in self.mixtures for cell in mixture.cells]
        ops = ", ".join(map(str, sorted({cell.op for cell in cells})))
        return f"op {ops} of {' and '.join(dict.fromkeys(str(cell.context) for cell in cells))}"

    @property
    def address(self) -> str:
        """Short name of the stage's identity, the same in every store."""
        return f"{self.kind}/{hashlib.sha256(self.infra.uid().encode()).hexdigest()[:10]}"

    @property
    def folder(self) -> Path:
        """Where the stage keeps its files."""
        folder = self.infra.uid_folder(create=True)
        assert folder is not None, "a stage without a store has no folder"
        return folder

    @property
    def cached(self) -> bool:
        """True when the result is there, and every published file is as it was published."""
        return self._recorded() and self.damage() is None

    def _recorded(self) -> bool:
        """Whether exca has noted the result; a note that cannot be read is none. ValueError for that of another user."""
        folder = self.infra.uid_folder(create=False)  # a plan leaves nothing behind
        assert folder is not None, "a stage without a store has no folder"
        check_owner(folder / NOTE)
        try:
            return self.infra.status() == "completed"
        except Exception:  # whatever unpickling a damaged file raises
            return False

    def damage(self) -> str | None:
        """What is wrong with the files of a finished stage, in one line; None for one that is whole or not finished."""
        finished = (self.folder / SUMMARY).exists() or (self.folder / NOTE).exists()
        return damage(self.folder / PUBLISHED) if finished else None

    def mend(self) -> None:
        """Before the stage is run: let go of a damaged result, so that it is made again, and of a note without one."""
        if (problem := self.damage()) is not None:
            say(f"{self.address} {self.label} is made again: {problem}")
            for path in self.folder.iterdir():
                if path.name not in KEPT:
                    remove(path)
        elif not self._recorded():
            remove(self.folder / NOTE)

    def describe(self) -> None:
        """Put back what a finished stage says of itself, where a process ended before it was said or it was lost since.

        exca refuses notes that contradict the config, which a changed default would cause; where `stage.json` says the
        same as the config, the notes are damaged.
        """
        for name in ("stage.json", *DESCRIPTIONS):
            if (self.folder / name).is_dir():
                remove(self.folder / name)
        try:
            self.infra._check_configs(write=True)
        except RuntimeError:
            if not self._says_what_it_is():
                raise
            for name in DESCRIPTIONS:
                (self.folder / name).unlink(missing_ok=True)
            self.infra._check_configs(write=True)
        if not self._says_what_it_is():
            self._say_what_it_is()

    def _says_what_it_is(self) -> bool:
        """Whether `stage.json` is of this stage, whatever its label."""
        try:
            said = json.loads((self.folder / "stage.json").read_text(encoding="utf-8"))
            return bool({**said, "label": ""} == {"label": "", **self.identity()})
        except (OSError, ValueError, TypeError):
            return False

    def _say_what_it_is(self) -> None:
        write_json(self.folder / "stage.json", {"label": self.label, **self.identity()})

    @contextmanager
    def _alone(self) -> Iterator[Path]:
        """The stage's folder, for one process at a time. Whoever waited may find the summary there."""
        with hold(self.folder) as folder:
            self._say_what_it_is()
            if read_summary(folder) is None:
                began = {"began_s": round(time.time(), 3), "process": os.getpid()}
                with (folder / ATTEMPTS).open("a") as attempts:
                    attempts.write(json.dumps({**began, **RanOn.of(self.runtime)._asdict()}) + "\n")
            yield folder

    def identity(self) -> dict[str, object]:
        """The resolved config, without what does not change the result, and the version of each stage."""
        return {"address": self.address, **self._identity(defaults=True)}

    def stored_identity(self) -> dict[str, Any]:
        """The identity as `stage.json` reads back, to be compared with those of a store."""
        found: dict[str, Any] = json.loads(json.dumps(self.identity()))
        return found

    def _identity(self, defaults: bool) -> dict[str, object]:
        found: dict[str, object] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Stage):
                found[name] = value._identity(defaults)
            elif name not in RUNTIME:
                found[name] = identity_of(value, defaults)
        return {**found, "version": self.infra.version}

    def _exca_uid_dict_override(self) -> dict[str, object]:
        """What exca makes an address of. Left alone it forgets the version of every stage but the last, all that a config
        depends on beside its fields, and a kind where no other stage could have stood in its place."""
        return self._identity(defaults=False)


def upstream(stage: Stage) -> list[Stage]:
    """The stages a stage needs, first things first, itself last."""
    return [*(s for parent in parents(stage) for s in upstream(parent)), stage]


def parents(stage: Stage) -> list[Stage]:
    """The stages whose results a stage opens."""
    return [value for _, value in stage if isinstance(value, Stage)]
