"""The loop's options: replacing silent groups, evaluating while training, checkpoints on a grid; and exact resume of all."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from pydantic import ValidationError
from tiny_rl import paying_for_variety

import interplay.rl.grpo as grpo
from interplay.data.stream import Stream
from interplay.manifest import file_digest
from interplay.rl.config import HeldOut
from interplay.rl.error_windows import errors_by_window
from interplay.rl.grpo import RLConfig, reinforce, score
from interplay.rl.pools import Adaptive
from interplay.rl.presets import PRESETS, preset
from interplay.rl.rewards import RewardConfig
from interplay.train.metrics import read_metrics


@pytest.fixture
def pays_long_words(monkeypatch):
    monkeypatch.setattr(grpo, "roll_out", paying_for_variety(grpo.roll_out))


@pytest.fixture
def everything(config, pool):
    """All options at once."""
    val = Stream(world=pool.stream.world, mixture=pool.stream.mixture, split="val")
    return config.model_copy(
        update={
            "steps": 6, "max_draws": 3, "checkpoint_every": 4, "held_out": HeldOut(stream=val, every=2, problems=4, samples=2),
            "selection": Adaptive(start_op=2, threshold=0.1, window=2),
        }
    )  # fmt: skip


def lines(folder):
    return [
        {k: v for k, v in row.items() if not k.startswith("time/")} for row in read_metrics(folder / "metrics.jsonl")
    ]


@pytest.mark.parametrize("truncated", [False, True])
def test_every_option_resumes_to_the_same_bytes(
    truncated, everything, fresh_model, tokenizer, runtime, tmp_path, monkeypatch, capsys, pays_long_words
):
    """Also from the state before, where the newest one was cut short."""
    straight = reinforce(everything, fresh_model(), tokenizer, tmp_path / "straight", runtime)

    class Cut(BaseException):
        pass

    eager, was = runtime.model_copy(update={"save_seconds": 1e-9, "save_share": 1e9}), grpo.step_metrics
    left = [4]

    def cut(groups):
        left[0] -= 1
        if left[0] < 0:  # inside the fifth step
            raise Cut
        return was(groups)

    with monkeypatch.context() as patch:
        patch.setattr(grpo, "step_metrics", cut)
        with pytest.raises(Cut):
            reinforce(everything, fresh_model(), tokenizer, tmp_path / "cut", eager)
    newest = tmp_path / "cut" / "resume" / "step-0000004"
    assert (newest / "pool.json").exists()
    if truncated:
        weights = max(newest.iterdir(), key=lambda path: path.stat().st_size)
        weights.write_bytes(weights.read_bytes()[:-100])
    resumed = reinforce(everything, fresh_model(), tokenizer, tmp_path / "cut", eager)
    assert resumed["resumed_at_step"] == (3 if truncated else 4)
    assert ("using the checkpoint before it" in " ".join(capsys.readouterr().err.split())) == truncated
    assert lines(tmp_path / "cut") == lines(tmp_path / "straight")
    assert resumed["best"] == straight["best"]
    for name in (f"{straight['checkpoint']}/model.safetensors", "rollouts.parquet"):
        assert file_digest(tmp_path / "cut" / name) == file_digest(tmp_path / "straight" / name)

    rows = lines(tmp_path / "straight")
    assert [row["step"] for row in rows if "held_out/strict" in row] == [2, 4, 6]
    best = max(
        (row for row in rows if "held_out/strict" in row), key=lambda row: (row["held_out/strict"], -row["step"])
    )
    kept = {path.name for path in (tmp_path / "straight" / "checkpoints").iterdir()}
    assert kept == {f"step-{step:07d}" for step in (4, 6, best["step"])}
    assert rows[0]["rl/top_op"] == 2
    assert rows[-1]["rl/top_op"] == 3
    assert all(3 <= row["rl/drawn"] <= 9 for row in rows)


def test_held_out_problems_are_not_the_pools_own(config, pool):
    with pytest.raises(ValidationError, match="the pool's own split 'rl'"):
        RLConfig.model_validate(config.model_dump() | {"held_out": {"stream": pool.stream, "every": 1}})


def test_silent_groups_are_replaced_up_to_the_bound(config, fresh_model, tokenizer, runtime, tmp_path):
    bounded = config.model_copy(update={"max_draws": 2, "steps": 2})
    reinforce(bounded, fresh_model(), tokenizer, tmp_path, runtime)  # an untrained model solves nothing
    assert [row["rl/drawn"] for row in lines(tmp_path)] == [6.0, 6.0]
    assert len(set(pq.read_table(tmp_path / "rollouts.parquet")["problem_id"].to_pylist())) == 12


def test_flops_follow_the_rule_and_the_shape(config, fresh_model, tokenizer, runtime, tmp_path, pays_for_blanks):
    reinforce(config.model_copy(update={"steps": 1}), fresh_model(), tokenizer, tmp_path, runtime)
    (row,) = lines(tmp_path)
    model = fresh_model()
    prompts = [
        len(tokenizer.backend_tokenizer.encode(p.prompt, add_special_tokens=False).ids) for p in config.pool.take(0, 3)
    ]
    assert row["rl/flops_nominal"] == 8 * model.num_parameters() * (4 * sum(prompts) + row["rl/tokens"])
    assert 0 < row["rl/flops_measured"] < row["rl/flops_nominal"]


def test_step_credit_moves_the_tokens_of_the_wrong_step_down_and_of_the_right_ones_up(
    config, fresh_model, tokenizer, runtime
):
    """From a text with one wrong step through verdict, token rewards and advantages to the gradient."""
    problem = next(p for p in config.pool.take(0, 20) if p.op == 3)
    right = problem.completion
    steps = right.split(" . ")
    wrong = " . ".join([steps[0].rpartition(" = ")[0] + " = 20", *steps[1:]])
    chosen = config.model_copy(update={"reward": RewardConfig(kind="steps")})
    model = fresh_model()
    group = written(model, tokenizer, problem, [right, wrong], chosen)
    assert set(group[0].token_rewards) == {1.0}
    assert 0.0 in group[1].token_rewards
    assert 1.0 in group[1].token_rewards
    scored = score([group], chosen)
    for rollout, advantage in zip(scored.rollouts, scored.advantages, strict=True):
        paid = torch.tensor(rollout.token_rewards)
        assert (advantage[paid == 1] > 0).all()
        assert (advantage[paid == 0] < 0).all()
    everything = torch.cat(scored.advantages)
    assert float(everything.sum()) == pytest.approx(0, abs=1e-5)


def written(model, tokenizer, problem, texts, config):
    """Rollouts whose texts are given, judged and paid as the loop does it."""
    from interplay.judging.texts import Text, judge
    from interplay.model.sampler import Completion
    from interplay.rl.rewards import reward, step_rewards
    from interplay.rl.rollout import Rollout, token_starts
    from interplay.world.verify import Reference

    encode = tokenizer.backend_tokenizer.encode
    reference = Reference.from_graph(problem.graph, problem.solution)
    rollouts = []
    for i, text in enumerate(texts):
        tokens = [*encode(text, add_special_tokens=False).ids, tokenizer.eos_token_id]
        verdict = judge(Text(reference, text, False))
        credit = step_rewards(verdict, token_starts(tokenizer, tokens))
        prompt = encode(problem.prompt, add_special_tokens=False).ids
        completion = Completion(0, i, tokens, [0.0] * len(tokens), True)
        rollouts.append(Rollout(problem, prompt, completion, text, verdict, reward(verdict, config.reward), credit))
    return rollouts


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_a_config(name, config):
    fields = {key: value for key, value in config.model_dump().items() if key in ("pool", "steps")}
    made = RLConfig.model_validate(fields | preset(name, 64))
    assert made.sampling.temperature == 1.0
    assert made.loss.clip_low == 0.2
    with pytest.raises(ValueError, match="unknown preset 'ppo'"):
        preset("ppo", 64)


def test_metrics_are_there_for_the_step_and_for_each_op(
    everything, fresh_model, tokenizer, runtime, tmp_path, pays_long_words
):
    reinforce(
        everything.model_copy(update={"selection": None, "steps": 2}), fresh_model(), tokenizer, tmp_path, runtime
    )
    of_both = {
        "reward", "strict", "outcome", "process", "pass_at_group", "hacked", "silent_wrong", "silent_right", "tokens",
        "length", "truncated", "sampled_entropy",
    }  # fmt: skip
    of_step = {
        "drawn", "top_op", "kl", "entropy", "clip_fraction", "grad_norm", "first_ratio_deviation", "flops_nominal",
        "flops_measured",
    }  # fmt: skip
    ops = {op for row in lines(tmp_path) for op in (2, 3) if f"rl/op{op}/reward" in row}
    assert ops == {2, 3}
    for row in lines(tmp_path):
        assert {f"rl/{name}" for name in of_both | of_step} <= row.keys()
        for op in ops:
            asked = {f"rl/op{op}/{name}" for name in of_both}
            assert asked <= row.keys() or not asked & row.keys()
        assert 0 < row["rl/sampled_entropy"] < 10


def test_errors_are_counted_by_window_and_class(config, fresh_model, tokenizer, runtime, tmp_path):
    reinforce(config.model_copy(update={"steps": 3}), fresh_model(), tokenizer, tmp_path, runtime)
    path = tmp_path / "rollouts.parquet"
    table = pq.read_table(path)
    outcomes = [
        "hacked" if i % 3 == 0 else "wrong_answer" for i in range(table.num_rows)
    ]  # untrained, it answers nothing
    changed = table.set_column(table.schema.get_field_index("outcome"), "outcome", pa.array(outcomes))
    pq.write_table(changed, path)
    rows = errors_by_window(path, 2)
    assert [row["first_step"] for row in rows] == sorted(row["first_step"] for row in rows)
    for first, last, count in ((1, 2, 24), (3, 4, 12)):
        window = [row for row in rows if (row["first_step"], row["last_step"]) == (first, last)]
        assert sum(row["rollouts"] for row in window) == count
        assert sum(row["share"] for row in window) == pytest.approx(1)
        assert sum(row["hacked"] for row in window) == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="got 0"):
        errors_by_window(path, 0)
