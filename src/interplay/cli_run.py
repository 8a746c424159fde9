"""`interplay run`: a study to its report, on this machine or on a cluster."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interplay.cli_options import Track, tracked, writable

if TYPE_CHECKING:
    from interplay.run_study import Outcome
    from interplay.stages.where import Where
    from interplay.studies.study import Study
    from interplay.train.runtime import Device, Runtime

ALL = "all"


def run(
    study: Annotated[str, typer.Argument(help="the study; all, with --plan: those with claims as one schedule")],
    scale: Annotated[str, typer.Option(help="micro runs in minutes on two CPU cores")] = "micro",
    store: Annotated[Path, typer.Option(help="folder of cached stages")] = Path("store"),
    set_: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, changes a setting; repeatable")] = None,
    arms: Annotated[str | None, typer.Option(help="only these arms, comma-separated, and their claims")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads of a stage; never changes a result's address")] = 0,
    save_seconds: Annotated[float, typer.Option(help="how often a running stage saves what it resumes from")] = 30.0,
    plan: Annotated[bool, typer.Option("--plan", help="show what would run, why and at what cost, and stop")] = False,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="with --plan: measure this machine first")] = False,
    jobs: Annotated[int, typer.Option(help="stages side by side; 0: one here, 64 on a cluster")] = 0,
    devices: Annotated[int, typer.Option(help="GPUs, no two stages on one; --device cpu: places on the cores")] = 0,
    cluster: Annotated[str | None, typer.Option(help="slurm or ray: stages run as its jobs or tasks")] = None,
    resources: Annotated[
        list[str] | None, typer.Option(help="of a stage or job: a TOML file or [KIND.]KEY=VALUE; repeatable")
    ] = None,
    resubmit: Annotated[int, typer.Option(help="how often a job or task that was lost or cut goes on")] = 10,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda; never changes a result's address")] = "auto",
    records: Annotated[
        Path | None, typer.Option(help="folder of kept seeds: the seeds and arms it lacks run and are added")
    ] = None,
    track: Track = "",
    runtime: Annotated[
        list[str] | None,
        typer.Option(help="KEY=VALUE, how stages run, never what comes out: micro_tokens=8192; repeatable"),
    ] = None,
) -> None:
    """Run a study to its report. What is in the store is not done again; a run that was cut goes on.

    Example: interplay run quickstart --scale micro --store store --set seeds=0,1,2 --jobs 2

    Example: interplay run process_reward --arms base,outcome,strict --plan --calibrate

    Example: interplay run extrapolation --scale small --devices 8 --resources pretrain.gpus=4

    Example: interplay run quickstart --cluster slurm --resources partition=gpu --resources gpus=1

    Example: interplay run noise --set seeds=8,9 --set problems=500 --records docs/seeds
    """
    from interplay.cli_plan import plan_of_all, plan_of_one
    from interplay.stages.where import Where

    asked = jobs, threads, cluster, resources or [], resubmit, scale, devices, on_device(device), plan and not calibrate
    where = Where.asked(*asked)
    check(track, calibrate, plan, cluster, store)
    on = "cuda" if plan and devices and device == "auto" else device  # a plan is made where the devices are not
    how = where.runtime(save_seconds, on_device(on))
    maker = partial(_maker, scale=scale, set_=set_ or [], store=store, how=how, runtime=runtime or [])
    if study == ALL:
        plan_of_all(plan, lambda name: maker(name)({}), store, where, calibrate)
        return
    chosen, kept, here = _with_kept(maker(study), arms, records)
    if plan:
        plan_of_one(chosen, here, store, where, calibrate)
        return
    _fits_device(scale, device, cluster)
    if cluster is None:
        chosen.settings.rl.check_sampler()
    writable(store)
    store.mkdir(parents=True, exist_ok=True)
    _run(chosen, here, kept, store, where, track, records)


def _run(
    chosen: Study, here: Study, kept: Mapping[int, Path], store: Path, where: Where, track: str, records: Path | None
) -> None:
    """Run what is `here`, and print where the report of all is."""
    with tracked(track, chosen.name, store / "tracking", {s.address: s.folder for s in here.stages if not s.cached}):
        outcome, report_path = _to_report(chosen, store, where, kept)
    if records is not None:
        _keep(outcome.folder, _place(records, chosen), here.settings.seeds)
    print(f"report: {report_path}", file=sys.stderr)
    print(json.dumps(_result(outcome, report_path)))


def check(track: str, calibrate: bool, plan: bool, cluster: str | None, store: Path) -> None:
    """Raises ValueError for an unknown tracker, and for a calibration that no plan would read or that cannot be kept."""
    from interplay.track import check_tracker

    check_tracker(track)
    if calibrate and (not plan or cluster is not None):
        raise ValueError("--calibrate measures this machine for a plan of it: give --plan, too, and no --cluster")
    if calibrate:
        from interplay.stages.calibration import FOLDER

        writable(store)
        writable(store / FOLDER, "the folder")


def _maker(
    study: str, scale: str, set_: list[str], store: Path, how: Runtime, runtime: list[str]
) -> Callable[[Mapping[str, str]], Study]:
    """Makes the study with the settings that were asked for and further ones."""
    from interplay.config import key_value
    from interplay.studies.catalogue import make_study

    overrides = dict(key_value(text, "--set") for text in set_)
    changed = how.changed(dict(key_value(text, "--runtime") for text in runtime))
    return lambda further: make_study(study, scale, overrides | dict(further), store, changed)


def _to_report(study: Study, store: Path, where: Where, kept: Mapping[int, Path]) -> tuple[Outcome, Path]:
    """Run what is to run, then the records and the page."""
    from interplay.report.page import build_report
    from interplay.run_study import run_study  # with the model libraries, which a plan does not need
    from interplay.stages.lock import hold

    outcome = run_study(study, store, _command(), where.executor(), kept)
    with hold(outcome.folder):
        return outcome, build_report(outcome.folder)


def _with_kept(
    make: Callable[[dict[str, str]], Study], arms: str | None, records: Path | None
) -> tuple[Study, dict[int, Path], Study]:
    """The study of the asked arms and seeds, and of the seeds that are kept; the folders of the kept ones; what is to run."""

    def made(seeds: dict[str, str]) -> Study:
        return make(seeds).only([name.strip() for name in arms.split(",")]) if arms is not None else make(seeds)

    chosen = made({})
    if records is None:
        return chosen, {}, chosen
    from interplay.records.extend import to_run
    from interplay.records.merge import kept_for

    writable(records, "the folder of kept seeds")
    kept = kept_for(chosen, _place(records, chosen))
    whole = made({"seeds": ",".join(map(str, sorted({*chosen.settings.seeds, *kept})))})
    here = to_run(whole, kept)
    if fuller := [str(seed) for seed in here.settings.seeds if seed in kept]:
        print(f"kept without all of these arms, which are added: seeds {', '.join(fuller)}", file=sys.stderr)
    return whole, kept, here


def _place(records: Path, study: Study) -> Path:
    return records / f"{study.name}_{study.settings.scale}"


def _keep(folder: Path, root: Path, seeds: Sequence[int]) -> None:
    from interplay.records.merge import keep

    keep(folder, root, seeds)
    print(f"kept: {len(seeds)} seeds in {root}", file=sys.stderr)


def _result(outcome: Outcome, report: Path) -> dict[str, object]:
    """The last line of standard output."""
    return {
        "report": str(report), "results": str(outcome.folder / "results.csv"), "wall_s": round(outcome.wall_s, 1),
        "cached_stages": outcome.cached_stages, "run_stages": outcome.run_stages, "claims": _said(outcome.folder),
    }  # fmt: skip


def _said(folder: Path) -> list[dict[str, str | int | None]]:
    """What follows for each claim; a line of it is printed."""
    from interplay.report.records import read_claims
    from interplay.report.wording import badge

    _, claims = read_claims(folder)
    for claim in claims:
        print(f"{badge(claim.verdict, claim.n_seeds)}  {claim.claim}", file=sys.stderr)
    return [
        {"claim": claim.claim, "contrast": claim.contrast, "verdict": claim.verdict, "trainings": claim.n_seeds}
        for claim in claims
    ]


def on_device(name: str) -> Device:
    """The device of that name. Raises ValueError for another."""
    match name:
        case "auto" | "cpu" | "cuda":
            return name
    raise ValueError(f"--device must be auto, cpu or cuda, got {name!r}")


def _fits_device(scale: str, device: str, cluster: str | None) -> None:
    """Raises ValueError before anything runs: for a device that is not there, and where a scale that is made for GPUs
    would begin weeks of work on a CPU without a word."""
    from interplay.stages.resources import OF_SCALE

    if cluster is not None:
        return
    if device == "cuda":
        from interplay.train.runtime import Runtime

        Runtime(device="cuda").check_device()
    if scale in OF_SCALE and device == "auto":
        import torch

        if not torch.cuda.is_available():
            raise ValueError(
                f"the scale {scale} is made for a GPU and torch sees none here; --plan says how long a CPU would take, "
                "--device cpu runs it all the same, --cluster sends it to a cluster"
            )


def _command() -> str:
    from interplay.records import command_line

    return command_line(["interplay", *sys.argv[1:]])
