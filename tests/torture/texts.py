"""Hostile strings by mutation, through all that takes text: parser, four rules, tokenizer, and the copies of tables."""

from __future__ import annotations

import csv
import io
import random
import re
import time
from functools import cache

from hostile_text import MAX_CHARS, TEXTS
from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, train_tokenizer
from interplay.files import write_table
from interplay.report.markdown import table as markdown_table
from interplay.report.table import Table
from interplay.schema.parquet import read_table, table_of
from interplay.schema.row import Row
from interplay.schema.text import csv_text, read_rows
from interplay.world import paper_v1
from interplay.world.answer import read_answer
from interplay.world.context import load
from interplay.world.problem import Problem, make
from interplay.world.randomness import stream
from interplay.world.said import said_answer
from interplay.world.sample import Spec
from interplay.world.verify import ERRORS, Reference, verify
from torture.trial import Trial, Workshop

BATCH, SHORT = 5_000, 300
FEW_CHARS = 300  # of nine strings in ten: a long one costs what many short ones do
SLOW_S = 0.05  # of the processor's time, for one text under all rules
FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
GRAMMAR = (
    "Define ",
    "; so ",
    " = ",
    ". ",
    " as ",
    "<answer>",
    "</answer>",
    "</solution>",
    "(",
    ")",
    "-",
    "9" * 40,
    "\n",
    "x",
)


class Said(Row):
    """A row with a text."""

    text: str


@cache
def _problems() -> list[tuple[Problem, Reference]]:
    specs = [(op, mode, style) for op in (3, 8) for mode in ("forward", "reverse") for style in ("full", "terse")]
    made = [make(Spec(op=op, mode=mode), load("zoo"), style, stream("torture", op, mode)) for op, mode, style in specs]
    return [(problem, Reference.from_graph(problem.graph, problem.solution)) for problem in made]


@cache
def _tokenizer() -> object:
    asked = Stream(world=World(style="terse"), mixture=Mixture.uniform([2], ["zoo"]))
    return train_tokenizer(TokenizerConfig(stream=asked, vocab_size=300, documents=50)).backend_tokenizer


def hostile(problem: Problem, rng: random.Random, limit: int = MAX_CHARS) -> str:
    """A text of the corpus, a solution, or both, after up to five mutations."""
    text = rng.choice((rng.choice(tuple(TEXTS.values()))[: int(2 ** rng.uniform(1, 11))], problem.completion))
    for _ in range(rng.randrange(6)):
        text = _mutated(text, problem, rng)[:MAX_CHARS]
    return text[:limit]


def _mutated(text: str, problem: Problem, rng: random.Random) -> str:
    a, b = sorted(rng.randrange(len(text) + 1) for _ in range(2))
    match rng.randrange(8):
        case 0:
            return text[:a] + text[b:]
        case 1:
            return text[:b] + text[a:b] * rng.randrange(1, 40) + text[b:]
        case 2:
            return text[:a] + rng.choice(GRAMMAR) * rng.randrange(1, 9) + text[a:]
        case 3:
            return (
                text[:a]
                + "".join(chr(rng.choice((rng.randrange(128), rng.randrange(0x11_0000)))) for _ in range(9))
                + text[b:]
            )
        case 4:
            return text[:a] + rng.choice(tuple(TEXTS.values()))[: rng.randrange(1, 200)] + text[a:]
        case 5:
            return text[:a] + problem.completion[rng.randrange(len(problem.completion)) :] + text[b:]
        case 6:
            return text.replace(text[a : a + 1] or " ", rng.choice(GRAMMAR), rng.randrange(1, 9))
        case _:
            return re.sub(r"\d", lambda digit: str(rng.randrange(10)), text)


def judged(work: Workshop, rng: random.Random) -> Trial:
    """A batch of strings through every rule, the readers of answers, and the tokenizer."""
    batch = SHORT if work.short else BATCH
    trial = Trial("hostile strings", "rules and tokenizer", count=batch)
    for number in range(batch):
        problem, reference = _problems()[number % len(_problems())]
        text = hostile(problem, rng, FEW_CHARS if number % 10 else MAX_CHARS)
        try:
            _judge(text, problem, reference, trial)
        except Exception as error:
            trial.faults.append(f"{type(error).__name__}: {error}, of {text[:200]!r} ({len(text)} characters)")
    return trial


def _judge(text: str, problem: Problem, reference: Reference, trial: Trial) -> None:
    began = time.thread_time()
    verdict = verify(reference, text)
    if (took := time.thread_time() - began) > SLOW_S:
        began = time.thread_time()  # once more: the first may have waited for memory
        verify(reference, text + " ")
        if min(took, time.thread_time() - began) > SLOW_S:
            trial.faults.append(f"{took * 1000:.0f} ms for {len(text)} characters: {text[:100]!r}")
    assert verdict.error is None or verdict.error in ERRORS, verdict.error
    assert not verdict.exact or verdict.strict, "exact is strict and more"
    assert not verdict.strict or (verdict.sound and verdict.answer_correct), "strict implies sound and a right answer"
    paper_v1.read(text)
    said_answer(text)
    read_answer(text, problem.graph.asked)
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        tokens = _tokenizer().encode(text).ids
        assert _tokenizer().decode(tokens, skip_special_tokens=False) == text, "tokens do not give the text back"


def copied(work: Workshop, rng: random.Random) -> Trial:
    """Strings through Parquet, CSV, and the tables that are copied into spreadsheets, papers and pages."""
    folder, trial = work.fresh(), Trial("hostile copies", "Parquet, CSV, LaTeX, Markdown", count=500)
    texts = [hostile(_problems()[number % 8][0], rng)[:4000] for number in range(500)]
    texts = ["".join(letter for letter in text if not "\ud800" <= letter <= "\udfff") for text in texts]
    rows = [{"text": text} for text in texts]
    write_table(folder / "said.parquet", table_of(rows, Said))
    if read_table(folder / "said.parquet", Said).to_pylist() != rows:
        trial.faults.append("Parquet does not give the texts back")
    (folder / "said.csv").write_bytes(csv_text(Said, rows).encode())
    if [row.text for row in read_rows(folder / "said.csv", Said)] != texts:
        trial.faults.append("CSV does not give the texts back")
    for text in texts:
        try:
            _copy(text)
        except Exception as error:
            trial.faults.append(f"{type(error).__name__}: {error}, of {text[:200]!r}")
    return trial


def _copy(text: str) -> None:
    made = Table("t", "c", ("arm", text), ((text, text), ("last", "row")))
    rows = list(csv.reader(io.StringIO(made.csv(), newline="")))
    assert [len(row) for row in rows] == [2, 2, 2], "a copied table has other rows"
    assert not any(cell.lstrip()[:1] in FORMULA for row in rows for cell in row if cell.strip()), (
        "a copied cell is a formula"
    )
    latex = made.latex()
    assert len(latex.splitlines()) == 8, "a LaTeX table has other lines"
    assert not re.search(r"(?<!\\)[#%_]", latex), "LaTeX is not escaped"
    assert len(markdown_table(("arm",), [(text,), ("last",)]).split("\n")) == 4, "a Markdown table has other rows"
