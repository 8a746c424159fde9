"""Statistics on rows made for the purpose: every number is known in advance."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from interplay.data.stats import Correlation, distinct, overlap, shortfalls, stats
from interplay.world.problem import make, to_row
from interplay.world.randomness import stream
from interplay.world.sample import Spec


def row(op: int, seed: int, context: str = "zoo", style: str = "terse", distractors: int = 0) -> dict[str, object]:
    return to_row(make(Spec(op=op, distractors=distractors), context, style, stream("stats", seed)))


def test_the_table_by_op() -> None:
    rows = [row(5, i, distractors=i % 3) for i in range(9)] + [row(3, i) for i in range(4)]
    found = stats(rows)
    three, five = found.by_op
    assert (three.op, three.n, five.op, five.n, found.n, found.unreadable) == (3, 4, 5, 9, 13, 0)
    assert five.distractors == 1
    assert five.prompt_chars == statistics.mean(len(f"{r['problem']} {r['question']}") for r in rows[:9])
    answers = [r["answer"] for r in rows[:9]]
    assert five.top_share == answers.count(five.top_answer) / 9
    assert five.top_share == max(map(answers.count, answers)) / 9
    assert found.length_grows


def test_a_confound_shows() -> None:
    tied = stats(row(op, op, distractors=op) for op in range(2, 12))
    assert tied.op_distractors == pytest.approx(1)
    flat = stats(row(op, op, distractors=2) for op in range(2, 12))
    assert math.isnan(flat.op_distractors)


def test_correlation_agrees_with_the_textbook() -> None:
    rng = random.Random(5)
    pairs = [(x, 0.3 * x + rng.gauss(1e6, 1)) for x in range(200)]
    running = Correlation()
    for x, y in pairs:
        running.add(x, y)
    assert running.value == pytest.approx(statistics.correlation(*zip(*pairs, strict=True)))


def test_rows_without_a_graph_still_have_a_length_and_an_answer() -> None:
    bare = {key: value for key, value in row(4, 1).items() if key not in ("graph", "answer")}
    found = stats([bare])
    assert found.unreadable == 1
    assert found.by_op[0].top_answer == row(4, 1)["answer"]
    assert math.isnan(found.by_op[0].distractors)
    assert overlap([bare], [bare]) == ((4, "text", 1, 1),)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_text_stands_for_its_graph(mode: str) -> None:
    """Files of the public generator have no graph; what they repeat shows all the same."""
    made = [
        to_row(make(Spec(op=5, mode=mode, distractors=1), "zoo", "full", stream("bare", mode, i))) for i in range(6)
    ]  # type: ignore[arg-type]
    bare = [{key: value for key, value in each.items() if key not in ("graph", "answer")} for each in made]
    other_blanks = [{**each, "problem": str(each["problem"]).replace(" ", "  ")} for each in bare]
    for mine, theirs in ((made, bare), (bare, made), (bare, other_blanks)):
        found = {o.level: o.shared / o.distinct for o in overlap(mine, theirs)}
        assert found["text"] == 1
        if theirs is not other_blanks:
            assert found["names"] == found["structure"] == 1
    seen, unread = stats(made), stats(bare)
    assert seen.by_op[0].distinct == unread.by_op[0].distinct
    assert (seen.unreadable, unread.unreadable) == (0, 0)
    retold = [
        to_row(make(Spec(op=5, mode=mode, distractors=1), "school", "full", stream("bare", mode, i))) for i in range(6)
    ]  # type: ignore[arg-type]
    found = {o.level: o.shared for o in overlap(bare, retold)}
    assert (found["text"], found["names"]) == (0, 0)
    assert found["structure"] > 0


def test_overlap_sees_through_order_and_at_the_stricter_level_through_names() -> None:
    ours = [row(4, i, distractors=1) for i in range(6)]
    theirs = [row(4, i, "school", distractors=1) for i in range(3)] + ours[5:]
    assert [(o.level, o.distinct, o.shared) for o in overlap(ours, theirs)] == [
        ("text", 6, 1),
        ("names", 6, 1),
        ("structure", 6, 4),
    ]


def test_repeated_problems_are_reported_by_cell() -> None:
    rows = [row(4, i % 3) for i in range(7)] + [row(9, 1)]
    (short,) = shortfalls(rows)
    assert (short.op, short.context, short.mode, short.rows, short.distinct) == (4, "zoo", "forward", 7, 3)
    assert distinct(rows) == {4: {"names": 3, "structure": 3}, 9: {"names": 1, "structure": 1}}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"problem": ...}, "the field 'problem' is missing"),
        ({"op": "seven"}, "op must be an integer"),
        ({"op": 10**30}, "op must be an integer in 1..10000"),
        ({"op": True}, "op must be an integer"),
        ({"op": None}, "op must be an integer"),
        ({"graph": 3}, "an object"),
    ],
)
def test_a_damaged_row_says_what_is_wrong(damage: dict[str, object], message: str) -> None:
    damaged = row(4, 1) | damage
    damaged = {key: value for key, value in damaged.items() if value is not ...}
    with pytest.raises(ValueError, match=message):
        stats([damaged])
