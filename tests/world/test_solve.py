"""The independent solver on problems worked out by hand; generated ones are in test_sample."""

from __future__ import annotations

import pytest

from interplay.world.context import load
from interplay.world.solve import solve

ZOO = load("zoo")


@pytest.mark.parametrize(
    ("problem", "question", "answer", "op"),
    [
        ("lion in Meadow = 3 .", "lion in Meadow ?", 3, 1),
        ("puma in Reef = 2 * ( lion in Reef + seal in Reef ) . lion in Reef = 3 . seal in Reef = lion in Reef .",
         "puma in Reef ?", 12, 5),
        ("lion in Reef = 3 . seal in Reef = 4 + lion in Reef . goat in Cove = 9 .", "animals in Reef ?", 10, 5),
        ("lion in Reef = 2 . cubs per lion in Reef = 5 .", "cubs in Reef ?", 10, 4),
        ("seal in Reef = puma in Cove - lion in Reef . lion in Reef = 2 . puma in Cove = 9 .",
         "seal in Reef ?", 7, 4),
        ("animals in Reef = 17 . lion in Reef = x . seal in Reef = 3 * lion in Reef . goat in Reef = 1 .",
         "lion in Reef ?", 4, 7),
        ("seal in Reef = 11 . lion in Reef = x . seal in Reef = 3 + lion in Reef .", "lion in Reef ?", 8, 3),
    ],
)  # fmt: skip
def test_terse_problems(problem: str, question: str, answer: int, op: int) -> None:
    assert solve(problem, question, ZOO) == (answer, op)


@pytest.mark.parametrize(
    ("problem", "question", "answer", "op"),
    [
        ("The number of lion in Reef equals 3. ", "How many lion does Reef have?", 3, 1),
        ("The number of lion in Reef equals 2 times the sum of the number of seal in Cove, the number of goat in Cove, "
         "and the total number of animals in Cove. The number of goat in Cove equals 3. "
         "The number of seal in Cove equals 1. ", "How many lion does Reef have?", 16, 8),
        ("The number of lion in Reef exists, and its number is greater than 0. "
         "The total number of cubs of all animals in Reef equals 12. "
         "The average number of cubs per lion in Reef equals 4. ", "How many lion does Reef have?", 3, 4),
        ("The average number of cubs per lion in Reef is greater than 0. "
         "The number of seal in Cove equals the difference between the number of puma in Cove and the average number "
         "of cubs per lion in Reef. The number of puma in Cove equals 9. The number of seal in Cove equals 7. ",
         "What is the average number of cubs per lion in Reef?", 2, 4),
    ],
)  # fmt: skip
def test_full_problems(problem: str, question: str, answer: int, op: int) -> None:
    assert solve(problem, question, ZOO) == (answer, op)


@pytest.mark.parametrize(
    ("problem", "question", "message"),
    [
        ("lion in Reef = seal in Reef .", "lion in Reef ?", "used but never defined"),
        ("lion in Reef = seal in Reef . seal in Reef = lion in Reef .", "lion in Reef ?", "depends on itself"),
        ("lion in Reef = 3 . lion in Reef = 4 .", "lion in Reef ?", "stated twice"),
        ("lion in Reef = x .", "lion in Reef ?", "depends on an unknown"),
        ("lion in Reef = x . seal in Reef = 3 + puma in Reef . puma in Reef = 1 . seal in Reef = 4 .", "lion in Reef ?",
         "does not determine"),
    ],
)  # fmt: skip
def test_a_text_without_one_answer_is_an_error(problem: str, question: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        solve(problem, question, ZOO)
