"""The command line: the only place where arguments are parsed. Bad input is one clear line and exit code 2."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from interplay import __version__, signals
from interplay.cli_data import data
from interplay.cli_eval import evaluate
from interplay.cli_options import whole_numbers, writable, writable_file
from interplay.cli_records import records
from interplay.cli_run import run
from interplay.cli_store import store
from interplay.cli_training import push, rl, train
from interplay.extras import fault, imported_at
from interplay.files import OutOfSpaceError
from interplay.signals import GOES_ON
from interplay.stages.failed import StageFailedError

RESUMED = [["run"], ["eval"], ["train"], ["rl"]]  # the commands whose work is saved on the way
UNREACHED = (  # what keeps a file from being read or written, and is mended outside this program
    errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ESTALE, errno.EISDIR, errno.ENOTDIR, errno.ELOOP,
    errno.ENAMETOOLONG,
)  # fmt: skip

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(data, name="data")
app.add_typer(store, name="store")
app.add_typer(records, name="records")
app.command()(run)
app.command("eval")(evaluate)
app.command()(train)
app.command()(rl)
app.command()(push)


def _version(asked: bool) -> None:
    if asked:
        print(f"interplay {__version__}")
        raise typer.Exit


@app.callback()
def interplay(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version and stop")
    ] = False,
) -> None:
    """Controlled experiments on what pre-training, mid-training and RL add to a language model's reasoning."""


@app.command()
def verify(
    file: Annotated[str, typer.Argument(help="JSON lines or Parquet; - reads standard input")],
    gold_field: Annotated[str, typer.Option(help="field of the gold solution")] = "solution",
    candidate_field: Annotated[str, typer.Option(help="field of the solution to judge")] = "candidate",
    rule: Annotated[
        str, typer.Option(help="strict, exact, sound or paper_v1: whose first fault `error` names")
    ] = "strict",
    steps: Annotated[bool, typer.Option("--steps", help="list every step: place, fault, the rule expected")] = False,
) -> None:
    """Judge solutions step by step: one JSON object for each, under all rules; a summary on standard error.

    A solution is text, a chat or an answer of an API; a list of them gives one object each, with its place in `sample`.

    Exit code 0 when at least one row could be judged, whatever the verdicts; the others have `error` "bad_row: ..." and are
    counted in the summary. Exit code 2 when no row could be judged.

    Example: interplay data sample --n 3 | interplay verify - --candidate-field solution
    """
    from interplay.data.row_files import read_items
    from interplay.data.verify_file import Tally, verdicts

    tally = Tally()
    for verdict in verdicts(read_items(file), tally, gold_field, candidate_field, rule, steps=steps):
        print(json.dumps(verdict, ensure_ascii=False))
    sys.stdout.flush()  # whoever reads both sees the summary last
    print("\n".join(tally.lines(candidate_field)), file=sys.stderr)


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(help="an evaluation's folder")],
    b: Annotated[Path, typer.Argument(help="another evaluation of the same problems")],
    k: Annotated[str, typer.Option(help="comma-separated; by default what the samples allow")] = "",
    rule: Annotated[str, typer.Option(help="strict, exact, sound, paper_v1 or answer")] = "strict",
) -> None:
    """Print the paired effects of B over A, per regime and k, with intervals.

    Example: interplay compare eval/base eval/rl --k 1,16
    """
    from interplay.evals.compare import compare as compare_evaluations
    from interplay.evals.compare import fewest_samples, format_table
    from interplay.evals.evaluation import read_evaluation
    from interplay.schema.verdicts import RULES

    if rule not in RULES:
        raise ValueError(f"--rule must be one of {', '.join(RULES)}, got {rule!r}")
    ks = whole_numbers(k)
    evaluations = [read_evaluation(folder, [rule]) for folder in (a, b)]
    for folder, evaluation in zip((a, b), evaluations, strict=True):
        if ks and max(ks) > (fewest := fewest_samples(evaluation, rule)):
            raise ValueError(f"--k {max(ks)} is above the {fewest} samples of each problem in {folder}")
    print(format_table(compare_evaluations(*evaluations, ks=ks or None, rules=[rule])))


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="generate, stream, verify, sample, train or rl")],
    json_: Annotated[bool, typer.Option("--json", help="one JSON object as the last line")] = False,
    threads: Annotated[int, typer.Option(help="CPU threads of sample, train and rl")] = 0,
) -> None:
    """Measure one part beside a peer, in the same run.

    Example: interplay bench sample --json
    """
    from interplay.bench import run_bench

    result = run_bench(name, threads or min(2, os.cpu_count() or 1))
    if json_:
        print(json.dumps(result))
        return
    print(f"{result['name']}: {result['value']:,.0f} {result['unit']}")
    if result["peer"]:
        print(f"{result['peer']}: {result['peer_value']:,.0f} {result['unit']}, ratio {result['ratio']:.2f}")
    for part, value in result["parts"].items():
        print(f"  {part}: {value}")


@app.command()
def report(
    directory: Annotated[Path, typer.Argument(help="a folder of records, store/studies/NAME")],
    markdown: Annotated[
        Path | None, typer.Option(help="also write a page for a repository, its figure beside it")
    ] = None,
    slim: Annotated[
        Path | None, typer.Option(help="also copy the records into this folder, small enough to commit")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="a folder for the page and its figures; without it, that of the records")
    ] = None,
) -> None:
    """Build a study's page again from its records alone.

    Example: interplay report store/studies/quickstart-micro-0123456789
    """
    from interplay.folders import expect

    expect(directory, "records")
    if markdown is not None:
        writable_file(markdown)
    for folder in filter(None, (slim, out)):
        writable(folder, "the folder")
    print(f"{directory}: its figures are drawn as SVG and PDF, then the page", file=sys.stderr)
    from interplay.report.page import build_report

    if slim is not None:
        from interplay.report.slim import slim as copy_slim

        print(copy_slim(directory, slim))
    if markdown is not None:
        from interplay.report.markdown import build_markdown

        print(build_markdown(directory, markdown))
    print(build_report(directory, out))


@app.command()
def claims(
    folders: Annotated[list[Path], typer.Argument(help="folders of records, folders of those, or stores")],
    out: Annotated[Path, typer.Option(help="the page; the same as Markdown is written beside it")] = Path(
        "claims.html"
    ),
    readme: Annotated[
        Path | None, typer.Option(help="a Markdown file; its table of decided claims is made anew, between its marks")
    ] = None,
) -> None:
    """Put every claim of several studies on one page: effect, interval, p, n, verdict and rule.

    Example: interplay claims store docs/studies --out claims.html
    """
    from interplay.report.claims import around_marks, build_claims, fill_table

    for suffix in (".html", ".md"):  # both are written
        writable_file(out.with_suffix(suffix))
    if readme is not None:
        around_marks(readme)
    page, document = build_claims(folders, out)
    print(f"{page}\n{document}")
    if readme is not None:
        print(fill_table(readme, folders, document))


def main() -> None:
    """Entry point: what the user can mend gets one line and exit code 2; a signal leaves what was saved."""
    from pydantic import ValidationError

    from interplay.config import said

    try:
        with signals.heard(GOES_ON if sys.argv[1:2] in RESUMED else "nothing is half-written"):
            code = app(standalone_mode=False)
        if code == 130:  # what typer makes of an EOFError
            _fail("the input ended too early")
        sys.exit(code)
    except ValidationError as error:
        _fail(said(error))
    except ValueError as error:
        _fail(str(error))
    except ImportError as error:
        if (library := imported_at(error)) is None:
            raise
        _fail(fault(error, library))
    except (StageFailedError, OutOfSpaceError) as error:
        _fail(str(error), code=1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        if error.errno is None and (library := imported_at(error)):  # a shared library that cannot be loaded
            _fail(fault(error, library))
        if error.errno not in UNREACHED:
            raise
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror), code=1)
    except Exception as error:
        if not hasattr(error, "format_message"):  # a usage error of the parser; anything else is ours
            raise
        if not str(error.format_message()).strip():
            sys.exit(2)
        _fail(error.format_message())


def _fail(message: str, code: int = 2) -> None:
    text = "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(message.split()))
    print(f"error: {text}", file=sys.stderr)  # of a hostile file, too, nothing reaches the terminal but letters
    sys.exit(code)


if __name__ == "__main__":
    main()
