"""The commands of `interplay data`: problems on demand, what a file of them confounds, and copies in another format."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from interplay.world.spec import Spec

data = typer.Typer(no_args_is_help=True, help="Generate problems and look at files of them.")

CELL = ("op", "mode")


def data_sample(
    n: Annotated[int, typer.Option(help="how many problems")] = 1,
    seed: Annotated[int, typer.Option(help="names the stream; neighbouring seeds share nothing")] = 0,
    context: Annotated[str | None, typer.Option(help="zoo, or another built-in context, or a TOML file")] = None,
    op: Annotated[int | None, typer.Option(help="exact operation count; 5 without --scale")] = None,
    mode: Annotated[str | None, typer.Option(help="forward or reverse")] = None,
    style: Annotated[str | None, typer.Option(help="full or terse")] = None,
    scale: Annotated[str | None, typer.Option(help="as micro, mini, small or paper asks them")] = None,
    regime: Annotated[str | None, typer.Option(help="of a scale: id, edge or hard; id unless told")] = None,
    split: Annotated[
        str | None, typer.Option(help="only train, rl, val or test; else it is said how many of each")
    ] = None,
    **axes: str | None,
) -> None:
    """Print problems as JSON lines in the GSM-Infinite fields, with `answer` and `graph`.

    Of the splits test and val problems are distinct and shared among the cells, as an evaluation asks them.

    Example: interplay data sample --context zoo --op 7 --mode reverse --n 100 --seed 0

    Example: interplay data sample --scale micro --regime edge --split test --n 200
    """
    from interplay.data.draw import ALONE, draw, file_row
    from interplay.data.mixture import Mixture, World
    from interplay.data.stream import SPLIT_OF_BUCKET, split_of
    from interplay.world.digest import digest

    if n < 0:
        raise ValueError(f"--n must not be negative, got {n}")
    if regime is not None and scale is None:
        raise ValueError("--regime is one of a scale's: give --scale, too")
    if split is not None and split not in SPLIT_OF_BUCKET:
        raise ValueError(f"--split must be one of {', '.join(dict.fromkeys(SPLIT_OF_BUCKET))}, got {split!r}")
    contexts, modes, ops, chosen = ALONE
    if scale is not None:
        from interplay.studies.scales import regime_of

        contexts, modes, ops, chosen = regime_of(scale, regime or "id")
    asked = {name: _parsed(name, text) for name, text in {**axes, "style": style}.items() if text is not None}
    world = World(**{**chosen, **asked})
    modes = modes if mode is None else cast(Any, (mode,))
    mixture = Mixture.uniform(ops if op is None else [op], [context] if context else contexts, modes)
    for cell in mixture.cells:
        world.spec(cell)  # what cannot be is said before the first problem
    digests, splits = set(), Counter[str]()
    for count, problem in enumerate(draw(world, mixture, n, seed, split), start=1):  # noqa: B007
        digests.add(digest(problem.graph))
        splits[split_of(problem)] += 1
        print(json.dumps(file_row(problem), ensure_ascii=False))
    sys.stdout.flush()
    drawn = splits.total()
    if len(digests) < n:
        short = f", of which {n - drawn} could not be drawn: the split has no more" if drawn < n else ""
        print(f"note: {len(digests)} distinct problems among the {n} asked for{short}", file=sys.stderr)
    if split is None:
        print(
            f"splits: {', '.join(f'{name} {splits[name]}' for name in dict.fromkeys(SPLIT_OF_BUCKET))}", file=sys.stderr
        )


def _axes() -> dict[str, tuple[str, str]]:
    """Every axis of the generator but the cell, with its type as it is written and what it means."""
    meanings = {"d": "2, or 3 for averages and totals of products"}
    meanings |= dict(re.findall(r"^ {4}(\w+) {2,}(.+(?:\n {17}.+)*)", Spec.__doc__ or "", re.M))
    return {
        f.name: (str(f.type), " ".join(meanings.get(f.name, "").split())) for f in fields(Spec) if f.name not in CELL
    }


def _parsed(name: str, text: str) -> Any:
    """The value of an axis, by its type; one that is wrong is said with the option's name."""
    kind = _axes().get(name, ("str", ""))[0]
    option = f"--{name.replace('_', '-')}"
    if ("Span" in kind and "," not in text) or re.match(r"int\b", kind):
        return _number(text, option)
    if "Span" in kind or kind.startswith("tuple"):
        low, comma, high = text.partition(",")
        if not comma:
            raise ValueError(f"{option} takes LO,HI, got {text!r}")
        return _number(low, option), _number(high, option)
    if kind.startswith("float"):
        try:
            return float(text)
        except ValueError:
            raise ValueError(f"{option} takes a number, got {text!r}") from None
    return text


def _number(text: str, option: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{option} takes whole numbers, got {text!r}") from None


def _with_axes() -> None:
    """Give `data sample` an option for every axis that the generator has."""
    own = inspect.signature(data_sample, eval_str=True)
    listed = [each for each in own.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    for name, (kind, meaning) in _axes().items():
        takes = "LO,HI" if kind.startswith("tuple") else "a number, or LO,HI" if "Span" in kind else ""
        told = Annotated[str | None, typer.Option(help="; ".join(filter(None, [meaning, takes])))]
        listed.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=told))
    data_sample.__signature__ = own.replace(parameters=listed)  # type: ignore[attr-defined]
    data_sample.__annotations__ = {each.name: each.annotation for each in listed}


_with_axes()
data.command("sample")(data_sample)


@data.command("convert")
def data_convert(
    source: Annotated[
        Path, typer.Argument(help="JSON lines, a JSON array or Parquet, packed or not; - reads standard input")
    ],
    target: Annotated[Path, typer.Argument(help="the file to write: .jsonl, .jsonl.gz or .parquet")],
) -> None:
    """Copy rows into another format: every field of every row, or one line that says where it cannot be.

    Example: interplay data convert problems.jsonl problems.parquet
    """
    from interplay.data.row_files import convert

    print(f"{convert(source, target):,} rows")


@data.command("stats")
def data_stats(
    file: Annotated[
        Path | None, typer.Argument(help="problems, in any format that `convert` reads; none with --scale")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="report overlap with this file, and what is new beside it")
    ] = None,
    scale: Annotated[
        str | None, typer.Option(help="the problems that a scale asks, beside what it pre-trains on")
    ] = None,
    n: Annotated[int, typer.Option(help="with --scale: problems of each regime")] = 1000,
    served: Annotated[
        int, typer.Option(help="with --scale: so many first documents of pre-training; fewer make more look new")
    ] = 20_000,
) -> None:
    """Print what problems confound: distractors, prompt length and answers by op, copies, what guessers reach without the
    graph; overlap and structural novelty beside another file, or beside a scale's pre-training.

    Example: interplay data stats test.jsonl --against train.jsonl, or interplay data stats --scale micro
    """
    from interplay.data.stats_text import LeftOut, overlap_lines, regime_lines, stats_lines

    if (file is None) == (scale is None):
        raise ValueError("data stats takes a file or --scale, one of the two")
    if n < 1 or served < 1:
        raise ValueError(f"--n and --served take whole numbers from 1 up, got {n} and {served}")
    if against is not None and not against.is_file():
        raise ValueError(f"--against {against}: no such file")
    if scale is not None:
        from interplay.studies.recipe import Recipe
        from interplay.studies.scales import settings
        from interplay.studies.study import Workplace

        recipe = Recipe(settings(scale, {}), Workplace(store="", runtime={}))
        training = recipe.base(0).config
        for line in regime_lines(recipe.regimes, training.stream, n, served):
            print(line)
        print(
            f"beside the first {served:,d} documents of a pre-training of {training.budget_tokens:,d} tokens; the fewer, the "
            "more looks new: --served takes how many it was shown, which its record has as `documents`"
        )
        return
    assert file is not None
    if str(file) == "-":
        raise ValueError("data stats reads its file several times; give a file, not standard input")
    left_out = LeftOut()
    for line in stats_lines(file, left_out):
        print(line)
    for line in overlap_lines(file, against) if against else ():
        print(line)
    sys.stdout.flush()
    for line in left_out.lines():
        print(line, file=sys.stderr)
