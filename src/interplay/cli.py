"""The command line: the only place where arguments are parsed. Bad input is one clear line and exit code 2."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from interplay.cli_data import data
from interplay.cli_run import run, writable
from interplay.cli_store import store
from interplay.cli_training import push, train
from interplay.files import OutOfSpaceError
from interplay.stages.failed import StageFailedError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(data, name="data")
app.add_typer(store, name="store")
app.command()(run)
app.command()(train)
app.command()(push)


@app.callback()
def interplay() -> None:
    """Controlled experiments on what pre-training, mid-training and RL add to a language model's reasoning."""


@app.command()
def verify(
    file: Annotated[str, typer.Argument(help="JSON lines or Parquet; - reads standard input")],
    gold_field: Annotated[str, typer.Option(help="field of the gold solution")] = "solution",
    candidate_field: Annotated[str, typer.Option(help="field of the solution to judge")] = "candidate",
    rule: Annotated[
        str, typer.Option(help="strict, exact, sound or paper-v1: whose first fault `error` names")
    ] = "strict",
    steps: Annotated[bool, typer.Option("--steps", help="list every step: place, fault, the rule expected")] = False,
) -> None:
    """Judge solutions step by step: one JSON object for each, under all rules; a summary on standard error.

    A solution is text, a chat or an answer of an API; a list of them gives one object each, with its place in `sample`.

    Example: interplay data sample --n 3 | interplay verify - --candidate-field solution
    """
    from interplay.data.files import read_items
    from interplay.data.verify_file import Tally, verdicts

    tally = Tally()
    for verdict in verdicts(read_items(file), tally, gold_field, candidate_field, rule, steps=steps):
        print(json.dumps(verdict, ensure_ascii=False))
    sys.stdout.flush()  # whoever reads both sees the summary last
    print("\n".join(tally.lines(candidate_field)), file=sys.stderr)


@app.command("eval")
def evaluate_checkpoint(
    checkpoint: Annotated[Path, typer.Argument(help="a Hugging Face folder, ours or another")],
    data_file: Annotated[Path, typer.Option("--data", help="JSON lines: our rows or GSM-Infinite's")],
    samples: Annotated[int, typer.Option(help="solutions per problem")] = 128,
    k: Annotated[str, typer.Option(help="comma-separated; by default 1,8,64,128 as far as --samples goes")] = "",
    out: Annotated[Path, typer.Option(help="folder of the records; an evaluation that was cut goes on")] = Path("eval"),
    temperature: Annotated[float, typer.Option(help="sampling temperature")] = 0.7,
    max_new_tokens: Annotated[int, typer.Option(help="longest solution, in tokens")] = 1024,
    seed: Annotated[int, typer.Option(help="names the samples")] = 0,
    threads: Annotated[int, typer.Option(help="CPU threads")] = 0,
    gold: Annotated[bool, typer.Option(help="also the NLL of the gold solutions and greedy accuracy")] = True,
    verify_workers: Annotated[int, typer.Option(help="judging processes; -1: the cores that sampling leaves")] = -1,
) -> None:
    """Sample solutions of a checkpoint, verify every step, and print pass@k under all rules, with intervals.

    `accelerate launch -m interplay.cli eval ...` shares the work among processes; the result is the same.

    Example: interplay eval store/checkpoint --data problems.jsonl --samples 128 --k 1,8,64,128 --out eval
    """
    from interplay.evals.pass_at_k import default_ks
    from interplay.evals.run import EvalRequest, run_eval

    ks = _ks(k) or default_ks(samples)
    if max(ks) > samples:
        raise ValueError(f"--k {max(ks)} is above --samples {samples}: pass@k takes at least k samples")
    writable(out)
    request = EvalRequest(
        checkpoint=checkpoint, data=data_file, out=out, samples=samples, ks=ks, temperature=temperature,
        max_new_tokens=max_new_tokens, seed=seed, threads=threads or min(2, os.cpu_count() or 1),
        gold=gold, verify_workers=None if verify_workers < 0 else verify_workers,
    )  # fmt: skip
    if (summary := run_eval(request)) is not None:
        print(json.dumps(summary))
        sys.stdout.flush()
        print("\n".join(_told(summary)), file=sys.stderr)


def _told(summary: Mapping[str, Any]) -> list[str]:
    """An evaluation in words: pass@k over all problems, a line for each rule."""
    lines = [f"{summary['problems']:,} problems, {summary['samples']} samples each; records in {summary['out']}"]
    rows = [row for row in summary["pass_at_k"] if row["regime"] == "all" and row["value"] is not None]
    for rule in dict.fromkeys(row["rule"] for row in rows):
        told = [f"@{r['k']} {r['value']:.1%} [{r['lo']:.1%}, {r['hi']:.1%}]" for r in rows if r["rule"] == rule]
        lines.append(f"{rule + ':':<16} pass{', '.join(told)}")
    return lines


def _ks(text: str) -> tuple[int, ...]:
    return tuple(_whole(part, "--k") for part in text.split(",")) if text else ()


def _whole(text: str, option: str) -> int:
    if not text.strip().isdigit() or int(text) < 1:
        raise ValueError(f"{option} takes positive whole numbers, got {text!r}")
    return int(text)


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(help="an evaluation's folder")],
    b: Annotated[Path, typer.Argument(help="another evaluation of the same problems")],
    k: Annotated[str, typer.Option(help="comma-separated; by default what the samples allow")] = "",
    rule: Annotated[str, typer.Option(help="strict, exact, paper_v1 or answer_correct")] = "strict",
) -> None:
    """Print the paired effects of B over A, per regime and k, with intervals.

    Example: interplay compare eval/base eval/rl --k 1,16
    """
    from interplay.evals.compare import compare as compare_evaluations
    from interplay.evals.compare import fewest_samples, format_table
    from interplay.evals.records import read_evaluation

    ks = _ks(k)
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
    out: Annotated[Path | None, typer.Option(help="write the page here; without it, beside the records")] = None,
) -> None:
    """Build a study's page again from its records alone.

    Example: interplay report store/studies/quickstart-micro-0123456789
    """
    from interplay.folders import expect
    from interplay.report.page import build_report

    expect(directory, "records")
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
) -> None:
    """Put every claim of several studies on one page: effect, interval, p, n, verdict and rule.

    Example: interplay claims store docs/studies --out claims.html
    """
    from interplay.report.claims import build_claims

    for path in build_claims(folders, out):
        print(path)


def main() -> None:
    """Entry point: what the user can mend gets one line and exit code 2; an interrupt leaves what was saved."""
    from pydantic import ValidationError

    try:
        if (code := app(standalone_mode=False)) == 130:  # what typer makes of Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        _fail(f"{where + ': ' if where else ''}{first['msg'].removeprefix('Value error, ')}")
    except ValueError as error:
        _fail(str(error))
    except (StageFailedError, OutOfSpaceError) as error:
        _fail(str(error), code=1)
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted; the same command goes on from the last checkpoint", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if not hasattr(error, "format_message"):  # a usage error of the parser; anything else is ours
            raise
        if not str(error.format_message()).strip():
            sys.exit(2)
        _fail(error.format_message())


def _fail(message: str, code: int = 2) -> None:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
