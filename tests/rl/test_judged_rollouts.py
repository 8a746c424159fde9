"""A reward always arrives: a rollout whose verifier raises or hangs earns nothing and says why, and the run goes on."""

import pyarrow.parquet as pq
from hanging import hangs_on_some

from interplay.judging.pool import Pool
from interplay.judging.texts import as_it_is
from interplay.rl.grpo import reinforce
from interplay.rl.rewards import RewardConfig
from interplay.rl.rollout import roll_out


def broken(*args, **kwargs):
    raise RuntimeError


def test_a_rollout_without_a_verdict_earns_nothing_and_says_why(config, fresh_model, tokenizer, runtime):
    (group,) = roll_out(
        fresh_model(), tokenizer, config.pool.take(0, 1), group=2, sampling=config.sampling,
        rewards=RewardConfig(kind="mixed"), seed=0, runtime=runtime, judge=Pool(0, as_it_is, verify=broken),
    )  # fmt: skip
    assert [(r.reward, r.verdict.error) for r in group] == [(0.0, "judge_failed")] * 2


def test_a_run_goes_on_when_samples_hang_its_verifier(config, fresh_model, tokenizer, runtime, tmp_path):
    short = config.model_copy(update={"steps": 2, "prompts": 1, "group": 3})
    with Pool(1, as_it_is, limit_s=0.5, verify=hangs_on_some) as judge:
        reinforce(short, fresh_model(), tokenizer, tmp_path, runtime, judge=judge)
    rows = pq.read_table(tmp_path / "rollouts.parquet").to_pylist()
    assert len(rows) == 6
    for row in rows:
        assert (row["error"] == "judge_timed_out") == bool(len(row["text"]) % 2)
    assert {len(row["text"]) % 2 for row in rows} == {0, 1}


def test_what_is_drawn_is_judged_while_more_is_drawn_and_the_rollouts_are_the_same(
    config, fresh_model, tokenizer, runtime, monkeypatch
):
    monkeypatch.setattr("interplay.rl.rollout.CHUNK", 2)
    told = []

    class Noted(Pool):
        def submit(self, texts):
            told.append(len(texts))
            return super().submit(texts)

    def rollouts(judge):
        groups = roll_out(
            fresh_model(), tokenizer, config.pool.take(0, 3), group=3, sampling=config.sampling,
            rewards=RewardConfig(kind="mixed"), seed=0, judge=judge,
            runtime=runtime.model_copy(update={"sample_rows": 2}),
        )  # fmt: skip
        return [[(r.completion, r.text, r.reward, r.verdict.steps, r.verdict.error) for r in group] for group in groups]

    with Noted(1, as_it_is) as judge:
        beside = rollouts(judge)
    assert told == [2, 2, 2, 2, 1]
    assert beside == rollouts(None)
