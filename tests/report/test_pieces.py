"""What the page is made of: words for numbers, tables to copy, the cut of a solution, curves thinned."""

from __future__ import annotations

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interplay.report import charts, samples, select, tables, wording
from interplay.schema.measured import Result
from interplay.schema.sampled import Example, JudgedStep


def example(text: str, steps: list[JudgedStep], error: str | None = None) -> Example:
    return Example(
        arm="base", seed=0, regime="id", op=2, context="zoo", problem="a = 1 . b = a .", question="b ?", text=text,
        gold="", answer=None,
        strict=error is None, exact=False, sound=False, sound_folded=False, num_shortened=0, outcome="wrong_answer",
        paper_v1=False, answer_correct=error is None,
        process_accuracy=1.0, error=error, steps=tuple(steps), graph={},
    )  # fmt: skip


@given(st.text(max_size=60), st.data())
def test_pieces_joined_are_the_text(text: str, data: st.DataObject) -> None:
    ends = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    error = st.sampled_from([None, "wrong_value"])
    steps = [
        JudgedStep(name="q", start=a, end=b, error=data.draw(error))
        for a, b in zip(ends[::2], ends[1::2], strict=False)
    ]
    cut = samples.pieces(example(text, steps))
    assert "".join(piece.text for piece in cut) == text
    assert sum(piece.mark == "first" for piece in cut) == any(step.error for step in steps)


def test_a_text_that_breaks_off_says_so_at_its_last_step() -> None:
    steps = [
        JudgedStep(name="a", start=0, end=5, error=None),
        JudgedStep(name="b", start=6, end=9, error="false_equality"),
    ]
    cut = samples.pieces(example("a = 1 b =", steps, error="truncated"))
    assert [(piece.mark, piece.reason) for piece in cut if piece.mark] == [
        ("right", ""),
        ("first", wording.ERRORS["truncated"]),
    ]


def test_a_step_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="does not lie in the text"):
        example("short", [JudgedStep(name="a", start=0, end=6, error=None)])


@pytest.mark.parametrize("problem", ["a in B = 3 . c in D = a in B .", "The a equals 3. The c equals the a. "])
def test_facts_are_told_apart_in_both_styles(problem: str) -> None:
    assert len(samples.facts(problem)) == 2


def test_numbers_are_spelled_for_readers() -> None:
    assert wording.signed(-0.0412) == "−0.041"
    assert wording.decimal(None) == "–"
    assert [wording.size(n) for n in (512, 33_012, 2_457_600, 1.3e13)] == ["512", "33k", "2.46M", "1.3e13"]
    assert [wording.duration(s) for s in (4.06, 59.97, 188, 7_500, None)] == [
        "4.1 s",
        "1 min 00 s",
        "3 min 08 s",
        "2 h 05 min",
        "–",
    ]
    assert wording.sample_size(200, 16, 1) == "200 problems × 16 samples, 1 seed"
    assert wording.sample_size(None, None, None) == "–"


def test_a_table_is_copied_as_csv_and_latex() -> None:
    estimate = tables.Estimate(-0.05, -0.1, 0.0, sign=True)
    table = tables.Table(
        "t", "c", ("arm", "effect"), (("a_b & 50 %", estimate), ('say "x", y', tables.Estimate(None, None, None)))
    )
    rows = list(csv.DictReader(io.StringIO(table.csv())))
    assert rows[0] == {"arm": "a_b & 50 %", "effect": "-0.05", "effect lo": "-0.1", "effect hi": "0"}
    assert rows[1] == {"arm": 'say "x", y', "effect": "", "effect lo": "", "effect hi": ""}
    assert r"a\_b \& 50 \% & $-$0.050 [$-$0.100, +0.000] \\" in table.latex()


def test_a_cell_cannot_become_a_formula() -> None:
    table = tables.Table("t", "c", ("arm",), (("=1+1",), ("@sum",)))
    assert [row["arm"] for row in csv.DictReader(io.StringIO(table.csv()))] == ["'=1+1", "'@sum"]


@given(st.lists(st.tuples(st.integers(0, 10_000), st.floats(-5, 5)), min_size=1, max_size=500))
def test_binning_keeps_the_range_and_the_size(points: list[tuple[float, float]]) -> None:
    thin = charts.binned(points, 60)
    assert 1 <= len(thin) <= 60
    low, high = min(y for _, y in points), max(y for _, y in points)
    assert all(low - 1e-9 <= y <= high + 1e-9 for _, y in thin)


def test_the_mean_of_seeds_is_taken_bin_by_bin() -> None:
    assert charts.seed_mean([[(1, 2.0), (2, 4.0)], [(1, 4.0)]]) == [(1, 3.0), (2, 4.0)]


def test_a_low_panel_has_its_own_scale() -> None:
    assert [charts.ceiling(x) for x in (0.0, 0.13, 0.3, 0.45, 0.51, 1.0)] == [0.1, 0.2, 0.4, 0.5, 1.0, 1.0]


def result(arm: str, seed: int | str) -> Result:
    return Result.model_validate(
        {"study": "s", "scale": "micro", "arm": arm, "seed": seed, "regime": "id", "op": "all", "rule": "strict",
         "metric": "pass@k", "k": 1, "address": "",
         "value": "nan", "lo": "", "hi": "", "n_problems": 1, "n_samples": 1, "n_seeds": 1}
    )  # fmt: skip


def test_seeds_are_never_shown_as_if_they_were_pooled() -> None:
    rows = [
        result("a", "0"),
        result("a", "1"),
        result("a", "all"),
        result("b", "0"),
        result("c", "0"),
        result("c", "1"),
    ]
    assert [(row.arm, row.seed) for row in select.pooled(rows)] == [("a", "all"), ("b", 0)]
    assert rows[0].value is None
    assert not math.isnan(rows[0].n_seeds or 0)


def test_op_ranges_are_short() -> None:
    assert [select.op_range(ops) for ops in ((4,), (3, 2, 4), (2, 5))] == ["4", "2–4", "2, 5"]


def test_nested_settings_are_named_by_their_path() -> None:
    values = {"seeds": [0, 1], "optimizer": {"lr": 0.004, "betas": [0.9, 0.95], "extra": {}}, "cuda": None}
    assert tables.settings(values) == [
        ("seeds", "0, 1"), ("optimizer.lr", "0.004"), ("optimizer.betas", "0.9, 0.95"), ("optimizer.extra", "none"),
        ("cuda", "none"),
    ]  # fmt: skip
