"""Records: thinned, free of paths and times, the same bytes wherever the evaluations lie, right about direction and rule."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from interplay.files import write_text
from interplay.records import command_line, effects, errors, gold, reliability, results, training
from interplay.records.measured import measure
from interplay.schema import sampled
from interplay.schema.measured import Effect, ErrorCount, GoldRow, Reliability, Result
from interplay.schema.parquet import table_of
from interplay.schema.text import csv_text
from interplay.studies.study import Claim, Contrast
from interplay.world.randomness import stream

REGIMES = {"A": [2, 3], "B": [2, 3]}
SEEDS, SAMPLES_EACH = (0, 1, 2), 8


def evaluation(folder: Path, skill: float, seed: int) -> Path:
    """An evaluation of sixty problems per regime, as the evaluating stage leaves it."""
    folder.mkdir(parents=True)
    problems, samples, golds = [], [], []
    for regime, ops in REGIMES.items():
        for index in range(60):
            name, rng = f"{regime}{index}", stream("records", skill, seed, regime, index)
            op = ops[index % 2]
            problems.append(
                {
                    "problem_id": name,
                    "regime": regime,
                    "context": regime,
                    "op": op,
                    "mode": "forward",
                    "problem": "p",
                    "question": "q",
                    "solution": "s",
                    "answer": str(index % 5),
                    "graph": "{}",
                }
            )
            verdict = {"answer_correct": True, "exact": False, "paper_v1": False, "process_accuracy": 0.5,
                       "text": "t", "num_tokens": 3, "finished": True}  # fmt: skip
            golds.append({"problem_id": name, "nll_sum": 4 - 2 * skill + rng.random(), "num_tokens": 10,
                          "greedy_strict": rng.random() < skill}
                         | {f"greedy_{column}": cell for column, cell in verdict.items()})  # fmt: skip
            for sample in range(SAMPLES_EACH):
                answer, steps = rng.random() < skill + 0.2, rng.random() < 0.7
                strict = answer and steps
                samples.append({"problem_id": name, "sample": sample, "strict": strict, "exact": strict,
                                "paper_v1": answer, "answer_correct": answer, "finished": True, "text": "t",
                                "answer": str(index % 5) if answer else "x", "num_tokens": 3, "process_accuracy": 0.5,
                                "error": None if strict else "wrong_value"})  # fmt: skip
    for file, rows, row in (("problems", problems, sampled.Problem), ("samples", samples, sampled.Sample),
                            ("gold", golds, sampled.Gold)):  # fmt: skip
        pq.write_table(table_of(rows, row), folder / f"{file}.parquet")
    return folder


def made(root: Path) -> Any:
    """A study of two arms and three seeds, as far as records look at it."""
    arms = []
    for seed in SEEDS:
        for name, skill in (("base", 0.3), ("rl", 0.6)):
            folder = evaluation(root / f"{name}{seed}", skill, seed)
            where = SimpleNamespace(folder=folder, address=f"evaluate/{name}{seed}")
            arms.append(SimpleNamespace(name=name, seed=seed, evaluation=where, start="base" if name == "rl" else ""))
    settings = SimpleNamespace(samples=SAMPLES_EACH, ks=(1, 4, 8), seeds=SEEDS, scale="micro")
    contrasts = (
        Contrast("up", "u", "rl", "base", "A", 1),
        Contrast("rules", "r", "base", "base", "A", 1, rule="paper_v1", control_rule="strict", op=2),
        Contrast("same", "s", "base", "base", "B", 8),
    )
    claims = (
        Claim("RL helps", "up", "T1", "paper"),
        Claim("RL harms", "up", direction="down"),
        Claim("nothing", "same", direction="flat", margin=0.1),
    )
    return SimpleNamespace(
        name="made", settings=settings, arms=arms, regimes=REGIMES, contrasts=contrasts, claims=claims
    )


def written(study: Any, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    arms = measure(study)
    write_text(folder / "results.csv", csv_text(Result, results.result_rows(study, arms)))
    write_text(folder / "reliability.csv", csv_text(Reliability, reliability.reliability_rows(study, arms)))
    decided = [effects.effect_row(study, contrast, arms) for contrast in study.contrasts]
    faults = [row for members in arms.values() for member in members for row in errors.error_rows(member)]
    write_text(folder / "effects.csv", csv_text(Effect, decided))
    write_text(folder / "errors.csv", csv_text(ErrorCount, faults))
    write_text(folder / "nll.csv", csv_text(GoldRow, gold.nll_rows(study, arms)))
    (folder / "claims.json").write_text(json.dumps(effects.claim_rows(study, arms)))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return made(tmp_path_factory.mktemp("store"))


def test_two_stores_give_the_same_bytes_without_a_path(study: Any, tmp_path: Path) -> None:
    first, second = written(study, tmp_path / "first"), written(made(tmp_path / "elsewhere"), tmp_path / "second")
    assert first == second
    assert str(tmp_path).encode() not in b"".join(first.values())


def test_pooled_rows_hold_every_rule_and_single_seeds_fewer(study: Any) -> None:
    rows = list(results.result_rows(study, measure(study)))
    pooled = [row for row in rows if row["seed"] == "all"]
    assert {(row["rule"], row["k"]) for row in pooled if row["op"] == "all"} == {
        (rule, k) for rule in ("strict", "exact", "paper_v1", "answer") for k in (1, 4, 8)
    }
    assert not [row for row in rows if row["seed"] != "all" and row["rule"] != "strict" and row["k"] == 4]
    assert {row["n_problems"] for row in pooled if row["op"] == "all"} == {60}


def test_claims_follow_their_direction_and_flat_ones_cost_no_correction(study: Any) -> None:
    up, down, flat = effects.claim_rows(study, measure(study))
    assert (up["verdict"], down["verdict"], flat["verdict"]) == ("supported", "contradicted", "supported")
    assert up["key"] == "T1"
    assert flat["p_holm"] is None
    assert flat["effect"] == 0


def test_rules_are_compared_on_the_same_samples(study: Any) -> None:
    row = effects.effect_row(study, study.contrasts[1], measure(study))
    assert row["effect"] > 0.05
    assert (row["rule"], row["control_rule"], row["op"], row["n_problems"]) == ("paper_v1", "strict", 2, 30)


def test_what_passk_hides_is_counted(study: Any) -> None:
    rows = {
        (row["metric"], row["rule"], row["k"], row["tau"]): row["value"]
        for row in reliability.reliability_rows(study, measure(study))
        if row["arm"] == "rl" and row["regime"] == "A"
    }
    strict = np.mean([m.pass_at(1, "strict", "A").mean() for m in measure(study)["rl"]])
    answer = np.mean([m.pass_at(1, "answer", "A").mean() for m in measure(study)["rl"]])
    assert rows["hacked", "strict", 1, ""] == pytest.approx(answer - strict, abs=1e-6)
    assert rows["cover", "strict", "", 0.2] >= rows["cover", "strict", "", 0.8]
    assert rows["g-pass@k", "strict", 8, 0.5] >= rows["g-pass@k", "strict", 8, 1.0]


def test_gold_likelihood_changes_against_the_start(study: Any) -> None:
    rows = {(row["arm"], row["regime"], row["op"]): row for row in gold.nll_rows(study, measure(study))}
    rl = rows["rl", "A", "all"]
    assert rl["start"] == "base"
    assert rl["change_lo"] < rl["change"] < rl["change_hi"] < 0
    assert rl["change"] == pytest.approx(rl["nll"] - rows["base", "A", "all"]["nll"], abs=1e-4)
    assert "change" not in rows["base", "A", "all"]


@pytest.mark.parametrize("steps", [1, 7, 100, 101, 635])
def test_thinned_curves_are_short_and_lose_no_step(steps: int) -> None:
    rows = [{"step": i + 1, "train/loss": float(i)} for i in range(steps)]
    bins = training._bins(rows, 100)
    assert len(bins) <= 100
    assert [row for near in bins for row in near] == rows
    assert training._mean([], "train/loss") == ""
    assert math.isclose(float(training._mean(rows, "train/loss")), (steps - 1) / 2, rel_tol=1e-4)


def test_a_command_keeps_no_path_of_anybody() -> None:
    words = [
        "interplay",
        "run",
        "quickstart",
        "--store",
        "/home/somebody/store",
        "--jobs=/tmp/x y",
        "--set",
        "seeds=0,1",
    ]
    assert command_line(words) == "interplay run quickstart --store store '--jobs=x y' --set seeds=0,1"
