"""Records with hostile strings wherever a person or a model may write, through report and explorer into a real browser:
nothing of them is executed, nothing is asked of anybody, and nothing of them becomes a tag."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from browser import CHROMIUM, Page, chromium
from hostile_text import UNICODE
from torture.runs import Run, complaint
from torture.trial import Trial, Workshop

BOMBS = (
    "<script>document.documentElement.dataset.owned = 1; alert(1)</script>",
    "</script><script>fetch('http://127.0.0.1:9/stolen'); alert(2)</script>",
    "</p></style></title></textarea><img src=http://127.0.0.1:9/x onerror=alert(3)>",
    '"\' onmouseover=alert(4) autofocus onfocus=alert(5) x="',
    "<svg/onload=alert(6)><iframe src=javascript:alert(7)></iframe><link rel=stylesheet href=//127.0.0.1:9/>",
    "<base href=//127.0.0.1:9/><meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "[x](javascript:alert(8)) {{7*7}} {% raw %} ${alert(9)} `\\u003cimg\\u003e ]]> --> <!-- <![CDATA[",
    "@import url(//127.0.0.1:9/a.css);}*{background:url(http://127.0.0.1:9/b)}",
    '=HYPERLINK("http://127.0.0.1:9")',
)
FREE = {
    "study.json": ("title", "question", "command", "label", "description", "what", "text"),
    "claims.json": ("claim", "rule", "note", "key"),
    "examples.jsonl": ("problem", "question", "gold", "text", "answer"),
    "problems.parquet": ("problem", "question", "solution", "answer", "context"),
    "samples.parquet": ("text", "answer"),
}
OPEN = ("settings", "machine", "software", "config", "summary")  # mappings of names that we do not know
TAGS = "img, iframe, object, embed, base, link, meta[http-equiv=refresh], [onload], [onerror], [onfocus], [onmouseover]"
READY = "!document.getElementById('panes').hidden && document.querySelector('#detail h2, #detail .notice')"


def has_browser() -> bool:
    """Whether a page can be opened."""
    return CHROMIUM is not None


def paged(work: Workshop, rng: random.Random) -> Trial:
    """One folder of records, made hostile, and both of its pages."""
    folder, trial = work.fresh(), Trial("hostile pages", "report and explorer, in a browser")
    (records,) = (work.reference.store / "studies").glob("quickstart-*")
    shutil.copytree(records, folder / "records")
    for page in ("report", "explorer"):
        (folder / "records" / f"{page}.html").unlink()
    for name, fields in FREE.items():
        _spoil(folder / "records" / name, fields, rng)
    run = Run(["report", str(folder / "records")], folder / "report.log")
    run.wait()
    trial.faults += complaint(run, [0])
    if run.code == 0:
        with chromium(folder / "profile") as browser:
            for name, ready, keys in (("report", "true", ("Tab",) * 4), ("explorer", READY, ("j", "j", "n", "j", "k"))):
                trial.faults += [f"{name}: {fault}" for fault in _opened(browser.page(), folder, name, ready, keys)]
    return trial


def _opened(page: Page, folder: Path, name: str, ready: str, keys: tuple[str, ...]) -> list[str]:
    """What a browser has to say against a page."""
    address = (folder / "records" / f"{name}.html").as_uri()
    page.open(address, ready)
    scripts = page.run("document.scripts.length")
    for key in keys:
        page.press(key)
    time.sleep(0.2)  # for what would run a moment later
    faults = [f"it asked for {found}" for found in page.requests() if found.partition("#")[0] != address]
    faults += [f"the browser complains: {json.dumps(found)[:200]}" for found in page.complaints()]
    if (tags := page.run(f"document.querySelectorAll({TAGS!r}).length")) != 0:
        faults.append(f"{tags} tags of the records are in it")
    if page.run("document.documentElement.dataset.owned || document.scripts.length - " + str(scripts)):
        faults.append("a script of the records ran")
    if page.run("document.querySelectorAll('script:not([type])').length") != 1:
        faults.append("it has other scripts than its own")
    return faults


def _spoil(path: Path, fields: tuple[str, ...], rng: random.Random) -> None:
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        for name in fields:
            values = [value if value is None else hostile(value, rng) for value in table[name].to_pylist()]
            place = table.column_names.index(name)
            table = table.set_column(place, table.schema.field(name), pa.array(values, table.schema.field(name).type))
        pq.write_table(table, path)
        return
    if path.suffix == ".jsonl":
        rows = [_within(json.loads(line), fields, rng) for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return
    path.write_text(json.dumps(_within(json.loads(path.read_text()), fields, rng)))


def _within(value: Any, fields: tuple[str, ...], rng: random.Random) -> Any:
    """The same document, hostile in these fields and in all of its open mappings."""
    if isinstance(value, list):
        return [_within(each, fields, rng) for each in value]
    if not isinstance(value, Mapping):
        return value
    made = {}
    for name, found in value.items():
        if name in fields and isinstance(found, str):
            made[name] = hostile(found, rng)
        elif name in OPEN and isinstance(found, Mapping):
            made[name] = dict(found) | {hostile("", rng): hostile("", rng)}
        else:
            made[name] = _within(found, fields, rng)
    return made


def hostile(text: str, rng: random.Random) -> str:
    """The text, with something after it three times out of four."""
    odd = rng.choice((*BOMBS, rng.choice(tuple(UNICODE.values()))[:2000]))
    return text + odd if rng.random() < 0.75 else text
