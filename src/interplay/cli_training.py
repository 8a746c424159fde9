"""The commands around one training: `train` and `rl` run a stage from a file, `push` shares what came out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from interplay.cli_options import Store, Track, tracked


def train(
    job: Annotated[Path | None, typer.Argument(help="JSON file of one stage; --example prints one")] = None,
    out: Annotated[Path | None, typer.Argument(help="folder of what it leaves; a run that was cut goes on")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE of `runtime`; repeatable")] = None,
    track: Track = "",
    example: Annotated[str, typer.Option(help="print the job of this scale's base model and stop")] = "",
    store: Store = Path("store"),
) -> None:
    """Train one supervised stage, in one process or in as many as a launcher starts.

    On many devices: accelerate launch [its options] -m interplay.cli train JOB OUT

    Example: interplay train --example micro > job.json && interplay train job.json runs/base --set threads=1
    """
    from interplay.train.job import read_job, run_job

    if example:
        print(_example_job(example))
        return

    def run(job: Path, out: Path) -> object:
        asked = read_job(job, set_ or [])
        if asked.start is not None:
            asked = asked.model_copy(update={"start": _start(asked.start, store)})
        return run_job(asked, out)

    _in_sight("train", job, out, track, run)


def rl(
    job: Annotated[Path | None, typer.Argument(help="JSON file of one RL stage; --example prints one")] = None,
    out: Annotated[Path | None, typer.Argument(help="folder of what it leaves; a run that was cut goes on")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE of `runtime`; repeatable")] = None,
    track: Track = "",
    example: Annotated[str, typer.Option(help="print the job of this scale's RL on the edge and stop")] = "",
    start: Annotated[
        str, typer.Option(help="start from this checkpoint, not the job's: a folder, or a stage's address or label")
    ] = "",
    store: Store = Path("store"),
    sampler: Annotated[str, typer.Option(help="own or vllm, in place of what the job says; other samples")] = "",
) -> None:
    """Reinforce a checkpoint with GRPO, in one process or in as many as a launcher starts.

    On many devices: accelerate launch [its options] -m interplay.cli rl JOB OUT

    Example: interplay rl --example micro > rl.json && interplay rl rl.json runs/rl --start "pre-training of base 0"
    """
    if example:
        print(_example_rl_job(example, start))
        return

    def run(job: Path, out: Path) -> object:
        from interplay.rl.job import read_rl_job, run_rl_job

        asked = read_rl_job(job, set_ or [], sampler)
        return run_rl_job(asked.model_copy(update={"start": _start(start or asked.start, store)}), out)

    _in_sight("rl", job, out, track, run)


def _in_sight(
    command: str, job: Path | None, out: Path | None, track: str, run: Callable[[Path, Path], object]
) -> None:
    """Run one stage under a tracker; the first process prints its summary."""
    from interplay.rank import share_of_environment

    if job is None or out is None:
        raise ValueError(f"{command} takes JOB and OUT, or --example SCALE")
    is_first = share_of_environment().is_first
    with tracked(track, command, out / "tracking", {out.name: out} if is_first else {}):
        summary = run(job, out)
    if is_first:
        print(json.dumps(summary))


def _start(name: str | Path, store: Path) -> Path:
    from interplay.stages.named import named_checkpoint

    if str(name) == START:
        raise ValueError(f"the job does not say where RL starts: give --start, or write {START} as its start")
    return named_checkpoint(name, store)


START = "a checkpoint's folder, or a stage's address or label"  # in the example, where none was given


def _example_rl_job(scale: str, start: str) -> str:
    from interplay.studies.recipe import Recipe
    from interplay.studies.scales import settings
    from interplay.studies.study import Workplace

    recipe = Recipe(settings(scale, {}), Workplace(store="store", runtime={}))
    stage = recipe.reinforced(recipe.base(0), recipe.regimes["edge"], 0, "RL on the edge")
    config = stage.config.model_dump(mode="json", exclude_none=True)
    return json.dumps({"config": config, "start": start or START}, indent=1)


def _example_job(scale: str) -> str:
    from interplay.studies.recipe import Recipe
    from interplay.studies.scales import settings
    from interplay.studies.study import Workplace
    from interplay.train.job import Job

    base = Recipe(settings(scale, {}), Workplace(store="store", runtime={})).base(0)
    job = Job(config=base.config, model=base.model, tokenizer=base.tokenizer.config, seed=base.seed)
    return job.model_dump_json(indent=1, exclude_none=True)


def push(
    checkpoint: Annotated[
        str, typer.Argument(help="a checkpoint's folder, or one that holds some; or a stage's address or label")
    ],
    repo: Annotated[str, typer.Argument(help="OWNER/NAME on the Hugging Face Hub")],
    public: Annotated[bool, typer.Option("--public", help="let everybody see a repository that is new")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="list what would be sent and send nothing")] = False,
    store: Store = Path("store"),
) -> None:
    """Upload a checkpoint to the Hugging Face Hub, privately unless told otherwise. Log in first: `hf auth login`.

    Example: interplay push "pre-training of base 0" me/base --dry-run
    """
    from interplay.interop.hub import check_name, plan_upload, upload

    check_name(repo)
    folder = _start(checkpoint, store)
    files = plan_upload(folder, repo)
    if dry_run:
        for name, size in files.items():
            print(f"{size:>13,}  {name}")
        print(f"{sum(files.values()):>13,}  bytes to {repo}, {'public' if public else 'private'}; nothing was sent")
        return
    print(upload(folder, repo, files, private=not public))
