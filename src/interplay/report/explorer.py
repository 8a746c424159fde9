"""`explorer.html`: the sampled solutions that a study keeps, on one page, each beside the graph that it had to follow.

The page stands on its own like `report.html`: nothing is loaded, no script runs but its own, and whatever a model wrote
reaches the page as data (compressed, in base64) and is only ever shown as text.
"""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from interplay.files import write_text
from interplay.report import offline
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
    text = offline.rendered(
        "explorer.html.jinja",
        script,
        ("page.css", "explorer.css"),
        study=study,
        styles=styles,
        num_samples=len(explored.samples),
        num_problems=len(explored.problems),
        data=Markup(packed(page_data(explored, styles))),
    )
    return write_text((out or directory) / "explorer.html", text)
