"""The page: made from records alone, the same bytes each time, closed to the network and to what a model writes."""

from __future__ import annotations

import csv
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import synthetic_records as synthetic

from interplay.report import figures, theme, wording
from interplay.report.drawing import draw
from interplay.report.page import build_report, render_page
from interplay.report.place import SECTIONS, placed, places
from interplay.report.records import read_records
from interplay.world.verify import ERRORS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "</p></style><script>document.documentElement.dataset.owned = 1</script><img src=x onerror=alert(1)>\"'`{{7}}"


class Elements(HTMLParser):
    """Every element with its attributes, and the text outside script and style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data: str) -> None:
        if self.inside not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.write(tmp_path_factory.mktemp("records"), seeds=(0, 1))


@pytest.fixture(scope="module")
def page(records: Path) -> str:
    return build_report(records).read_text()


@pytest.fixture
def copy(records: Path, tmp_path: Path) -> Path:
    """The records alone, to be damaged."""
    return Path(shutil.copytree(records, tmp_path / "copy", ignore=shutil.ignore_patterns("figures", "report.html")))


def test_the_page_and_its_figures_are_made(records: Path, page: str) -> None:
    assert len(page) < 1_000_000
    names = {"glance", "pass_at_k", "effects", "compute", "by_op", "nll_change", "learning", "cells", "silent",
             "error_classes", "hacking", "outcomes"}  # fmt: skip
    assert {path.name for path in (records / "figures").iterdir()} == {
        f"{n}.{e}" for n in names for e in ("svg", "pdf")
    }
    assert not list(records.rglob("*.staging"))


def test_every_effect_stands_with_its_interval_and_n(records: Path, page: str) -> None:
    text = Elements(page).text
    with (records / "effects.csv").open() as file:
        effects = list(csv.DictReader(file))
    assert effects
    for row in effects:
        number = wording.signed(float(row["effect"]))
        interval = wording.interval(float(row["lo"]), float(row["hi"]), sign=True)
        known = wording.compact_size(*(int(row[name]) for name in ("n_problems", "n_samples", "n_seeds")))
        assert re.search(re.escape(f"pass@{row['k']} {number} {interval}") + r"[^\[]*?" + re.escape(known), text), row


def test_claims_commands_and_addresses_are_on_the_page(records: Path, page: str) -> None:
    text = Elements(page).text
    study = json.loads((records / "study.json").read_text())
    for claim in json.loads((records / "claims.json").read_text()):
        assert claim["claim"] in text
        assert wording.signed(claim["effect"]) in text
    assert study["command"] in text
    assert all(address in text for arm in study["arms"] for address in arm["stages"])


def test_solutions_are_shown_unchanged_with_one_first_wrong_step(records: Path, page: str) -> None:
    shown = re.findall(r'<article class="sample".*?</article>', page, re.S)
    examples = [json.loads(line) for line in (records / "examples.jsonl").read_text().splitlines()]
    assert len(shown) == len(examples) == 10
    for article, example in zip(shown, examples, strict=True):
        faulty = any(step["error"] for step in example["steps"])
        assert article.count('<mark class="first"') == int(faulty)
        written = re.search(r'<p class="text">(.*?)</p>', article, re.S)
        assert written is not None
        bare = re.sub(r'<strong class="why">.*?</strong>', "", written[1])
        assert "".join(Elements(bare).words) == example["text"].lstrip()


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    elements = Elements(page).elements
    loading = ("src", "srcset", "data", "poster", "action", "background", "xlink:href")
    assert not [(tag, attrs) for tag, attrs in elements if any(name in attrs for name in loading)]
    assert all((attrs["href"] or "").startswith("#") for _, attrs in elements if "href" in attrs)
    assert "http://" not in page
    assert "https://" not in page
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    assert not [attrs for _, attrs in elements if any(name.startswith("on") for name in attrs)]
    policy = next(a["content"] for t, a in elements if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in (policy or "")
    assert "script-src 'sha256-" in (policy or "")


@pytest.fixture(scope="module")
def hostile_page(records: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with markup wherever a record holds text that a model or a person wrote."""
    folder = tmp_path_factory.mktemp("hostile")
    for record in filter(Path.is_file, records.iterdir()):
        shutil.copy(record, folder)
    examples = [json.loads(line) for line in (folder / "examples.jsonl").read_text().splitlines()]
    for example in examples:
        example["text"] += HOSTILE
        example |= {name: example[name] + HOSTILE for name in ("problem", "question", "gold")} | {"answer": HOSTILE}
    (folder / "examples.jsonl").write_text("\n".join(map(json.dumps, examples)))
    study = json.loads((folder / "study.json").read_text())
    study |= {"title": HOSTILE, "command": HOSTILE, "settings": {HOSTILE: HOSTILE}}
    for arm in study["arms"]:
        arm |= {"label": arm["label"] + HOSTILE, "description": HOSTILE}
        arm["stages"] = [f"{address}{HOSTILE}" for address in arm["stages"]]
    study["stages"] = {f"{name}{HOSTILE}": stage | {"what": HOSTILE} for name, stage in study["stages"].items()}
    (folder / "study.json").write_text(json.dumps(study))
    made, page = read_records(folder), folder / "report.html"
    styles = theme.arm_styles(made.arms)
    drawn = figures.all_figures(made, styles)
    page.write_text(render_page(made, styles, drawn, draw(figure for _, figure in drawn)))
    return page


def test_hostile_text_stays_text(hostile_page: Path) -> None:
    page = hostile_page.read_text()
    tags = [tag for tag, _ in Elements(page).elements]
    assert tags.count("script") == tags.count("style") == 1
    assert "img" not in tags
    assert "<script>document" not in page
    assert "&lt;script&gt;document" in page


@pytest.mark.parametrize(
    "name",
    ["study.json", "results.csv", "effects.csv", "errors.csv", "curves.csv", "claims.json", "examples.jsonl"],
)
def test_a_missing_or_cut_record_is_one_line_naming_it(copy: Path, name: str) -> None:
    whole = (copy / name).read_bytes()
    (copy / name).write_bytes(whole[: len(whole) // 2 + 1].rstrip(b"0123456789.,\n"))
    with pytest.raises(ValueError, match=re.escape(name)) as cut:
        build_report(copy)
    (copy / name).unlink()
    with pytest.raises(ValueError, match=rf"{re.escape(name)}: the record is missing") as missing:
        build_report(copy)
    assert "\n" not in str(cut.value) + str(missing.value)
    assert not (copy / "report.html").exists()


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("results.csv", ",strict,pass@k,1,0.", ",strict,pass@k,one,0.", "k: Input should be a valid integer"),
        ("results.csv", "quickstart,micro,base,", "quickstart,micro,unheard,", "no arm 'unheard'"),
        ("errors.csv", "wrong_parent", "<script>", "no such fault"),
        ("results.csv", ",strict,", ",strictly,", "no such rule"),
        ("results.csv", "n_samples", "num_samples", "lacks the columns n_samples"),
        ("errors.csv", "share,right_answer", "share,right_answer,more", "unknown columns 'more'"),
        ("examples.jsonl", '"strict": true', '"strict": "False"', "strict: Input should be a valid boolean"),
        ("study.json", '"schema_version": 4', '"schema_version": 1', "written under version 1"),
        ("claims.json", '"verdict": "', '"verdict": "dis', "verdict"),
        ("examples.jsonl", '"start": ', '"start": 9', "does not lie in the text"),
    ],
)
def test_a_wrong_field_is_named(copy: Path, name: str, old: str, new: str, said: str) -> None:
    text = (copy / name).read_text()
    assert old in text
    (copy / name).write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=re.escape(name)) as error:
        build_report(copy)
    assert said in str(error.value)


def test_a_study_of_one_seed_without_rl_has_a_page(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path, seeds=(7,))
    curves = (folder / "curves.csv").read_text().splitlines()
    (folder / "curves.csv").write_text("\n".join(line for line in curves if ",rl," not in line) + "\n")
    for name in ("nll.csv", "cells.csv", "silent.csv", "reliability.csv"):  # a study may not have measured these
        (folder / name).unlink()
    (folder / "claims.json").write_text("[]")
    text = Elements(build_report(folder).read_text()).text
    assert "This study tests no claim." in text
    assert "Pre-training loss" in text
    assert "RL reward" not in text


def test_every_error_class_of_the_verifier_has_words() -> None:
    assert set(ERRORS) <= set(wording.ERRORS)


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_browser_runs_our_script_and_no_other(hostile_page: Path, tmp_path: Path) -> None:
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
             "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=2000"]  # fmt: skip
    command = [str(CHROMIUM), *flags, f"--user-data-dir={tmp_path / 'browser'}", "--dump-dom", hostile_page.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    elements = Elements(shown).elements
    assert next(attrs for tag, attrs in elements if attrs.get("id") == "theme").get("hidden", "shown") == "shown"
    assert "data-owned" not in next(attrs for tag, attrs in elements if tag == "html")
    assert sum(tag == "figure" for tag, _ in elements) == 11


def test_a_figure_is_on_the_page_by_its_file_and_an_unplaced_one_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "newcomers"
    package.mkdir()
    (package / "__init__.py").write_text("")
    drawing = "def {name}(records, styles) -> Figure | None:\n    return None\n"
    head = "from __future__ import annotations\nfrom interplay.report.place import placed\n"
    (package / "good.py").write_text(head + '@placed("errors", rank=9)\n' + drawing.format(name="mine"))
    monkeypatch.syspath_prepend(str(tmp_path))
    newcomers = importlib.import_module("newcomers")
    assert [(place.section, place.draw.__name__) for place in places(newcomers)] == [("errors", "mine")]
    (package / "lost.py").write_text(head + drawing.format(name="forgotten"))
    importlib.invalidate_caches()
    with pytest.raises(ValueError, match=r"newcomers\.lost\.forgotten draws, but says no section"):
        places(newcomers)
    (package / "lost.py").write_text("HELPER = 1\n")
    sys.modules.pop("newcomers.lost")
    with pytest.raises(ValueError, match=r"newcomers\.lost draws nothing"):
        places(newcomers)
    with pytest.raises(ValueError, match="no section 'nowhere'"):
        placed("nowhere")


def test_every_section_of_a_study_with_everything_is_on_the_page(page: str) -> None:
    anchors = re.findall(r'<section id="([a-z-]+)"><h2>', page)
    assert anchors == [section.anchor for section in SECTIONS if section.anchor != "dose"]
    assert re.findall(r'<li><a href="#([a-z-]+)">', page)[: len(anchors)] == anchors


def test_records_that_cannot_be_written_beside_give_the_same_bytes_elsewhere(
    copy: Path, records: Path, page: str, tmp_path: Path
) -> None:
    if os.geteuid() == 0:  # nothing is read-only to root: a file in the way stands for it
        (tmp_path / "taken").write_text("")
        with pytest.raises(ValueError, match="cannot be written"):
            build_report(copy, tmp_path / "taken" / "below")
    else:
        copy.chmod(0o500)
        with pytest.raises(ValueError, match="--out names another folder"):
            build_report(copy)
    before = sorted(copy.iterdir())
    made = build_report(copy, tmp_path / "elsewhere" / "page")
    assert made.parent == tmp_path / "elsewhere" / "page"
    assert made.read_text() == page
    assert sorted(copy.iterdir()) == before
    assert len(list((made.parent / "figures").iterdir())) == 24
    for picture in (records / "figures").glob("*.svg"):
        assert (made.parent / "figures" / picture.name).read_bytes() == picture.read_bytes()
