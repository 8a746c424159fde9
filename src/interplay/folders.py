"""What a folder is, so that whoever is given another one than was asked for can be told which it is."""

from __future__ import annotations

from pathlib import Path

KINDS = {
    "evaluation": "an evaluation's folder (`interplay eval --out`, or a stage of that kind)",
    "records": "a folder of a study's records (STORE/studies/NAME)",
    "checkpoint": "a checkpoint (a Hugging Face folder)",
    "stage": "a stage's folder",
    "store": "a store",
}


def kind_of(folder: Path) -> str | None:
    """One of KINDS, None where it is none of them."""

    def has(*names: str) -> bool:
        return all((folder / name).exists() for name in names)

    if has("study.json", "results.csv"):  # before an evaluation: records keep problems and samples for the explorer
        return "records"
    if has("problems.parquet", "samples.parquet"):
        return "evaluation"
    if has("config.json") and (any(folder.glob("*.safetensors")) or has("model.safetensors.index.json")):
        return "checkpoint"
    if has("stage.json"):
        return "stage"
    if has("studies") or any(folder.glob("*/*/stage.json")):
        return "store"
    return None


def last_checkpoint(folder: Path) -> Path | None:
    """The folder itself where it is a checkpoint, else the last of those that a training left in it; None without one."""
    if kind_of(folder) == "checkpoint":
        return folder
    left = [path for path in folder.glob("checkpoints/step-*") if kind_of(path) == "checkpoint"]
    return max(left, key=lambda path: int(path.name.removeprefix("step-")), default=None)


def expect(folder: str | Path, kind: str) -> Path:
    """The folder, if it is of that kind. Raises ValueError saying what it is instead."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"no such folder: {folder}")
    found = kind_of(folder)
    if found == kind:
        return folder
    if found is not None:
        raise ValueError(f"{folder} is {KINDS[found]}, not {KINDS[kind]}")
    inside = sorted(str(each) for each in folder.iterdir() if each.is_dir() and kind_of(each) == kind)
    hint = f"; did you mean {inside[0]}?" if inside else ""
    raise ValueError(f"{folder} is not {KINDS[kind]}{hint}")
