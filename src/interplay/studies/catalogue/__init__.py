"""The studies by name, and a user's own from a file."""

from __future__ import annotations

import traceback
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path

from interplay.signals import Stopped
from interplay.studies.catalogue.contextual import contextual
from interplay.studies.catalogue.extrapolation import extrapolation
from interplay.studies.catalogue.headroom import headroom
from interplay.studies.catalogue.ladder import ladder
from interplay.studies.catalogue.midtraining import midtraining
from interplay.studies.catalogue.noise import REPLICATES, noise
from interplay.studies.catalogue.process_reward import process_reward
from interplay.studies.catalogue.quickstart import quickstart
from interplay.studies.catalogue.transfer import transfer
from interplay.studies.catalogue.tuning import APART, tuning
from interplay.studies.catalogue.verifier import verifier
from interplay.studies.scales import settings
from interplay.studies.settings import Settings
from interplay.studies.study import Study, StudyMaker, Workplace
from interplay.train.runtime import Runtime

STUDIES: Mapping[str, StudyMaker] = {
    "quickstart": quickstart,
    "extrapolation": extrapolation,
    "contextual": contextual,
    "midtraining": midtraining,
    "process_reward": process_reward,
    "headroom": headroom,
    "verifier": verifier,
    "noise": noise,
    "transfer": transfer,
    "ladder": ladder,
    "tuning": tuning,
}
USUAL_SEEDS = {"noise": REPLICATES, "tuning": APART}  # where none are asked for and one would say nothing


def make_study(name: str, scale: str, overrides: Mapping[str, str], store: Path, runtime: Runtime) -> Study:
    """A study at a scale, nothing run yet; `name` is one of `STUDIES` or a Python file that defines `study`.

    Raises ValueError naming what is unknown and what there is, or what is wrong with the study.
    """
    usual = {"seeds": ",".join(map(str, USUAL_SEEDS[name]))} if name in USUAL_SEEDS else {}
    return study_of(name, settings(scale, usual | dict(overrides)), Workplace(str(store), runtime.model_dump()))


def study_of(name: str, chosen: Settings, place: Workplace) -> Study:
    """The same from settings that are there already."""
    maker = _from_file(Path(name)) if name.endswith(".py") else STUDIES.get(name)
    if maker is None:
        raise ValueError(
            f"unknown study {name!r}; the studies are {', '.join(STUDIES)}, or give a Python file of your own"
        )
    if name.endswith(".py"):
        with _faults_of(Path(name)):
            made = maker(chosen, place)
    else:
        made = maker(chosen, place)
    if not isinstance(made, Study):
        raise ValueError(f"{name}: study() must return a Study, it returned {type(made).__name__}")
    made.check()
    return made


def _from_file(path: Path) -> StudyMaker:
    """The function `study` of a Python file. The file is run, as any script of the user's own would be."""
    if not path.is_file():
        raise ValueError(f"no such study file: {path}")
    loader = SourceFileLoader(path.stem, str(path))
    module = types.ModuleType(path.stem)
    with _faults_of(path):
        loader.exec_module(module)
    maker = getattr(module, "study", None)
    if not callable(maker):
        raise ValueError(f"{path} defines no function study(settings, place)")
    found: StudyMaker = maker
    return found


@contextmanager
def _faults_of(path: Path) -> Iterator[None]:
    """What a user's file raises, or that it ends the process, as one line with the place in that file."""
    try:
        yield
    except (ValueError, KeyboardInterrupt, Stopped):
        raise  # what is refused already says why; who interrupts means it
    except SyntaxError as error:
        raise ValueError(f"{path}, line {error.lineno}: {error.msg}") from error
    except BaseException as error:  # SystemExit, and what a file may derive
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        where = f"{path}, line {lines[-1]}" if lines else str(path)
        said = "it ends the process" if isinstance(error, SystemExit) else f"{type(error).__name__}: {error}"
        hint = "" if lines else "; it must define study(settings, place)"
        raise ValueError(f"{where}: {said}{hint}") from error
