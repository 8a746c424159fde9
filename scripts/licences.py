"""Every distribution that an installation with the extras brings, with the licence that it names: docs/licences.md.

Read from what is installed, without network. Known vulnerabilities are a list on the network: `make audit` asks `pip-audit`
where that is installed.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "licences.md"
EXTRAS = ("train", "report", "slurm", "api")
HEAD = """# Dependencies and their licences

What `pip install 'interplay[train,report,slurm,api]'` brought on the machine that made this page, read from the distributions
themselves by `make audit`; nothing of them is copied into this repository. Whether a version has a known fault is not said
here: that needs the network (`pip-audit`).

| distribution | version | licence |
|---|---|---|
"""


def brought(name: str, extras: tuple[str, ...], found: dict[str, metadata.Distribution]) -> None:
    """Add a distribution and all it requires here."""
    from packaging.requirements import Requirement

    try:
        held = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return  # for another platform, or an extra that is left out
    for text in held.requires or ():
        asked = Requirement(text)
        if asked.marker is None or any(asked.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            key = re.sub(r"[-_.]+", "-", asked.name).lower()
            if key not in found and key != "interplay":
                try:
                    found[key] = metadata.distribution(asked.name)
                except metadata.PackageNotFoundError:
                    continue
                brought(asked.name, tuple(asked.extras), found)


def licence(held: metadata.Distribution) -> str:
    """What it says of itself, in a few words."""
    about = held.metadata
    if expression := about.get("License-Expression"):
        return str(expression)
    classes = [
        c.split(" :: ")[-1]
        for c in about.get_all("Classifier") or ()
        if c.startswith("License :: ") and c.count("::") > 1
    ]
    if classes:
        return ", ".join(classes)
    lines = (about.get("License") or "").strip().splitlines()
    named = [path for path in held.files or () if re.match(r"licen[cs]e", path.name, re.IGNORECASE)]
    lines = lines or (Path(str(held.locate_file(named[0]))).read_text().strip().splitlines() if named else [])
    return lines[0].strip()[:60] if lines else "not said"


def main() -> None:
    """Write the page."""
    found: dict[str, metadata.Distribution] = {}
    brought("interplay", EXTRAS, found)
    rows = [f"| {held.metadata['Name']} | {held.version} | {licence(held)} |" for _, held in sorted(found.items())]
    PAGE.write_text(HEAD + "\n".join(rows) + "\n")
    unsaid = [row for row in rows if row.endswith("| not said |")]
    print(f"{len(rows)} distributions, {len(unsaid)} without a licence of their own words: {PAGE}")
    sys.exit(0)


if __name__ == "__main__":
    main()
