"""The worst strings we know, through everything that takes text: no exception but a clear refusal, bounded work, and what
is copied into a spreadsheet, a paper or a page stays text. (The explorer's page has its own test, tests/report.)
"""

from __future__ import annotations

import csv
import io
import json
import re

import pyarrow.parquet as pq
import pytest

from hostile_text import MAX_CHARS, SHORT, TEXTS, UNICODE
from interplay.data.gsm_infinite import verify_candidates
from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream
from interplay.data.tokenizer import DIGITS, TokenizerConfig, train_tokenizer
from interplay.files import write_table
from interplay.report.markdown import escaped, table
from interplay.report.table import Table
from interplay.schema.parquet import read_table, table_of
from interplay.schema.row import Row
from interplay.schema.text import csv_text, read_rows
from interplay.world import paper_v1
from interplay.world.answer import read_answer
from interplay.world.context import load
from interplay.world.problem import make
from interplay.world.randomness import stream
from interplay.world.said import said_answer
from interplay.world.sample import Spec
from interplay.world.verify import ERRORS, Reference, verify

PROBLEMS = [
    make(Spec(op=4, mode=mode), load("zoo"), style, stream("hostile", mode, style))
    for mode in ("forward", "reverse")
    for style in ("full", "terse")
]
REFERENCES = [Reference.from_graph(problem.graph, problem.solution) for problem in PROBLEMS]


class Said(Row):
    """A row with a text."""

    text: str


@pytest.mark.parametrize("kind", TEXTS)
def test_every_rule_judges_it_wherever_it_stands(kind: str) -> None:
    text = TEXTS[kind]
    for problem, reference in zip(PROBLEMS, REFERENCES, strict=True):
        half = len(problem.completion) // 2
        for written in (
            text,
            f"{problem.completion[:half]}{text}{problem.completion[half:]}",
            f"{problem.body} </solution> <answer> {text} </answer>",
        ):
            verdict = verify(reference, written)
            assert not verdict.exact or not text.strip()
            assert verdict.error is None or verdict.error in ERRORS
            assert verdict.paper_v1 in (True, False)
            assert said_answer(written) is None or len(written) <= 2 * MAX_CHARS
            paper_v1.read(written)
        assert read_answer(text, problem.graph.asked) is None


@pytest.mark.parametrize("kind", TEXTS)
def test_a_row_of_it_is_refused_in_words(kind: str) -> None:
    row = {"problem": TEXTS[kind], "question": TEXTS[kind], "solution": TEXTS[kind], "candidate": TEXTS[kind]}
    found = verify_candidates(row)[0]
    assert found["strict"] is None
    assert str(found["error"]).startswith(("bad_row: ", "gold_defect: "))


@pytest.mark.parametrize("digits", DIGITS)
def test_tokens_give_it_back(digits: str) -> None:
    asked = Stream(world=World(style="terse"), mixture=Mixture.uniform([2], ["zoo"]))
    config = TokenizerConfig(stream=asked, vocab_size=300, documents=50, digits=digits)
    backend = train_tokenizer(config).backend_tokenizer
    for kind, text in UNICODE.items():
        assert backend.decode(backend.encode(text).ids, skip_special_tokens=False) == text, kind


def test_tables_in_files_give_it_back(tmp_path) -> None:
    rows = [{"text": text} for text in UNICODE.values()]
    write_table(tmp_path / "said.parquet", table_of(rows, Said))
    assert read_table(tmp_path / "said.parquet", Said).to_pylist() == rows
    assert pq.read_table(tmp_path / "said.parquet").num_rows == len(rows)
    (tmp_path / "said.csv").write_bytes(csv_text(Said, rows).encode())
    assert [row.text for row in read_rows(tmp_path / "said.csv", Said)] == list(UNICODE.values())


@pytest.mark.parametrize("kind", SHORT)
def test_a_copied_table_is_no_formula_and_ends_where_it_ends(kind: str) -> None:
    made = Table("t", "c", ("arm", SHORT[kind]), ((SHORT[kind], SHORT[kind]), ("last", "row")))
    rows = list(csv.reader(io.StringIO(made.csv(), newline="")))
    assert [len(row) for row in rows] == [2, 2, 2]
    assert not any(
        cell.lstrip()[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20") for row in rows for cell in row if cell.strip()
    )
    latex = made.latex()
    assert len(latex.splitlines()) == 8
    assert all(letter.isprintable() or letter == "\n" for letter in latex)
    # every command is one of ours, every other special letter is escaped
    assert set(re.findall(r"\\([A-Za-z]+)", latex)) <= {
        "begin", "end", "toprule", "midrule", "bottomrule", "textbackslash", "textasciitilde", "textasciicircum", "times",
    }  # fmt: skip
    assert not re.search(r"(?<!\\)[#%_]", latex)


@pytest.mark.parametrize("kind", UNICODE)
def test_a_markdown_table_keeps_its_rows_and_holds_no_tags(kind: str) -> None:
    made = table(("arm",), [(UNICODE[kind],), ("last",)])
    assert len(made.split("\n")) == 4
    assert not re.search(r"(?<!\\)[<`\[\]]", escaped(UNICODE[kind]).replace("\\\\", ""))
    json.dumps(made).encode()
