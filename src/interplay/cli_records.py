"""`interplay records`: seeds of a study that ran in several places or on several days, put together; the table of tuning."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from interplay.cli_options import writable, writable_file

records = typer.Typer(
    no_args_is_help=True,
    help="Records of studies: put seeds together, make the table of tuning, measure what RL is charged.",
)


@records.command("merge")
def merge(
    folders: Annotated[list[Path], typer.Argument(help="folders of seeds, or folders that hold such at any depth")],
    out: Annotated[Path, typer.Option(help="the records of all seeds, their folders among them, and the report")],
    study: Annotated[str, typer.Option(help="the file of a study of one's own; a built-in one is known by name")] = "",
    slim: Annotated[
        bool, typer.Option("--slim", help="only a copy of the records that is small enough to commit")
    ] = False,
) -> None:
    """Make one set of records from seeds of one study: checked for equal settings, one seed counted once, nothing averaged
    over different settings.

    Example: interplay records merge store/studies/noise-micro-0123456789 elsewhere/seed-7 --out merged
    """
    from interplay.records import command_line
    from interplay.report.page import build_report
    from interplay.report.slim import slim as copy_slim
    from interplay.run_study import merge_seeds

    writable(out, "the folder")
    command = command_line(["interplay", *sys.argv[1:]])
    if slim:
        with TemporaryDirectory() as whole:
            merge_seeds(folders, Path(whole), study, command)
            print(copy_slim(Path(whole), out))
        return
    merge_seeds(folders, out, study, command)
    print(build_report(out))


@records.command("tuning")
def tuning(
    folders: Annotated[list[Path], typer.Argument(help="records of the study `tuning`, one folder a scale")],
    out: Annotated[Path, typer.Option(help="the page, Markdown")] = Path("docs/tuning.md"),
) -> None:
    """Make the table of learning rates and steps that were tried on held-out problems, with the best row of each method.

    Example: interplay records tuning docs/studies/tuning_micro --out docs/tuning.md
    """
    from interplay.report.tuning import build_tuning

    writable_file(out)
    print(build_tuning(folders, out))


@records.command("charge")
def charge(
    directory: Annotated[Path, typer.Argument(help="a study's records, with an arm that ends in RL")],
) -> None:
    """Measure what an RL sample has in positions, and what RL computed over what it was charged, arm by arm.

    RL on the edge gives a scale's `sample_tokens` and `extrapolation.measured_share`.

    Example: interplay records charge store/studies/noise-micro-0123456789
    """
    from interplay.report.charges import charges, lines
    from interplay.report.records import read_claims

    print("\n".join(lines(charges(directory), read_claims(directory)[0].settings["sample_tokens"])))
