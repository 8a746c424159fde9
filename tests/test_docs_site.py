"""The documentation site leaves nothing out: building it is slow and needs libraries of its own, reading its sources is not."""

import re
from pathlib import Path

import interplay

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def test_every_page_has_its_place_in_the_navigation():
    settings = (ROOT / "mkdocs.yml").read_text()
    listed = re.findall(r": ([\w/-]+\.md)$", settings.split("\nnav:\n")[1], re.MULTILINE)
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    of_studies = {page for page in pages if page.startswith("studies/")}  # reached from the claims
    assert sorted(listed) == sorted(pages - of_studies)


def test_the_page_of_the_python_api_shows_every_public_name():
    shown = re.findall(r"^::: interplay\.(\w+)$", (DOCS / "api.md").read_text(), re.MULTILINE)
    assert sorted(shown) == sorted(interplay.__all__)
