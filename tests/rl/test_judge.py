"""A reward always arrives: a verifier that hangs, dies or raises costs its own text the reward and nothing else."""

import pytest
from judges import misbehaving

from interplay.rl.judge import Text, WorkerJudge, judge_inline
from interplay.rl.rewards import RewardConfig
from interplay.rl.rollout import roll_out
from interplay.world.problem import make
from interplay.world.randomness import stream
from interplay.world.sample import Spec
from interplay.world.verify import Reference


@pytest.fixture(scope="module")
def texts():
    problem = make(Spec(op=3), "zoo", "terse", stream("judge"))
    reference = Reference.from_graph(problem.graph, problem.solution)
    return [Text(reference, text, False) for text in (problem.solution, "hang", "die", "raise", "wrong")] * 2


def facts(verdicts):
    return [(v.strict, v.answer_correct, v.process_accuracy, v.error, v.paper_v1) for v in verdicts]


def test_a_verifier_that_hangs_or_dies_costs_its_own_text_the_reward(texts):
    with WorkerJudge(2, limit_s=1.0, verify=misbehaving) as judge:
        judge([texts[0]] * 2)
        verdicts = judge(texts)
        again = judge(texts[:1])
    errors = [v.error for v in verdicts[:5]]
    assert errors == [None, "judge_timed_out", "judge_failed", "judge_failed", verdicts[4].error]
    assert [v.strict for v in verdicts] == [True, False, False, False, False] * 2
    assert verdicts[4].error not in (None, "judge_failed", "judge_timed_out")
    assert again[0].strict


def test_workers_and_this_process_give_the_same_verdicts(texts):
    with WorkerJudge(1) as judge:
        assert facts(judge(texts * 20)) == facts(judge_inline(texts * 20))


def test_a_rollout_without_a_verdict_earns_nothing_and_says_why(config, fresh_model, tokenizer):
    def broken(*args, **kwargs):
        raise RuntimeError

    (group,) = roll_out(
        fresh_model(), tokenizer, config.pool.problems(0, 1), group=2, sampling=config.sampling,
        rewards=RewardConfig(kind="mixed"), seed=0, rows=8, judge=lambda texts: judge_inline(texts, broken),
    )  # fmt: skip
    assert [(r.reward, r.verdict.error) for r in group] == [(0.0, "judge_failed")] * 2


def test_a_judge_refuses_what_cannot_work():
    with pytest.raises(ValueError, match="got 0"):
        WorkerJudge(0)
