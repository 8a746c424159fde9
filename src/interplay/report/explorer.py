"""`explorer.html`: the sampled solutions that a study keeps, on one page, each beside the graph that it had to follow.

The page stands on its own like `report.html`: nothing is loaded, no script runs but its own, and whatever a model wrote
reaches the page as data (compressed, in base64) and is only ever shown as text.
"""

from __future__ import annotations

from pathlib import Path

import jinja2
from markupsafe import Markup

from interplay.files import write_text
from interplay.report import offline, theme, wording
from interplay.report.explorer_data import packed, page_data
from interplay.report.explorer_read import has_explored, read_explored
from interplay.report.theme import Styles
from interplay.schema.study import Study

SCRIPTS = ("dom", "data", "layout", "overlay", "graph", "trace", "list", "detail", "page")


def build_explorer(directory: Path, study: Study, styles: Styles, out: Path | None = None) -> Path | None:
    """Make `explorer.html` in `out`, or beside the record; None without its record. Raises ValueError for a bad record."""
    if not has_explored(directory):
        return None
    explored = read_explored(directory, styles)
    met = {sample.arm for sample in explored.samples}
    styles = {arm: style for arm, style in styles.items() if arm in met}
    script = '"use strict";\n' + "\n".join(offline.asset(f"explorer_{name}.js") for name in SCRIPTS)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("interplay.report", "assets"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    text = environment.get_template("explorer.html.jinja").render(
        study=study,
        words=wording,
        styles=styles,
        num_samples=len(explored.samples),
        num_problems=len(explored.problems),
        data=Markup(packed(page_data(explored, styles))),
        script=Markup(script),
        script_digest=offline.digest(script),
        sheet=Markup(offline.asset("page.css") + offline.asset("explorer.css") + theme.sheet()),
    )
    return write_text((out or directory) / "explorer.html", text)
