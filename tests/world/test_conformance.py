"""The public text format's own files: every sound gold accepted, every damaged one marked, every corruption judged.

`tests/conformance` holds solutions of the public GSM-Infinite generator and corruptions of them made by program, with
the verdicts a correct verifier gives and those of the paper's released code.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from interplay.world import paper_v1
from one_verdict import verify_row

FOLDER = Path(__file__).parents[1] / "conformance"


def rows(name: str) -> list[dict]:
    with gzip.open(FOLDER / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_every_sound_gold_is_accepted_and_every_damaged_one_is_marked():
    counts: Counter[tuple] = Counter()
    for row in rows("gold.jsonl.gz"):
        verdict = verify_row(row, gold_field="solution", candidate_field="solution")
        why = verdict["error"] and str(verdict["error"]).partition(": no fact about ")[0]
        counts[row["gold_ok"], verdict["strict"], verdict["exact"], verdict["sound"], verdict["paper_v1"], why] += 1
    lost = (False, None, None, None, None, "gold_defect: fact missing")
    assert counts == {(True, True, True, True, True, None): 985, lost: 40}


@pytest.mark.parametrize("candidate_field", ["candidate", "candidate_model"])
def test_every_corruption_gets_the_expected_verdict(candidate_field):
    wrong = []
    for row in rows("corrupted.jsonl.gz"):
        verdict = verify_row(row, gold_field="gold_solution", candidate_field=candidate_field)
        expected = (row["expected_strict"], row["expected_exact"], row["reference_reward"]["eval_perfect"])
        if (verdict["strict"], verdict["exact"], verdict["paper_v1"]) != expected:
            wrong.append((row["uid"], row["corruption"], verdict))
    assert not wrong


def test_strict_implies_sound_and_of_the_wrong_corruptions_one_is_a_true_derivation():
    """One swap of operands takes the quantity of which the right one is a copy: true, though around a step."""
    sound: Counter[str] = Counter()
    for row in rows("corrupted.jsonl.gz"):
        verdict = verify_row(row, gold_field="gold_solution")
        assert verdict["sound"] or not verdict["strict"]
        assert verdict["answer_correct"] or not verdict["sound"]
        if verdict["sound"] and not verdict["strict"]:
            sound[row["corruption"]] += 1
    assert sound == {"swapped_dependency_propagated": 1}


def test_the_released_scores_are_reproduced():
    wrong = []
    for row in rows("corrupted.jsonl.gz"):
        score = paper_v1.score(row["gold_solution"], row["candidate_model"])._asdict()
        for name, expected in row["reference_reward"].items():
            if score[name] != pytest.approx(expected, abs=1e-6):
                wrong.append((row["uid"], row["corruption"], name, score[name], expected))
    assert not wrong


def test_the_class_of_the_fault_says_what_was_done():
    expected = {
        "answer_only_guess": {"missing_node"},
        "dropped_step": {"undefined_variable"},
        "duplicated_definition_same": {"duplicate_definition"},
        "extra_invented_entity": {"undefined_variable"},
        "swapped_dependency_propagated": {"wrong_parent"},
        "wrong_final_answer_right_steps": {"wrong_answer"},
        "wrong_intermediate_noprop": {"false_equality"},
        "wrong_operator": {"false_equality"},
        "wrong_last_step_value": {"false_equality"},
    }
    for row in rows("corrupted.jsonl.gz"):
        if row["corruption"] in expected:
            verdict = verify_row(row, gold_field="gold_solution", candidate_field="candidate_model")
            assert verdict["error"] in expected[row["corruption"]], row["uid"]
