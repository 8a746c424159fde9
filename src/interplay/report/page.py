"""One HTML file that a person can send to a colleague: everything inside, nothing loaded, made from records alone.

Figures are drawn when the page is made (SVG), so that it shows at once, prints, and can be read without scripts; the
script only adds what a hand on the page wants: values under the pointer, copied tables, a theme. A content policy in
the page forbids every request and every script but that one, whatever a model wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from interplay.files import write_bytes, write_text
from interplay.report import arms, compute, explorer, figures, methods, offline, samples, select, tables, theme, wording
from interplay.report.charts import Figure
from interplay.report.records import Records, read_records
from interplay.report.table import Estimate, Label, Table
from interplay.report.theme import ArmStyle
from interplay.schema.study import Claim

IN_TABLES = ("effects",)  # figures that the page draws inside a table


@dataclass(frozen=True)
class DrawnFigure:
    """A figure on the page: panels as SVG and the arms of its legend."""

    figure: Figure
    panels: tuple[tuple[str, Markup], ...]
    legend: tuple[ArmStyle, ...]


def build_report(directory: Path) -> Path:
    """Make `report.html`, `figures/` and, where samples are kept, `explorer.html`. Raises ValueError for a bad record."""
    records = read_records(directory)
    styles = theme.arm_styles(records.arms)
    explored = explorer.build_explorer(directory, records.study, styles)
    drawn = figures.all_figures(records, styles)
    page = render_page(records, styles, drawn, explored is not None)
    save_figures(directory / "figures", drawn)
    return write_text(directory / "report.html", page)


def render_page(records: Records, styles: dict[str, ArmStyle], drawn: list[Figure], explored: bool = False) -> str:
    """The page as text."""
    made = _tables(records, styles)
    script, sheet = offline.asset("page.js"), offline.asset("page.css") + theme.sheet()
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            records=records,
            study=records.study,
            styles=styles,
            claims=[(claim, claim_numbers(claim)) for claim in records.claims],
            contents=contents(drawn, made),
            rules={claim.rule: claim.direction for claim in records.claims},
            one_note=len({claim.note for claim in records.claims}) == 1,
            figures={figure.name: _draw(figure, styles) for figure in drawn if figure.name not in IN_TABLES},
            kinds=arms.stage_kinds(records),
            arm_rows=arms.arm_rows(records, styles),
            addresses=arms.addresses(records),
            regimes=select.regimes_of(records),
            tables=made,
            samples=samples.samples(records.examples),
            explored=explored,
            settings=tables.settings(records.study.settings),
            machine=tables.settings({**records.study.machine, **records.study.software}),
            methods=methods.paragraphs(records),
            script=Markup(script),
            script_digest=offline.digest(script),
            sheet=Markup(sheet),
        )
    )


def contents(drawn: list[Figure], made: dict[str, Table]) -> list[tuple[str, str]]:
    """Anchor and name of every section that the page has."""
    have = {figure.name for figure in drawn} | set(made)
    sections = (
        ("glance", "At a glance", ""), ("dose", "Dose", "dose"), ("effects", "Effects", ""), ("trained", "Training", ""),
        ("pass-at-k", "pass@k", ""), ("by-op", "By op", ""), ("gold", "Gold NLL", "nll_change"),
        ("learning", "Learning", ""), ("errors", "Errors", ""), ("reliability", "Reliability", "reliability"),
        ("samples", "Solutions", ""), ("detectable", "Power", ""), ("rules", "Rules", ""), ("methods", "Methods", ""),
    )  # fmt: skip
    return [(anchor, name) for anchor, name, needs in sections if not needs or needs in have]


def claim_numbers(claim: Claim) -> str:
    """Effect, interval and n of a claim in one line; empty where the claim has no effect."""
    if claim.effect is None:
        return ""
    known = wording.sample_size(claim.n_problems, None, claim.n_seeds)
    return f"{wording.signed(claim.effect)} {wording.interval(claim.lo, claim.hi, sign=True)}, {known}"


def save_figures(folder: Path, drawn: list[Figure]) -> None:
    """Each figure as SVG and PDF, for a paper or a slide."""
    folder.mkdir(exist_ok=True)
    for figure in drawn:
        svg = theme.saved_svg(figure.spec())
        write_text(folder / f"{figure.name}.svg", svg)
        write_bytes(folder / f"{figure.name}.pdf", theme.saved_pdf(svg))


def _tables(records: Records, styles: dict[str, ArmStyle]) -> dict[str, Table]:
    made = (
        tables.effects(records, styles),
        tables.numbers(records, styles),
        tables.rules(records, styles),
        tables.reliability(records, styles),
        tables.guessing(records, styles),
        tables.error_classes(records, styles),
        compute.table(records, styles),
    )
    return {table.name: table for table in made if table is not None}


def _draw(figure: Figure, styles: dict[str, ArmStyle]) -> DrawnFigure:
    panels = [
        (panel.title, Markup(theme.page_svg(panel.spec(), f"{figure.name}-{place}")))
        for place, panel in enumerate(figure.panels)
    ]
    return DrawnFigure(figure, tuple(panels), tuple(style for arm, style in styles.items() if arm in figure.arms))


def environment() -> jinja2.Environment:
    """Templates that escape everything and refuse a name that is not there."""
    loader = jinja2.PackageLoader("interplay.report", "assets")
    made = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.globals["words"] = wording
    made.tests["estimate"] = lambda cell: isinstance(cell, Estimate)
    made.tests["label"] = lambda cell: isinstance(cell, Label)
    made.filters["anchor"] = lambda text: re.sub(r"[^a-z0-9]+", "-", str(text).lower()).strip("-")
    return made
