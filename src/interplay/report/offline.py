"""What every page of a report is made of: a template that escapes everything, its assets, its one script."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from interplay.report import theme, wording
from interplay.report.charts import Figure
from interplay.report.table import Estimate, Label


def rendered(template: str, script: str, sheets: Sequence[str] = ("page.css",), **values: object) -> str:
    """A page as text: a template with its values, the one script that its content policy lets run, and its styles."""
    sheet = "".join(map(asset, sheets)) + theme.sheet()
    page: str = (
        _environment()
        .get_template(template)
        .render(script=Markup(script), script_digest=_digest(script), sheet=Markup(sheet), **values)
    )
    return page


def _environment() -> jinja2.Environment:
    """Templates that escape everything and refuse a name that is not there."""
    loader = jinja2.PackageLoader("interplay.report", "assets")
    made = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.globals["words"] = wording
    made.tests["estimate"] = lambda cell: isinstance(cell, Estimate)
    made.tests["figure"] = lambda shown: isinstance(shown, Figure)
    made.tests["label"] = lambda cell: isinstance(cell, Label)
    made.filters["anchor"] = lambda text: re.sub(r"[^a-z0-9]+", "-", str(text).lower()).strip("-")
    return made


def asset(name: str) -> str:
    """A file of `assets/` as text."""
    return (resources.files("interplay.report") / "assets" / name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    """What the content policy of a page calls its one script."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def folder(path: Path) -> Path:
    """Make a folder. Raises ValueError where nothing can be written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}; --out names another folder") from None
    if not os.access(path, os.W_OK):
        raise ValueError(f"{path} cannot be written; --out names another folder")
    return path
