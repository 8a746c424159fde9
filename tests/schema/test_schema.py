"""Every table is declared once, says what its columns mean, and refuses a file that is another one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interplay.evals.evaluation import counts_by_problem, from_table
from interplay.evals.pass_at_k import success_counts
from interplay.judging.texts import FAILED, TIMED_OUT
from interplay.schema import TABLES
from interplay.schema.__main__ import markdown
from interplay.schema.measured import ErrorCount, Result
from interplay.schema.parquet import arrow_schema, read_table, table_of
from interplay.schema.sampled import Sample
from interplay.schema.text import csv_text, read_rows
from interplay.schema.verdicts import NO_VERDICT, RULES, Judged, JudgedByAll

DOCS = Path(__file__).parents[2] / "docs"
ROW = {
    "problem_id": "p", "sample": 0, "text": "t", "num_tokens": 1, "finished": True, "answer": None, "strict": False,
    "exact": False, "sound": False, "sound_folded": False, "num_shortened": 0, "answer_correct": False,
    "process_accuracy": 0.0, "error": "wrong_value", "outcome": "wrong_answer", "paper_v1": False,
}  # fmt: skip


def test_every_column_has_a_meaning_and_the_docs_say_it() -> None:
    for table in TABLES:
        assert all(table.row.meanings().get(name) for name in table.row.columns()), table.file
    assert (DOCS / "reports.md").read_text().endswith(markdown())


def test_every_table_of_solutions_carries_the_verdict_columns() -> None:
    for table in TABLES:
        if table.file in ("samples.parquet", "examples.jsonl", "rollouts.parquet"):
            assert issubclass(table.row, Judged)
            assert set(JudgedByAll.columns()) - {"paper_v1"} <= set(table.row.columns())
    assert set(RULES.values()) <= set(JudgedByAll.columns())
    assert set(NO_VERDICT) == {FAILED, TIMED_OUT}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    pq.write_table(table_of([ROW], Sample), tmp_path / "s.parquet")
    assert read_table(tmp_path / "s.parquet", Sample).to_pylist() == [ROW]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["False"], "column strict is string, not bool"),
        ([float("nan")], "column strict is double, not bool"),
        ([1], "column strict is int64, not bool"),
        (pa.array([None], pa.bool_()), "column strict has 1 empty cells"),
    ],
)
def test_a_verdict_that_is_no_truth_value_is_an_error_and_never_a_pass(tmp_path, values, said) -> None:
    good = table_of([ROW], Sample)
    bad = good.set_column(good.column_names.index("strict"), "strict", pa.array(values))
    pq.write_table(bad, tmp_path / "s.parquet")
    with pytest.raises(ValueError, match=rf"s\.parquet.*{said}"):
        read_table(tmp_path / "s.parquet", Sample)
    with pytest.raises(ValueError, match=r"true and false|without a verdict"):
        counts_by_problem(from_table(bad), "strict")


def test_a_column_that_is_missing_or_unknown_is_named_with_file_and_version(tmp_path: Path) -> None:
    good = table_of([ROW], Sample)
    pq.write_table(good.drop_columns(["sound"]).replace_schema_metadata({}), tmp_path / "old.parquet")
    with pytest.raises(
        ValueError, match=r"old\.parquet lacks the columns sound \(tables of version \d+; the file says unknown"
    ):
        read_table(tmp_path / "old.parquet", Sample)
    pq.write_table(good.append_column("mine", pa.array([1])), tmp_path / "more.parquet")
    with pytest.raises(ValueError, match=r"more\.parquet has unknown columns mine"):
        read_table(tmp_path / "more.parquet", Sample)
    with pytest.raises(ValueError, match="no column 'mine'"):
        table_of([ROW | {"mine": 1}], Sample)
    with pytest.raises(ValueError, match="column strict has 1 empty cells"):
        table_of([{name: cell for name, cell in ROW.items() if name != "strict"}], Sample)


def test_a_row_of_another_kind_is_not_written() -> None:
    row = {"arm": "a", "seed": 0, "regime": "id", "error": "none", "count": 1, "share": 1.0, "right_answer": 1}
    assert csv_text(ErrorCount, [row]).splitlines()[1] == "a,0,id,none,1,1.0,1"
    for change in ({"error": "bad luck"}, {"count": "many"}, {"more": 1}):
        with pytest.raises(ValueError, match="ErrorCount: row 1"):
            csv_text(ErrorCount, [row | change])


def test_a_csv_file_of_other_columns_is_named(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text(csv_text(Result, []).replace("n_seeds", "seeds"))
    with pytest.raises(ValueError, match=r"results\.csv lacks the columns n_seeds \(tables of version"):
        read_rows(path, Result)


def test_types_in_parquet_are_those_of_the_class() -> None:
    schema = arrow_schema(Sample)
    assert (schema.field("sample").type, schema.field("process_accuracy").type) == (pa.int32(), pa.float32())
    assert np.dtype(schema.field("num_shortened").type.to_pandas_dtype()) == np.int16


@pytest.mark.parametrize("values", [[float("nan")], ["False"], [None], [2]])
def test_success_is_counted_from_truth_values_alone(values) -> None:
    with pytest.raises(ValueError, match="true and false"):
        success_counts(values, [0], 1)
    assert [x.tolist() for x in success_counts([True, 0], [0, 0], 1)] == [[2], [1]]
