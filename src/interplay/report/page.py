"""One HTML file that a person can send to a colleague: everything inside, nothing loaded, made from records alone.

Figures are drawn when the page is made (SVG), so that it shows at once, prints, and can be read without scripts; the
script only adds what a hand on the page wants: values under the pointer, copied tables, a theme. A content policy in
the page forbids every request and every script but that one, whatever a model wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from interplay.files import write_bytes, write_text
from interplay.report import arms, explorer, figures, methods, offline, samples, select, tables, theme, wording
from interplay.report.charts import Figure
from interplay.report.drawing import Picture, draw
from interplay.report.place import SECTIONS, Place, Section, Shown, places
from interplay.report.records import Records, read_records
from interplay.report.theme import ArmStyle, Styles
from interplay.schema.study import Claim


@dataclass(frozen=True)
class Item:
    """A figure, drawn, or a table, at its place in a section."""

    place: Place
    shown: Shown
    panels: tuple[tuple[str, Markup], ...] = ()
    legend: tuple[ArmStyle, ...] = ()


@dataclass(frozen=True)
class Filled:
    """A section with what is in it."""

    section: Section
    items: tuple[Item, ...]

    @property
    def heading(self) -> str:
        """Its own, or that of its first figure."""
        first = self.items[0].shown if self.items else None
        return self.section.heading or (first.title if isinstance(first, Figure) else self.section.name)


def build_report(directory: Path, out: Path | None = None) -> Path:
    """Make `report.html`, `figures/` and, where samples are kept, `explorer.html` in `out`, or beside the records.

    Raises ValueError for a bad record, or a folder that cannot be written.
    """
    records = read_records(directory)
    styles = theme.arm_styles(records.arms)
    out = offline.folder(directory if out is None else out)
    explored = explorer.build_explorer(directory, records.study, styles, out)
    drawn = figures.all_figures(records, styles)
    pictures = draw(figure for _, figure in drawn)
    page = render_page(records, styles, drawn, pictures, explored is not None)
    save_figures(offline.folder(out / "figures"), pictures)
    return write_text(out / "report.html", page)


def render_page(
    records: Records,
    styles: Styles,
    drawn: list[tuple[Place, Figure]],
    pictures: Mapping[str, Picture],
    explored: bool = False,
) -> str:
    """The page as text."""
    return offline.rendered(
        "page.html.jinja",
        offline.asset("page.js"),
        records=records,
        study=records.study,
        styles=styles,
        claims=[(claim, claim_numbers(claim)) for claim in records.claims],
        sections=sections(records, styles, drawn, pictures),
        rules={claim.rule: claim.direction for claim in records.claims},
        one_note=len({claim.note for claim in records.claims}) == 1,
        kinds=arms.stage_kinds(records),
        arm_rows=arms.arm_rows(records, styles),
        addresses=arms.addresses(records),
        regimes=select.regimes_of(records),
        samples=samples.samples(records.examples),
        explored=explored,
        settings=tables.settings(records.study.settings),
        machine=tables.settings({**records.study.machine, **records.study.software}),
        methods=methods.paragraphs(records),
    )


def sections(
    records: Records, styles: Styles, drawn: list[tuple[Place, Figure]], pictures: Mapping[str, Picture]
) -> list[Filled]:
    """Every section that the page has, with its figures and tables in order."""
    items = [_item(place, figure, pictures[figure.name], styles) for place, figure in drawn if place.on_page]
    for place in places(tables):
        table = place.draw(records, styles)
        if table is not None:
            items.append(Item(place, table))
    items.sort(key=lambda item: item.place.rank)
    filled = [Filled(one, tuple(i for i in items if i.place.section == one.anchor)) for one in SECTIONS]
    return [one for one in filled if one.items or one.section.empty]


def claim_numbers(claim: Claim) -> str:
    """Effect, interval and n of a claim in one line; empty where the claim has no effect."""
    if claim.effect is None:
        return ""
    known = wording.sample_size(claim.n_problems, None, claim.n_seeds)
    return f"{wording.signed(claim.effect)} {wording.interval(claim.lo, claim.hi, sign=True)}, {known}"


def save_figures(folder: Path, pictures: Mapping[str, Picture]) -> None:
    """Each figure as SVG and PDF, for a paper or a slide."""
    for name, picture in pictures.items():
        write_text(folder / f"{name}.svg", picture.svg)
        write_bytes(folder / f"{name}.pdf", picture.pdf)


def _item(place: Place, figure: Figure, picture: Picture, styles: Styles) -> Item:
    panels = tuple((panel.title, Markup(svg)) for panel, svg in zip(figure.panels, picture.panels, strict=True))
    return Item(place, figure, panels, tuple(style for arm, style in styles.items() if arm in figure.arms))
