"""Seeds of a study, wherever they ran, checked before they are put together.

Never put together are seeds of different settings: the first thing that differs is named. A seed that is there twice must be
the same, file by file; on another kind of processor it is not, and then it is another training under one name. A table that an
older version did not write is no difference.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from interplay.files import staged_folder
from interplay.records.measured import Arms, Measured
from interplay.records.seedless import first_difference, settings_document
from interplay.records.seeds import (
    LATER,
    SEED,
    SEEDS,
    SETTINGS,
    Kept,
    read_seed,
    seed_folder,
    seeds_below,
    settings_of,
    tables_in,
)
from interplay.schema.kept import KeptSeed
from interplay.schema.text import read_document
from interplay.studies.study import Study


def gathered(folders: Iterable[Path]) -> dict[int, Path]:
    """One folder for each seed, in the order of the seeds, from folders of seeds or folders that hold such.

    Raises ValueError where there is none, where two were made with different settings or asked different problems, or where
    a seed is there twice and not the same.
    """
    found: dict[int, Path] = {}
    for folder in dict.fromkeys(path.resolve() for each in folders for path in seeds_below(each)):
        said: KeptSeed = read_document(folder / SEED, KeptSeed)
        if found:
            _refuse_others(next(iter(found.values())), folder)
        if said.seed in found:
            _refuse_unequal(found[said.seed], folder)
        found[said.seed] = _fuller(found.get(said.seed, folder), folder)
    if not found:
        raise ValueError("no seed of a study found: its folder holds seed.json")
    return dict(sorted(found.items()))


def differs(study: Study, folder: Path) -> str | None:
    """The first thing in which a kept seed is not as this study would make it; None where it is."""
    would = json.loads(settings_document(study.of_seeds(study.settings.seeds[:1])))
    return first_difference(settings_of(folder), would)


def kept_for(study: Study, root: Path) -> dict[int, Path]:
    """The seeds that lie in a study's folder, by their number, with some of its arms or all; none without such a folder.

    Raises ValueError where they were made otherwise than this study would make them, before anything is run in vain.
    """
    kept: dict[int, Path] = {}
    if root.exists() and not root.is_dir():
        raise ValueError(f"{root} is a file; seeds are kept in a folder of this name")
    for folder in seeds_below(root) if root.is_dir() else []:
        said = read_seed(folder).said
        if folder != seed_folder(root, said.seed):
            raise ValueError(
                f"{folder} holds seed {said.seed}, which is kept as {seed_folder(root, said.seed)}: move it"
            )
        kept[said.seed] = folder
        asked = {arm.name for arm in study.arms}
        if others := [arm.arm for arm in said.arms if arm.arm not in asked]:
            raise ValueError(f"{folder} has the arm {others[0]}, which this run leaves out: ask for what is kept, too")
        if (what := differs(study.only([arm.arm for arm in said.arms]), folder)) is not None:
            raise ValueError(f"the seeds in {root} were made with other settings than this run asks for: {what}")
    return dict(sorted(kept.items()))


def keep(folder: Path, root: Path, seeds: Sequence[int]) -> None:
    """Copy these seeds of a study's records into its folder among those that are kept."""
    for seed in seeds:
        copy_seed(seed_folder(folder / SEEDS, seed), seed_folder(root, seed))


def copy_seed(source: Path, target: Path) -> None:
    """A seed's folder, whole or not at all; nothing to do where it lies there already."""
    if source.resolve() == target.resolve():
        return
    with staged_folder(target) as staging:
        for path in source.iterdir():
            shutil.copyfile(path, staging / path.name)


def read_all(folders: Sequence[Path]) -> list[Kept]:
    """The seeds of these folders, which `gathered` has checked."""
    kept = [read_seed(folder) for folder in folders]
    for one in kept[1:]:
        for name, measured in one.arms.items():
            if measured.ids != kept[0].arms[name].ids:
                raise ValueError(f"{one.folder} and {kept[0].folder} asked different problems")
    return kept


def measure(kept: Sequence[Kept]) -> Arms:
    """Every arm of the seeds, by arm, in their order."""
    arms: dict[str, list[Measured]] = {}
    for seed in kept:
        for name, measured in seed.arms.items():
            arms.setdefault(name, []).append(measured)
    return arms


def _refuse_others(first: Path, other: Path) -> None:
    if (first / SETTINGS).read_bytes() == (other / SETTINGS).read_bytes():
        return
    if (what := first_difference(settings_of(first), settings_of(other))) is not None:
        raise ValueError(f"{first} and {other} were made with different settings: {what}")


def _fuller(one: Path, other: Path) -> Path:
    """Of two folders of the same seed the one with more of the tables that not every version wrote; else the first."""
    return max(one, other, key=lambda folder: sum((folder / name).exists() for name in LATER))


def _refuse_unequal(one: Path, other: Path) -> None:
    names = [{path.name for path in tables_in(folder)} for folder in (one, other)]
    for name in sorted((names[0] | names[1]) - (names[0] ^ names[1]).intersection(LATER)):
        if name not in names[0] & names[1] or not _equal(one / name, other / name):
            raise ValueError(f"the same seed twice, and not the same: {one / name} and {other / name} differ")


def _equal(one: Path, other: Path) -> bool:
    """The same bytes; of a Parquet file, whose bytes hold the version of its writer, the same cells."""
    if one.read_bytes() == other.read_bytes():
        return True
    return one.suffix == ".parquet" and bool(pq.read_table(one).equals(pq.read_table(other)))
