"""The commands of `interplay store`: what is in a store, how two stages differ, and what may go."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from interplay.stages.store import Entry

store = typer.Typer(no_args_is_help=True, help="Look into a store of cached stages, and clean it up.")

Folder = Annotated[Path, typer.Option("--store", help="folder of cached stages")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Address = Annotated[str, typer.Argument(help="KIND/DIGEST as `ls` prints it, its beginning, or the label")]
Name = Annotated[
    str,
    typer.Argument(help="KIND/DIGEST as `ls` prints it, its beginning, or the label; or a folder in STORE/studies"),
]


@store.command("ls")
def store_ls(folder: Folder = Path("store"), json_: Json = False) -> None:
    """List the stages by kind: state, size, age, label, and the studies that use them.

    Example: interplay store ls --store store
    """
    from interplay.stages.store import age_s, size_of, studies_of

    stages, users = _stages(folder), studies_of(folder)
    rows: list[dict[str, Any]] = [
        {
            "address": entry.address, "kind": entry.kind, "state": entry.state, "bytes": size_of(entry.folder),
            "age_s": round(age_s(entry.folder)), "attempts": entry.attempts, "label": entry.label,
            "studies": users.get(entry.address, []),
        }
        for entry in stages
    ]  # fmt: skip
    if json_:
        print(json.dumps(rows))
        return
    for row in rows:
        size, age, users_of = _megabytes(row["bytes"]), f"{row['age_s'] / 3600:.1f} h", ", ".join(row["studies"]) or "-"
        print(f"{row['address']:<22}  {row['state']:<7}  {size:>10}  {age:>8}  {row['label']:<32}  {users_of}")
    print(f"{len(rows)} stages, {_megabytes(sum(row['bytes'] for row in rows))}", file=sys.stderr)


@store.command("show")
def store_show(
    address: Address,
    folder: Folder = Path("store"),
    everything: Annotated[bool, typer.Option("--all", help="its whole identity and summary too")] = False,
    json_: Annotated[bool, typer.Option("--json", help="print all as JSON")] = False,
) -> None:
    """Print what a stage is: label, state, size, the studies that use it, where it lies; with --all its whole identity.

    Example: interplay store show "RL of base on edge 0" --store store
    """
    from interplay.stages.store import age_s, find, size_of, studies_of

    entry = find(_stages(folder), address)
    checkpoints = sorted(str(path) for path in entry.folder.glob("checkpoints/step-*"))
    shown = {
        "address": entry.address, "label": entry.label, "state": entry.state, "attempts": entry.attempts,
        "bytes": size_of(entry.folder), "age_s": round(age_s(entry.folder)), "folder": str(entry.folder),
        "checkpoints": checkpoints, "studies": studies_of(folder).get(entry.address, []), "summary": entry.summary,
        "identity": {name: value for name, value in entry.identity.items() if name not in ("address", "label")},
    }  # fmt: skip
    if json_:
        print(json.dumps(shown))
        return
    for name, value in shown.items() if everything else _short(shown):
        print(f"{name}: {json.dumps(value, indent=1) if isinstance(value, dict) else value}")


def _short(shown: dict[str, Any]) -> list[tuple[str, Any]]:
    """What fits on a screen."""
    kept = ("address", "label", "state", "folder")
    lines = [(name, shown[name]) for name in kept]
    lines += [("size", _megabytes(shown["bytes"])), ("studies", ", ".join(shown["studies"]) or "-")]
    if shown["checkpoints"]:
        lines.append(("checkpoints", f"{len(shown['checkpoints'])}, the last {shown['checkpoints'][-1]}"))
    for name, value in shown["summary"].items():
        if isinstance(value, (int, float)):
            lines.append((name, f"{value:,.4g}" if isinstance(value, float) else f"{value:,}"))
    return [*lines, ("more", "--all prints its whole identity")]


@store.command("diff")
def store_diff(a: Address, b: Address, folder: Folder = Path("store"), json_: Json = False) -> None:
    """Print which fields of two stages' identities differ, as A -> B.

    Example: interplay store diff pretrain/3f9a pretrain/b01c --store store
    """
    from interplay.stages.diff import ABSENT, differences
    from interplay.stages.store import find

    stages = _stages(folder)
    left, right = find(stages, a), find(stages, b)
    found = differences(left.identity, right.identity)
    if json_:
        fields = {d.field: [None if value is ABSENT else value for value in (d.a, d.b)] for d in found}
        print(json.dumps({"a": left.address, "b": right.address, "fields": fields}))
        return
    for difference in found:
        print(difference)
    if not found:
        print(f"{left.address} and {right.address} have the same identity", file=sys.stderr)


@store.command("path")
def store_path(
    name: Name,
    folder: Folder = Path("store"),
    checkpoint: Annotated[bool, typer.Option("--checkpoint", help="the last checkpoint in it")] = False,
) -> None:
    """Print the folder of a stage, or of a study's records.

    Example: cd $(interplay store path rl/3f9a --store store)

    Example: interplay store path "pre-training of base 0" --checkpoint
    """
    from interplay.stages.named import named_checkpoint

    found = _named(folder, name)
    print(named_checkpoint(found, folder) if checkpoint else found)


@store.command("check")
def store_check(folder: Folder = Path("store"), json_: Json = False) -> None:
    """Read every published file of every finished stage and compare it with its digest; exit code 1 where one is damaged.

    Every damaged file is named. The next run makes a damaged stage again.

    Example: interplay store check --store store
    """
    done = [entry for entry in _stages(folder) if entry.state == "done"]
    found = {entry.address: problems for entry in done if (problems := entry.damages)}
    if json_:
        print(json.dumps({"checked": len(done), "damaged": found}))
    else:
        for address, problems in found.items():
            for problem in problems:
                print(f"{address}  {problem}")
    files = sum(map(len, found.values()))
    told = f", {files} files" if files else ""
    print(f"{len(done)} finished stages, {len(found)} damaged{told}", file=sys.stderr)
    if found:
        raise typer.Exit(1)


@store.command("drop")
def store_drop(name: Name, folder: Folder = Path("store")) -> None:
    """Delete one stage, or a study's records; a run makes it again. Refused while a run is at it.

    Example: interplay store drop rl/3f9a --store store
    """
    from interplay.stages.store import drop

    path = _named(folder, name)
    if not drop(path, folder):
        raise ValueError(f"{name} is kept: a run is at it")
    print(f"deleted {path}")


def _named(folder: Path, name: str) -> Path:
    from interplay.stages.named import named_folder

    _stages(folder)
    return named_folder(name, folder)


def _stages(folder: Path) -> list[Entry]:
    """The stages of a store. Raises ValueError for a folder of something else."""
    from interplay.folders import KINDS, kind_of
    from interplay.stages.store import entries

    found = entries(folder)
    kind = kind_of(folder)
    if kind != "store" and any(folder.iterdir()):
        what = f"it is {KINDS[kind]}" if kind else "no stage and no study lies in it"
        raise ValueError(f"{folder} is no store: {what}")
    return found


@store.command("gc")
def store_gc(
    folder: Folder = Path("store"),
    partial_hours: Annotated[float, typer.Option(help="unfinished stages go when untouched for so long")] = 24.0,
    yes: Annotated[bool, typer.Option("--yes", help="delete; without it only list")] = False,
) -> None:
    """Delete stages that no study in STORE/studies refers to, and unfinished ones that were left; never a running one.

    To let go of a study's stages, delete its folder in STORE/studies first.

    Example: interplay store gc --store store --partial-hours 24 --yes
    """
    from interplay.stages.store import collect, garbage, sweep

    if not 0 <= partial_hours < math.inf:
        raise ValueError(f"--partial-hours takes hours from 0 up, got {partial_hours:g}")
    num_stages, found, freed = len(_stages(folder)), garbage(folder, partial_hours), 0
    for item in found:
        gone = yes and collect(folder, item.entry, partial_hours)
        freed += item.size if gone or not yes else 0
        state = "deleted" if gone else "kept, a run needs it by now" if yes else "would go"
        print(f"{item.entry.address:<22}  {_megabytes(item.size):>10}  {state}: {item.reason}")
    if yes:
        sweep(folder)
    verb = "freed" if yes else "to free (--yes deletes)"
    print(f"{len(found)} of {num_stages} stages, {_megabytes(freed)} {verb}", file=sys.stderr)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
