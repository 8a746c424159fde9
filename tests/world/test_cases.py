"""Small inputs and the value that is right, each standing for its kind: `tests/cases`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interplay.data.gsm_infinite import verify_candidates

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['kind']}: {row['note'] or row['candidate'][-14:]}")
def test_a_solution_of_its_kind_is_judged_rightly(row):
    verdict = verify_candidates(row)[0]
    expected = (row["expected_strict"], row["expected_exact"], row["expected_answer"])
    assert (verdict["strict"], verdict["exact"], verdict["answer_correct"]) == expected
    assert verdict["sound"] == (row["expected_strict"] or row["kind"] == "sound_shortened")
