"""The explorer's data and page: made from the record alone, the same bytes each time, whatever the record holds."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import synthetic_records as records
import synthetic_samples as synthetic

from hostile_text import UNICODE
from interplay.cli import main
from interplay.report import wording
from interplay.report.explorer import build_explorer
from interplay.report.explorer_data import first_fault, rule_text, subject, utf16
from interplay.report.explorer_read import read_explored
from interplay.report.theme import arm_styles
from interplay.schema.sampled import KeptSample
from interplay.world.graph import Rule

HOSTILE = (
    "<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "{{7*7}} `${alert(5)}` \\u003cb\\u003e",
    "long " * 20_000, *UNICODE.values(),
)  # fmt: skip


def data_of(page: Path) -> dict[str, Any]:
    """What the page's script unpacks."""
    found = re.search(r'<script type="text/plain" id="data">([A-Za-z0-9+/=]*)</script>', page.read_text())
    assert found is not None
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(found[1])))
    return data


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    return synthetic.page(folder, synthetic.arms(folder / "evaluations", synthetic.ask(6), (0, 1), 3))


@pytest.fixture
def copy(page: Path, tmp_path: Path) -> Path:
    """The record alone, to be damaged."""
    for name in ("problems.parquet", "samples.parquet"):
        shutil.copy(page.parent / name, tmp_path)
    return tmp_path


def test_every_sample_of_the_record_is_in_the_page(page: Path) -> None:
    data, record = data_of(page), pq.read_table(page.parent / "samples.parquet").to_pylist()
    samples, solutions, groups = data["samples"], data["solutions"], data["groups"]
    found = set()
    for arm, seed, sample, solution in zip(*(samples[n] for n in ("arm", "seed", "sample", "solution")), strict=True):
        problem = data["problems"]["id"][solutions["problem"][solution]]
        error = groups["error"][solutions["error"][solution]][0]
        outcome = groups["outcome"][solutions["outcome"][solution]][0]
        name = (groups["arm"][arm][0], int(groups["seed"][seed][0]), problem, sample)
        found.add((*name, solutions["text"][solution], error, outcome))
    wanted = {
        (row["arm"], row["seed"], row["problem_id"], row["sample"], row["text"], row["error"] or "none",
         row["outcome"])
        for row in record
    }  # fmt: skip
    assert found == wanted
    assert len(samples["arm"]) == len(record)
    assert len(solutions["text"]) < len(record)


def test_the_same_record_gives_the_same_bytes_and_the_page_loads_nothing(page: Path, copy: Path) -> None:
    again = build_explorer(copy, synthetic.study((0, 1)), arm_styles(synthetic.LABELS))
    assert again is not None
    text = page.read_text()
    assert again.read_text() == text
    assert not re.search(r"(https?:)?//(?!www\.w3\.org/2000/svg)[a-z]+\.[a-z]+", re.sub(r"//.*", "", text))
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|fetch\(|XMLHttp", text
    )
    assert "default-src 'none'" in text
    assert text.count("<script") == 2
    assert set(re.findall(r'href="([^"]*)"', text)) == {"#detail", "report.html"}


def test_a_folder_without_the_record_has_no_explorer(tmp_path: Path) -> None:
    assert build_explorer(tmp_path, synthetic.study((0,)), arm_styles(synthetic.LABELS)) is None
    assert not list(tmp_path.iterdir())


def test_the_report_builds_the_explorer_and_links_to_it(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = records.write(tmp_path, seeds=(0,))
    for name in ("problems.parquet", "samples.parquet"):
        shutil.copy(page.parent / name, folder)
    without_torch = (
        "import sys; from pathlib import Path; from interplay.report import figures, page; "
        "figures.all_figures = lambda *_: []; page.build_report(Path(sys.argv[1])); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", without_torch, str(folder)], check=True)
    assert 'href="explorer.html"' in (folder / "report.html").read_text()
    assert data_of(folder / "explorer.html") == data_of(page)
    (folder / "explorer.html").unlink()
    (folder / "samples.parquet").write_bytes(b"no table")
    monkeypatch.setattr(sys, "argv", ["interplay", "report", str(folder)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    begun, *refused = said.err.strip().splitlines()
    assert "figures are drawn" in begun
    assert len(refused) == 1
    assert "samples.parquet" in refused[0]
    assert not (folder / "explorer.html").exists()


def altered(path: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Write one column of a file anew."""
    table = pq.read_table(path)
    place = table.column_names.index(name)
    field = table.schema.field(name)
    values = [change(value) for value in table[name].to_pylist(maps_as_pydicts="lossy")]
    if pa.types.is_map(field.type):
        values = [list(value.items()) for value in values]
    pq.write_table(table.set_column(place, field, pa.array(values, field.type)), path)


@pytest.mark.parametrize(
    ("file", "name", "change", "said"),
    [
        ("samples.parquet", "arm", lambda _: "unheard", "row 1: study.json has no arm 'unheard'"),
        ("samples.parquet", "problem_id", lambda _: "nowhere", "row 1: no problem 'nowhere'"),
        ("samples.parquet", "text", lambda _: "short", "does not lie in the text"),
        ("samples.parquet", "strict", lambda _: None, "column strict has 432 empty cells"),
        ("problems.parquet", "graph", lambda _: "{}", "row 1, graph: not a graph"),
        ("problems.parquet", "graph", lambda _: "[", "row 1, graph: not a graph"),
        ("problems.parquet", "problem_id", lambda _: "same", "is there twice"),
    ],
)
def test_a_damaged_record_is_one_line(
    copy: Path, file: str, name: str, change: Callable[[Any], Any], said: str
) -> None:
    altered(copy / file, name, change)
    with pytest.raises(ValueError, match=re.escape(file)) as error:
        read_explored(copy, synthetic.LABELS)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("file", ["problems.parquet", "samples.parquet"])
def test_half_a_record_is_one_line(copy: Path, file: str) -> None:
    whole = (copy / file).read_bytes()
    (copy / file).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=re.escape(file)):
        build_explorer(copy, synthetic.study((0, 1)), arm_styles(synthetic.LABELS))
    (copy / file).unlink()
    with pytest.raises(ValueError, match=re.escape(file)):
        build_explorer(copy, synthetic.study((0, 1)), arm_styles(synthetic.LABELS))
    assert not (copy / "explorer.html").exists()


def test_hostile_text_is_only_ever_data(copy: Path) -> None:
    texts = itertools.cycle(HOSTILE)
    altered(copy / "samples.parquet", "text", lambda text: text + next(texts))
    altered(copy / "problems.parquet", "question", lambda text: text + HOSTILE[0] + HOSTILE[1])
    made = build_explorer(copy, synthetic.study((0, 1)), arm_styles(synthetic.LABELS))
    assert made is not None
    assert "alert(" not in made.read_text()
    assert "owned" not in made.read_text()
    assert any(HOSTILE[1] in text for text in data_of(made)["solutions"]["text"])


def test_the_first_fault_is_that_of_the_verdict(page: Path) -> None:
    explored = read_explored(page.parent, synthetic.LABELS)
    graphs = {problem.problem_id: graph for problem, graph in zip(explored.problems, explored.graphs, strict=True)}
    met = set()
    for sample in explored.solutions:
        graph = graphs[sample.problem_id]
        number, quantity = first_fault(sample, graph)
        met.add((sample.error, number >= 0))
        if sample.error is None:
            assert (number, quantity) == (-1, "")
        elif number >= 0:
            step = sample.steps[number]
            assert quantity == step.name
            assert step.error == sample.error or sample.error == "truncated"
            assert all(before.error is None for before in sample.steps[:number])
        elif sample.error == "missing_node":
            assert quantity in graph.order
            assert quantity not in {step.name for step in sample.steps}
    assert {("wrong_value", True), ("missing_node", False), ("wrong_answer", False), ("truncated", False)} <= met


def test_places_are_counted_as_browsers_count() -> None:
    text = "a😀b\u202ec😀"
    at = utf16(text)
    spelled = text.encode("utf-16-le")
    for place in range(len(text) + 1):
        assert spelled[: 2 * at(place)].decode("utf-16-le") == text[:place]
    assert utf16("plain é")(3) == 3


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (Rule("count", "constant", (), 4), "4"),
        (Rule("count", "unknown"), "x, the number asked"),
        (Rule("count", "copy", ("a",)), "a"),
        (Rule("count", "copy", ("a",), 3, "*"), "3 × a"),
        (Rule("count", "sum", ("a", "b"), 3, "*"), "3 × (a + b)"),
        (Rule("count", "difference", ("a", "b"), 2, "+"), "2 + (a − b)"),
        (Rule("total3", "products", ("a", "b", "c", "d")), "a × b + c × d"),
    ],
)
def test_rules_read_as_formulas(rule: Rule, text: str) -> None:
    assert rule_text(rule) == text


def test_a_fact_is_about_the_quantity_it_names_first() -> None:
    names = {"lion in Elm": 0, "animals in Elm": 1, "sea lion in Elm": 2}
    assert subject("The number of sea lion in Elm equals the number of lion in Elm.", names) == 2
    assert subject("lion in Elm = animals in Elm.", names) == 0
    assert subject("nothing", names) == -1


def test_every_fault_has_words(page: Path) -> None:
    data = data_of(page)
    assert {error for error, _ in data["groups"]["error"]} - {"none"} <= set(wording.ERRORS)


def test_a_step_outside_its_text_is_refused() -> None:
    step = {"name": "a", "start": 0, "end": 9, "needed": True, "error": None, "parents": [], "value": ""}
    row = {"arm": "base", "seed": 0, "problem_id": "p", "sample": 0, "text": "short", "num_tokens": 1,
           "finished": True, "answer": None,
           "strict": False, "exact": False, "paper_v1": False, "answer_correct": False, "process_accuracy": 0.0,
           "error": None, "sound": False, "sound_folded": False, "num_shortened": 0,
           "outcome": "wrong_answer", "faulty_from": None, "steps": [step]}  # fmt: skip
    with pytest.raises(ValueError, match="does not lie in the text"):
        KeptSample.model_validate(row)
