"""Evaluation directories read back, their faults named, and two of them compared."""

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interplay.evals.compare import compare, format_table
from interplay.evals.evaluation import (
    counts_by_problem,
    from_table,
    read_evaluation,
    read_problems,
    read_samples,
)
from interplay.evals.pass_at_k import pass_at_k
from interplay.schema import sampled
from interplay.schema.parquet import arrow_schema
from interplay.schema.verdicts import RULES

REGIMES = ("id", "edge", "hard")


def write_evaluation(
    folder: Path, success: dict[str, float], *, seed: int = 0, per_regime: int = 40, samples: int = 16
) -> Path:
    """An evaluation directory of a model with a given success probability per regime; `exact` is half as frequent."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"{regime}-{i}" for regime in REGIMES for i in range(per_regime)]
    problems = {
        "problem_id": ids, "regime": [i.split("-")[0] for i in ids], "context": ["zoo"] * len(ids),
        "op": [7] * len(ids), "mode": ["forward"] * len(ids), "problem": [f"problem {i}" for i in ids],
        "question": ["?"] * len(ids), "solution": ["s"] * len(ids), "answer": ["7"] * len(ids),
        "graph": ["{}"] * len(ids),
    }  # fmt: skip
    strict = np.concatenate([rng.random((per_regime, samples)) < success[regime] for regime in REGIMES]).ravel()
    exact = strict & (rng.random(strict.size) < 0.5)
    rows = {
        "problem_id": np.repeat(ids, samples), "sample": np.tile(np.arange(samples), len(ids)),
        "text": ["t"] * strict.size, "num_tokens": [1] * strict.size, "finished": [True] * strict.size,
        "answer": np.where(strict, "7", None), "strict": strict, "exact": exact, "paper_v1": strict,
        "answer_correct": strict, "sound": strict, "sound_folded": [False] * strict.size,
        "num_shortened": [0] * strict.size, "outcome": np.where(strict, "strict", "wrong_answer"),
        "process_accuracy": strict.astype(float), "error": [None] * strict.size,
    }  # fmt: skip
    pq.write_table(pa.table(problems, arrow_schema(sampled.Problem)), folder / "problems.parquet")
    pq.write_table(pa.table(rows, arrow_schema(sampled.Sample)), folder / "samples.parquet")
    (folder / "summary.json").write_text(json.dumps({"samples": samples}))
    return folder


@pytest.fixture
def arms(tmp_path: Path) -> tuple[Path, Path]:
    base = write_evaluation(tmp_path / "base", {"id": 0.9, "edge": 0.2, "hard": 0.0})
    tuned = write_evaluation(tmp_path / "tuned", {"id": 0.9, "edge": 0.5, "hard": 0.0}, seed=1)
    return base, tuned


def test_the_table_shows_the_effect_where_it_is_and_only_there(arms: tuple[Path, Path]):
    rows = compare(*arms, ks=(1, 8), rules=("strict", "exact"))
    assert [(row["regime"], row["rule"], row["k"]) for row in rows[:8]] == [
        (regime, "strict", k) for regime in (*REGIMES, "all") for k in (1, 8)
    ]
    by_cell = {(row["regime"], row["rule"], row["k"]): row for row in rows}
    edge = by_cell["edge", "strict", 1]
    assert edge["lo"] < 0.3 < edge["hi"]
    assert edge["lo"] > 0.2
    assert edge["p_holm"] < 0.001
    assert by_cell["id", "strict", 1]["p_holm"] > 0.05
    hard = by_cell["hard", "strict", 8]
    assert hard["effect"] == 0.0
    assert hard["lo"] < 0.0 < hard["hi"]
    assert hard["a_hi"] > 0.05
    assert by_cell["edge", "exact", 1]["effect"] < edge["effect"]
    assert (edge["n_problems"], edge["n_samples_a"], by_cell["all", "strict", 1]["n_problems"]) == (40, 640, 120)


def test_values_are_pass_at_k_of_the_samples(arms: tuple[Path, Path]):
    row = next(r for r in compare(*arms, ks=(4,)) if r["regime"] == "edge")
    samples = read_samples(arms[0]).to_pandas()
    counts = samples[samples.problem_id.str.startswith("edge")].groupby("problem_id").strict.sum()
    assert row["a"] == pytest.approx(np.mean(pass_at_k(16, counts.to_numpy(), 4)))


def test_the_order_of_rows_in_a_file_does_not_matter(arms: tuple[Path, Path]):
    before = compare(*arms, ks=(1,))
    for name in ("problems.parquet", "samples.parquet"):
        table = pq.read_table(arms[1] / name)
        pq.write_table(table.take(np.random.default_rng(0).permutation(table.num_rows)), arms[1] / name)
    assert compare(*arms, ks=(1,)) == before


def test_seeds_are_a_level_of_their_own(tmp_path: Path):
    success = {"id": 0.9, "edge": 0.3, "hard": 0.1}
    a = [write_evaluation(tmp_path / f"a{s}", success, seed=s) for s in range(3)]
    b = [write_evaluation(tmp_path / f"b{s}", {**success, "edge": 0.6}, seed=10 + s) for s in range(3)]
    row = next(r for r in compare(a, b, ks=(1,)) if r["regime"] == "edge")
    assert row["n_seeds"] == 3
    assert row["lo"] < 0.3 < row["hi"]
    assert row["n_samples_a"] == 3 * 640
    with pytest.raises(ValueError, match="number of seeds, got 3 and 2"):
        compare(a, b[:2])


def test_a_k_beyond_the_samples_is_nan(arms: tuple[Path, Path]):
    row = compare(*arms, ks=(64,))[0]
    assert np.isnan([row["a"], row["effect"], row["lo"], row["p"], row["p_holm"]]).all()
    assert "nan" in format_table([row])


def test_the_printed_table_has_a_line_per_row(arms: tuple[Path, Path]):
    rows = compare(*arms, ks=(1, 8))
    lines = format_table(rows).splitlines()
    assert len(lines) == 1 + len(rows)
    assert lines[0].split() == ["regime", "rule", "k", "problems", "a", "b", "b", "-", "a", "interval", "p", "(Holm)"]
    assert "+0.3" in lines[3]
    assert "*" in lines[3]


def test_other_problems_are_refused_with_the_number_shared(arms: tuple[Path, Path], tmp_path: Path):
    fewer = write_evaluation(tmp_path / "fewer", {"id": 0.9, "edge": 0.5, "hard": 0.0}, per_regime=30)
    with pytest.raises(ValueError, match=r"has 120, .* has 90, 90 are shared"):
        compare(arms[0], fewer)
    problems = read_problems(arms[1])
    changed = problems.set_column(problems.column_names.index("answer"), "answer", pa.array(["8"] * 120))
    pq.write_table(changed, arms[1] / "problems.parquet")
    with pytest.raises(ValueError, match="120 problems have one problem_id but another answer"):
        compare(*arms)


def test_tables_can_be_compared_directly():
    def table(share: float) -> pa.Table:
        return pa.table({"problem_id": ["p", "q"] * 10, "strict": [i < share * 20 for i in range(20)]})

    (row,) = compare(table(0.2), table(0.8), ks=(1,))
    assert (row["regime"], row["effect"]) == ("all", pytest.approx(0.6))
    with pytest.raises(ValueError, match="no column problem_id"):
        from_table(pa.table({"strict": [True]}))


def test_counts_follow_the_rule(arms: tuple[Path, Path]):
    evaluation = read_evaluation(arms[0])
    counts = {rule: counts_by_problem(evaluation, rule) for rule in RULES}
    assert (counts["exact"].c <= counts["strict"].c).all()
    assert counts["strict"].n.tolist() == [16] * 120
    with pytest.raises(ValueError, match="no verdicts under 'kind'"):
        counts_by_problem(evaluation, "kind")


def test_missing_and_broken_files_are_named(arms: tuple[Path, Path], tmp_path: Path):
    with pytest.raises(ValueError, match=r"nowhere/problems\.parquet is missing"):
        read_problems(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"samples\.parquet lacks the columns kind"):
        read_samples(arms[0], ["problem_id", "kind"])
    (arms[0] / "samples.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(ValueError, match=r"base/samples\.parquet cannot be read"):
        compare(*arms)


def test_truncated_file_is_named(arms: tuple[Path, Path]):
    path = arms[0] / "samples.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"samples\.parquet cannot be read"):
        read_evaluation(arms[0])


def test_samples_that_do_not_add_up_are_refused(arms: tuple[Path, Path]):
    samples = read_samples(arms[0])
    pq.write_table(pa.concat_tables([samples, samples.slice(0, 5)]), arms[0] / "samples.parquet")
    with pytest.raises(ValueError, match="5 samples are there twice"):
        read_evaluation(arms[0])
    pq.write_table(samples, arms[0] / "samples.parquet")
    pq.write_table(read_problems(arms[0]).slice(1), arms[0] / "problems.parquet")
    with pytest.raises(ValueError, match="samples of 1 unknown problems, 'id-0' first"):
        read_evaluation(arms[0])


def test_without_ks_they_fit_the_evaluations(arms: tuple[Path, Path]):
    rows = compare(*arms)
    assert sorted({row["k"] for row in rows}) == [1, 8, 16]
    assert not any(math.isnan(row["effect"]) for row in rows)
