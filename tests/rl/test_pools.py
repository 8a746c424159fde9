"""Selections: what each asks at a step, what it refuses, and that its state survives a cut."""

import json

import pytest
from pydantic import ValidationError

import interplay.rl.grpo as grpo
from interplay.rl.grpo import RLConfig, reinforce
from interplay.rl.pools import (
    Adaptive,
    Edge,
    PoolState,
    Refreshed,
    Scheduled,
    after_measuring,
    after_step,
    start_state,
    take,
)
from interplay.train.metrics import read_metrics


def ops(problems):
    return {p.op for p in problems}


def test_without_a_selection_no_problem_comes_twice(pool):
    state = start_state(None)
    taken = [p.id for step in range(4) for p in take(pool, None, state, step, step * 5, 5)]
    assert taken == [p.id for p in pool.take(0, 20)]


def test_edge_keeps_what_is_hard_but_not_out_of_reach(pool):
    edge = Edge(candidates=5, samples=8)
    successes = [0, 1, 4, 5, 8]
    assert edge.chosen(successes) == [1, 2]
    taken = take(pool, edge, start_state(edge, successes), 0, 1, 3)
    assert [p.id for p in taken] == [pool.stream[i].id for i in (2, 1, 2)]
    with pytest.raises(ValueError, match="no problem of 5 is on the edge"):
        edge.chosen([0, 8, 8, 0, 0])


def test_adaptive_rises_when_the_top_op_is_mastered(pool):
    adaptive = Adaptive(start_op=2, threshold=0.5, window=2)
    state = start_state(adaptive)
    assert ops(take(pool, adaptive, state, 0, 0, 20)) == {2}
    state = after_step(pool, adaptive, state, [(2, 0.6), (2, 0.2)])
    assert state == PoolState(top=2, recent=(0.4,))
    assert after_step(pool, adaptive, state, [(3, 1.0)]) == state
    state = after_step(pool, adaptive, state, [(2, 0.6)])
    assert state == PoolState(top=3)
    assert ops(take(pool, adaptive, state, 2, 40, 20)) == {2, 3}
    for _ in range(5):
        state = after_step(pool, adaptive, state, [(3, 1.0)])
    assert state.top == 3


def test_a_scheduled_range_gives_each_op_an_equal_share_of_the_steps_whatever_the_accuracy(pool):
    scheduled = Scheduled(start_op=5, steps=10)
    assert [scheduled.top((4, 5, 6, 7), step) for step in range(12)] == [5] * 4 + [6] * 3 + [7] * 5
    assert [Scheduled(start_op=5, steps=2).top((5, 6, 7), step) for step in range(3)] == [5, 6, 7]
    one_by_one = Scheduled(start_op=2, steps=4)
    state = start_state(one_by_one)
    assert after_step(pool, one_by_one, state, [(2, 1.0)] * 9) == state
    assert [ops(take(pool, one_by_one, state, step, 0, 20)) for step in (1, 2)] == [{2}, {2, 3}]


def test_a_refreshed_filter_asks_what_was_on_the_edge_last(pool):
    refreshed = Refreshed(candidates=4, samples=4, every=3)
    assert [step for step in range(10) if refreshed.is_due(step)] == [3, 6, 9]
    state = after_measuring(refreshed, start_state(refreshed, [1, 0, 0, 4]), [4, 0, 2, 1])
    assert [p.id for p in take(pool, refreshed, state, 3, 0, 3)] == [pool.stream[i].id for i in (2, 3, 2)]
    assert after_measuring(refreshed, state, [4, 4, 0, 4]) == state  # none on the edge: the last ones are kept


@pytest.mark.parametrize("selection", [{"kind": "adaptive"}, {"kind": "scheduled", "steps": 4}])
def test_an_op_that_the_pool_does_not_have_is_refused(selection, config):
    with pytest.raises(ValidationError, match="op 9 is not in the pool"):
        RLConfig.model_validate(config.model_dump() | {"selection": {**selection, "start_op": 9}})


def test_the_edge_is_measured_once_before_the_first_step(
    config, fresh_model, tokenizer, runtime, tmp_path, monkeypatch
):
    was, sizes = grpo.roll_out, []

    def sometimes_right(*args, **kwargs):
        groups = was(*args, **kwargs)
        sizes.append(len(groups))
        return [
            [r._replace(verdict=r.verdict._replace(strict=i == 1 and g % 4 == 0)) for g, r in enumerate(group)]
            for i, group in enumerate(groups)
        ]

    monkeypatch.setattr(grpo, "roll_out", sometimes_right)
    chosen = config.model_copy(update={"selection": Edge(candidates=5, samples=4), "steps": 2})
    reinforce(chosen, fresh_model(), tokenizer, tmp_path, runtime)
    record = json.loads((tmp_path / "edge.json").read_text())
    spent = record.pop("flops")["rl/flops_measured"]
    assert record == {"samples": 4, "successes": [0, 1, 0, 0, 0], "chosen": [1]}
    first, second = (row["rl/flops_measured"] for row in read_metrics(tmp_path / "metrics.jsonl"))
    assert 0.5 * second < first - spent < 2 * second  # the first step pays; samples of the two differ in length
    assert spent > second
    (tmp_path / "summary.json").unlink()
    reinforce(chosen, fresh_model(), tokenizer, tmp_path, runtime)
    assert sizes == [5, 3, 3, 3, 3]  # the candidates once, then the steps of both runs
