"""The commands of `interplay store`: what is in a store, how two stages differ, and what may go."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

store = typer.Typer(no_args_is_help=True, help="Look into a store of cached stages, and clean it up.")

Folder = Annotated[Path, typer.Option("--store", help="folder of cached stages")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Address = Annotated[str, typer.Argument(help="KIND/DIGEST as `ls` prints it; its beginning is enough")]

Name = Annotated[
    str, typer.Argument(help="KIND/DIGEST as `ls` prints it, or its beginning; or a folder in STORE/studies")
]


@store.command("ls")
def store_ls(folder: Folder = Path("store"), json_: Json = False) -> None:
    """List the stages by kind: state, size, age, label, and the studies that use them.

    Example: interplay store ls --store store
    """
    from interplay.stages.store import age_s, entries, size_of, studies_of

    users = studies_of(folder)
    rows: list[dict[str, Any]] = [
        {
            "address": entry.address, "kind": entry.kind, "state": entry.state, "bytes": size_of(entry.folder),
            "age_s": round(age_s(entry.folder)), "attempts": entry.attempts, "label": entry.label,
            "studies": users.get(entry.address, []),
        }
        for entry in entries(folder)
    ]  # fmt: skip
    if json_:
        print(json.dumps(rows))
        return
    for row in rows:
        size, age, users_of = _megabytes(row["bytes"]), f"{row['age_s'] / 3600:.1f} h", ", ".join(row["studies"]) or "-"
        print(f"{row['address']:<22}  {row['state']:<7}  {size:>10}  {age:>8}  {row['label']:<32}  {users_of}")
    print(f"{len(rows)} stages, {_megabytes(sum(row['bytes'] for row in rows))}", file=sys.stderr)


@store.command("show")
def store_show(address: Address, folder: Folder = Path("store"), json_: Json = False) -> None:
    """Print a stage's identity, its summary and its paths.

    Example: interplay store show rl/3f9a --store store
    """
    from interplay.stages.store import age_s, entries, find, size_of, studies_of

    entry = find(entries(folder), address)
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
    for name, value in shown.items():
        print(f"{name}: {json.dumps(value, indent=1) if isinstance(value, dict) else value}")


@store.command("diff")
def store_diff(a: Address, b: Address, folder: Folder = Path("store"), json_: Json = False) -> None:
    """Print which fields of two stages' identities differ, as A -> B.

    Example: interplay store diff pretrain/3f9a pretrain/b01c --store store
    """
    from interplay.stages.diff import ABSENT, differences
    from interplay.stages.store import entries, find

    stages = entries(folder)
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
def store_path(name: Name, folder: Folder = Path("store")) -> None:
    """Print the folder of a stage, or of a study's records.

    Example: cd $(interplay store path rl/3f9a --store store)
    """
    print(_named(folder, name))


@store.command("check")
def store_check(folder: Folder = Path("store"), json_: Json = False) -> None:
    """Read every published file of every finished stage and compare it with its digest; exit code 1 where one is damaged.

    The next run makes a damaged stage again.

    Example: interplay store check --store store
    """
    from interplay.stages.store import entries

    done = [entry for entry in entries(folder) if entry.state == "done"]
    found = {entry.address: problem for entry in done if (problem := entry.damage) is not None}
    if json_:
        print(json.dumps({"checked": len(done), "damaged": found}))
    else:
        for address, problem in found.items():
            print(f"{address}  {problem}")
    print(f"{len(done)} finished stages, {len(found)} damaged", file=sys.stderr)
    if found:
        raise typer.Exit(1)


@store.command("drop")
def store_drop(name: Name, folder: Folder = Path("store")) -> None:
    """Delete one stage, or a study's records; a run makes it again. Refused while a run is at it.

    Example: interplay store drop rl/3f9a --store store
    """
    from interplay.stages.store import delete

    path = _named(folder, name)
    if not delete(path):
        raise ValueError(f"{name} is kept: a run is at it")
    print(f"deleted {path}")


def _named(folder: Path, name: str) -> Path:
    from interplay.stages.store import STUDIES, entries, find

    stages = entries(folder)
    records = folder / STUDIES / name
    plain = Path(name).name == name and name not in ("", ".", "..")
    return records if plain and records.is_dir() else find(stages, name).folder


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
    from interplay.stages.store import delete, entries, garbage, sweep

    if partial_hours < 0:
        raise ValueError(f"--partial-hours must not be negative, got {partial_hours:g}")
    num_stages, found, freed = len(entries(folder)), garbage(folder, partial_hours), 0
    for item in found:
        gone = yes and delete(item.entry.folder)
        freed += item.size if gone or not yes else 0
        state = "deleted" if gone else "kept, a run began it meanwhile" if yes else "would go"
        print(f"{item.entry.address:<22}  {_megabytes(item.size):>10}  {state}: {item.reason}")
    if yes:
        sweep(folder)
    verb = "freed" if yes else "to free (--yes deletes)"
    print(f"{len(found)} of {num_stages} stages, {_megabytes(freed)} {verb}", file=sys.stderr)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
