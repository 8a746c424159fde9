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

from interplay.evals.spread import NO_REPLICATES
from interplay.files import write_text
from interplay.records import command_line, effects, errors, gold, reliability, results, training
from interplay.records.evaluated import Evaluated
from interplay.records.measured import Measured
from interplay.schema import sampled
from interplay.schema.kept import Asked, Counted, KeptArm
from interplay.schema.measured import Effect, ErrorCount, GoldRow, Reliability, Result
from interplay.schema.parquet import table_of
from interplay.schema.text import csv_text
from interplay.studies.foresight import designs
from interplay.studies.study import Arm, Claim, Contrast, Study
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
            verdict = {"answer_correct": True, "exact": False, "paper_v1": False, "sound": False,
                       "sound_folded": False, "num_shortened": 0, "outcome": "wrong_answer", "process_accuracy": 0.5,
                       "text": "t", "num_tokens": 3, "finished": True}  # fmt: skip
            golds.append({"problem_id": name, "nll_sum": 4 - 2 * skill + rng.random(), "num_tokens": 10,
                          "greedy_strict": rng.random() < skill}
                         | {f"greedy_{column}": cell for column, cell in verdict.items()})  # fmt: skip
            for sample in range(SAMPLES_EACH):
                answer, steps = rng.random() < skill + 0.2, rng.random() < 0.7
                strict = answer and steps
                samples.append({"problem_id": name, "sample": sample, "strict": strict, "exact": strict,
                                "paper_v1": answer, "answer_correct": answer, "sound": strict, "sound_folded": False,
                                "num_shortened": 0, "outcome": "strict" if strict else "hacked" if answer and sample % 2
                                else "unreadable" if answer else "wrong_answer", "finished": True, "text": "t",
                                "answer": str(index % 5) if answer else "x", "num_tokens": 3, "process_accuracy": 0.5,
                                "error": None if strict else "wrong_value"})  # fmt: skip
    for file, rows, row in (("problems", problems, sampled.Problem), ("samples", samples, sampled.Sample),
                            ("gold", golds, sampled.Gold)):  # fmt: skip
        pq.write_table(table_of(rows, row), folder / f"{file}.parquet")
    return folder


def made(root: Path) -> Any:
    """A study of two arms and three seeds, as far as records look at it."""
    arms = []
    mixtures = {name: SimpleNamespace(cells=[SimpleNamespace(op=op) for op in ops]) for name, ops in REGIMES.items()}
    asked = SimpleNamespace(regimes=[SimpleNamespace(name=name, mixture=mixture) for name, mixture in mixtures.items()])
    for seed in SEEDS:
        for name, skill in (("base", 0.3), ("rl", 0.6)):
            folder = evaluation(root / f"{name}{seed}", skill, seed)
            where = SimpleNamespace(folder=folder, address=f"evaluate/{name}{seed}", config=asked)
            arms.append(Arm(name, name, "", seed, (), where, start="base" if name == "rl" else ""))  # type: ignore[arg-type]
    settings = SimpleNamespace(problems=60, samples=SAMPLES_EACH, ks=(1, 4, 8), seeds=SEEDS, scale="micro")
    contrasts = (
        Contrast("up", "u", "rl", "base", "A", 1),
        Contrast("of four", "u", "rl", "base", "A", 4),
        Contrast("rules", "r", "base", "base", "A", 1, rule="paper_v1", control_rule="strict", op=2),
        Contrast("same", "s", "base", "base", "B", 1),
    )
    claims = (
        Claim("RL helps", "up", "T1", "paper"),
        Claim("RL harms", "of four", direction="down"),
        Claim("nothing", "same", direction="flat", margin=0.1),
    )
    return Study("made", "", "", settings, tuple(arms), contrasts, claims)  # type: ignore[arg-type]


def measure(study: Any) -> Any:
    """Every arm and seed, by way of the tables that a seed is kept in."""
    arms: dict[str, list[Measured]] = {}
    for arm in study.arms:
        found = Evaluated(arm)
        problems, counts = table_of(found.problem_rows(), Asked), table_of(found.count_rows(study.settings.ks), Counted)
        said = KeptArm(arm=arm.name, stages=(arm.evaluation.address,), rl={})
        arms.setdefault(arm.name, []).append(Measured(said, arm.seed, problems, counts))
    return arms


def written(study: Any, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    arms = measure(study)
    write_text(folder / "results.csv", csv_text(Result, results.result_rows(study, arms)))
    write_text(folder / "reliability.csv", csv_text(Reliability, reliability.reliability_rows(study, arms)))
    decided = [effects.effect_row(study, contrast, arms) for contrast in study.contrasts]
    faults = [row for arm in study.arms for row in errors.error_rows(Evaluated(arm))]
    write_text(folder / "effects.csv", csv_text(Effect, decided))
    write_text(folder / "errors.csv", csv_text(ErrorCount, faults))
    write_text(folder / "nll.csv", csv_text(GoldRow, gold.nll_rows(study, arms)))
    (folder / "claims.json").write_text(json.dumps(effects.claim_rows(study, arms, {})))
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
        (rule, k) for rule in ("strict", "exact", "sound", "paper_v1", "answer") for k in (1, 4, 8)
    }
    assert not [row for row in rows if row["seed"] != "all" and row["rule"] != "strict" and row["k"] == 4]
    assert {row["n_problems"] for row in pooled if row["op"] == "all"} == {60}


def test_claims_follow_their_direction_and_flat_ones_cost_no_correction(study: Any) -> None:
    up, down, flat = effects.claim_rows(study, measure(study), {})
    assert (up["verdict"], down["verdict"], flat["verdict"]) == ("supported", "contradicted", "supported")
    assert up["key"] == "T1"
    assert flat["p_holm"] is None
    assert flat["effect"] == 0
    assert len(up["by_training"]) == 3
    assert np.mean(up["by_training"]) == pytest.approx(up["effect"], abs=1e-5)


def test_a_claim_names_the_trainings_that_were_silent_beside_others(study: Any) -> None:
    arms, reason = measure(study), "no group of samples ever differed in reward, so RL took no gradient"
    for silent in arms["rl"][1:]:
        silent.rl = {f"rl/{silent.seed}": reason}
    up, down, flat = effects.claim_rows(study, arms, {})
    seeds = " and ".join(str(seed) for seed in SEEDS[1:])
    assert (up["verdict"], up["note"]) == (
        "supported",
        f"3 trainings: the interval covers other problems and other trainings; rl, seeds {seeds}: {reason}",
    )
    assert reason in down["note"]
    assert reason not in flat["note"]
    arms["rl"][0].rl = {"rl/0": reason}
    assert effects.claim_rows(study, arms, {})[0]["note"] == f"not tested: rl: {reason}"


def test_a_gain_against_a_gain_takes_each_start_away_and_needs_one(study: Any) -> None:
    whole = Contrast("g", "g", "rl", "half", "A", 1, gain=True)
    half = [arm._replace(name="half") for arm in study.arms if arm.name == "rl"]
    wider = study._replace(arms=(*study.arms, *half), contrasts=(whole,))
    arms = measure(wider)
    assert wider.compared(whole) == ("rl", "half", "base", "base")
    evidence = effects.evidence_of(wider, whole, arms)
    assert not evidence.differences_S_P.any()  # the same gain
    rl = np.mean([m.pass_at(1, "strict", "A").mean() for m in arms["rl"]])
    assert evidence.room_up == pytest.approx(1 - rl)  # the treatment starts at `base`, and can end at 1
    assert (evidence.most, evidence.room_down) == (2.0, pytest.approx(rl))
    with pytest.raises(ValueError, match="gain over no start"):
        wider._replace(contrasts=(whole._replace(control="base"),))._check_contrasts({"rl", "base", "half"})


def test_two_contrasts_are_one_number_when_the_evaluations_are(study: Any) -> None:
    def number(contrast: Contrast) -> str:
        return effects.evidence_of(study, contrast, arms).number

    arms, there = measure(study), Contrast("x", "", "rl", "base", "A", 1)
    assert number(there) == number(Contrast("y", "", "base", "rl", "A", 1))  # the other way round
    others = (there._replace(k=4), there._replace(regime="B"), there._replace(rule="answer"), there._replace(op=2))
    assert len({number(there), *map(number, others)}) == 5


def test_what_claims_need_is_said_for_their_own_k(study: Any) -> None:
    found = designs(study, NO_REPLICATES)
    assert set(found) == {"up", "of four"}  # one arm against itself has no design
    rows = effects.claim_rows(study, measure(study), found)
    assert rows[0]["smallest"] > 0
    assert rows[0]["trainings_needed"] > 3
    assert rows[2]["trainings_needed"] is None


def test_rules_are_compared_on_the_same_samples(study: Any) -> None:
    row = effects.effect_row(study, study.contrasts[2], measure(study))
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
    assert rows["not_strict", "answer", 1, ""] == pytest.approx(answer - strict, abs=1e-6)
    assert 0 < rows["hacked", "answer", 1, ""] < rows["not_strict", "answer", 1, ""]
    counts = measure(study)["rl"][0].counts
    parts = sum(counts[name].c for name in ("hacked", "shortened", "unreadable"))
    assert (parts <= counts["not_strict"].c).all()  # the rest is folded
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
