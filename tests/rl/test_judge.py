"""A reward always arrives: a verifier that hangs, dies or raises costs its own text the reward and nothing else."""

from functools import partial

import pyarrow.parquet as pq
import pytest
from judges import hangs_on_some, misbehaving

import interplay.rl.judge as judge_module
from interplay.rl.grpo import reinforce
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


def test_a_run_goes_on_when_samples_hang_its_verifier(config, fresh_model, tokenizer, runtime, tmp_path, monkeypatch):
    hostile = partial(WorkerJudge, limit_s=0.5, verify=hangs_on_some)
    monkeypatch.setattr(judge_module, "WorkerJudge", hostile)
    short = config.model_copy(update={"steps": 2, "prompts": 1, "group": 3})
    reinforce(short, fresh_model(), tokenizer, tmp_path, runtime.model_copy(update={"verify_workers": 1}))
    rows = pq.read_table(tmp_path / "rollouts.parquet").to_pylist()
    assert len(rows) == 6
    for row in rows:
        assert (row["error"] == "judge_timed_out") == bool(len(row["text"]) % 2)
    assert {len(row["text"]) % 2 for row in rows} == {0, 1}


def test_a_judge_refuses_what_cannot_work():
    with pytest.raises(ValueError, match="got 0"):
        WorkerJudge(0)
