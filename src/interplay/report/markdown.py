"""A study as a page of the documentation: question, claims, main figure, effects, methods; from its records alone.

The figure is saved beside the page. Text that a person or a model wrote is escaped, so that it stays text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from interplay.files import write_text
from interplay.report import figures, methods, tables, theme, wording
from interplay.report.charts import Figure
from interplay.report.contrasts import MANY_EFFECTS, measure, on_gains, pair, sides, where
from interplay.report.drawing import Picture, draw
from interplay.report.records import Records, read_records
from interplay.report.shortcuts import shortcut_table
from interplay.report.table import Estimate
from interplay.report.theme import Styles
from interplay.schema.study import Arm, Claim

_SPECIAL = re.compile(r"([\\`*_\[\]>|#])")


def build_markdown(directory: Path, page: Path) -> Path:
    """Write `page` and its figures from the records in `directory`. Raises ValueError for a bad record."""
    records = read_records(directory)
    styles = theme.arm_styles(records.arms)
    parts = [f"# {escaped(records.study.title)}", escaped(records.study.question), _run(records)]
    parts += ["## What this run says", _claims(records)]
    page.parent.mkdir(parents=True, exist_ok=True)
    drawn = figures.all_figures(records, styles)
    main = figures.main_figure(drawn)
    wanted = {"further"} if records.effects else {"further", "curves"}  # what compares nothing is about its curves
    others = [figure for place, figure in drawn if place.document in wanted and figure is not main]
    pictures = draw([*([main] if main is not None else []), *others])
    if main is not None:
        parts += _figure(main, pictures, page.with_suffix(".svg"))
    parts += ["## Effects", _effects(records, styles), *_shortcuts(records)]
    for figure in others:
        parts += _figure(figure, pictures, page.with_name(f"{page.stem}_{figure.name}.svg"))
    parts += ["## Arms", table(("arm", "treatment"), [(arm.label, arm.description) for arm in _first_seed(records)])]
    parts += ["## Methods", *(f"**{heading}.** {escaped(text)}" for heading, text in methods.paragraphs(records))]
    parts += [f"This page was made by `interplay report` from the records in `{directory.name}/`, which also rebuilds the "
              "full report from them."]  # fmt: skip
    return write_text(page, "\n\n".join(part for part in parts if part) + "\n")


def _figure(figure: Figure, pictures: Mapping[str, Picture], path: Path) -> list[str]:
    write_text(path, pictures[figure.name].svg)
    return [f"## {escaped(figure.title)}", f"![{escaped(figure.title)}]({path.name})", escaped(figure.caption)]


def _run(records: Records) -> str:
    study = records.study
    seeds = wording.plural(len(study.seeds), "seed")
    return f"Scale {escaped(study.scale)}, {seeds}, {wording.duration(study.wall_s)}. Run it again: `{_code(study.command)}`"


def _code(text: str) -> str:
    return text.replace("`", "'").replace("\n", " ")


def _first_seed(records: Records) -> list[Arm]:
    seen: dict[str, Arm] = {}
    for arm in records.study.arms:
        seen.setdefault(arm.arm, arm)
    return list(seen.values())


def _claims(records: Records) -> str:
    if not records.claims:
        return "This study tests no claim."
    rows = [
        (
            f"{claim.key}: {claim.claim}" if claim.key else claim.claim,
            wording.said(claim.verdict, claim.n_seeds),
            *_numbers(claim),
        )
        for claim in records.claims
    ]
    rules = dict.fromkeys(claim.rule for claim in records.claims)
    notes = dict.fromkeys(claim.note for claim in records.claims if claim.note)
    said = "\n".join(f"- {escaped(text)}" for text in (*rules, *notes))
    return f"{table(('claim', 'verdict', 'effect [95 %]', 'p (Holm)', 'n'), rows)}\n\n{said}"


def _numbers(claim: Claim) -> tuple[str, str, str]:
    size = wording.compact_size(claim.n_problems, claim.n_samples, claim.n_seeds)
    return str(Estimate(claim.effect, claim.lo, claim.hi, sign=True)), wording.p_value(claim.p_holm), size


def _effects(records: Records, styles: Styles) -> str:
    if len(records.effects) > MANY_EFFECTS:
        return _wide_effects(records, styles)
    rows = [
        (sides(effect, styles), f"{where(effect)}, {measure(effect)}",
         str(Estimate(effect.effect, effect.lo, effect.hi, sign=True)),
         wording.compact_size(effect.n_problems, effect.n_samples, effect.n_seeds))
        for effect in records.effects
    ]  # fmt: skip
    return (
        table(("treatment vs control", "measured", "difference", tables.N), rows)
        if rows
        else "The records hold no effects."
    )


def _shortcuts(records: Records) -> list[str]:
    """What takes no reasoning; nothing where the records do not say."""
    found = shortcut_table(records)
    if found is None:
        return []
    rows = [tuple(map(str, row)) for row in found.rows]
    return ["## Shortcut baselines", escaped(found.caption), table(found.header, rows)]


def _wide_effects(records: Records, styles: Styles) -> str:
    """A row per pair of arms, a column per regime and k; grey does not print, so an interval stands beside each number."""
    columns = list(dict.fromkeys(f"{where(e)} @{e.k}" for e in records.effects))
    cells: dict[str, dict[str, str]] = {}
    for effect in records.effects:
        number = f"{wording.signed(effect.effect, 2)} {wording.ends(effect.lo, effect.hi)}".strip()
        row, column = cells.setdefault(pair(effect, styles), {}), f"{where(effect)} @{effect.k}"
        assert column not in row, "a place holds one effect"
        row[column] = number
    rows = [(name, *(found.get(column, wording.DASH) for column in columns)) for name, found in cells.items()]
    known = sorted({wording.sample_size(e.n_problems, e.n_samples, e.n_seeds) for e in records.effects})
    caption = (
        f"Differences in pass@k, paired by problem, with 95 % intervals; {'; '.join(known)}.{on_gains(records.effects)}"
    )
    return f"{caption}\n\n{table(('treatment vs control', *columns), rows)}"


class Written(str):
    """Markdown already: a cell that is not escaped."""


def link(text: str, path: Path, beside: Path) -> str:
    """The text, as a link for a page in the folder `beside` where the path is there."""
    if not path.is_file():
        return text
    return Written(f"[{escaped(text)}]({quote(Path(os.path.relpath(path, beside)).as_posix())})")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; nothing in a cell can end it."""
    lines = ["| " + " | ".join(map(escaped, header)) + " |", "|" + " --- |" * len(header)]
    cells = ([cell if isinstance(cell, Written) else escaped(cell) for cell in row] for row in rows)
    lines += ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """The text as Markdown that shows it unchanged, in one line. A backslash before `<` would be shown by some readers."""
    entities = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(r"\\\1", entities)
