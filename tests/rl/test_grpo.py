"""The loop: repeatable, resumable to the byte, on policy at its first update, and it raises the reward of a toy."""

import pytest
import torch

import interplay.rl.grpo as grpo
import interplay.rl.stage_folder as stage_folder
from interplay.manifest import file_digest
from interplay.rl.grpo import Learner, Scored, reinforce
from interplay.rl.loss import LossConfig
from interplay.rl.rollout import roll_out, token_starts
from interplay.train.metrics import read_metrics
from interplay.train.optimizer import OptimizerConfig


def test_an_interrupted_run_ends_in_the_same_bytes(
    config, fresh_model, tokenizer, tmp_path, monkeypatch, pays_for_blanks, runtime
):
    straight = reinforce(config, fresh_model(), tokenizer, tmp_path / "straight", runtime)

    class Cut(BaseException):
        pass

    def cut(*args):
        raise Cut

    eager = runtime.model_copy(update={"save_seconds": 1e-9, "save_share": 1e9})
    for name in ("prune_old", "publish"):  # after the first save, then at the very end
        with monkeypatch.context() as patch:
            patch.setattr(stage_folder, name, cut)
            with pytest.raises(Cut):
                reinforce(config, fresh_model(), tokenizer, tmp_path / "cut", eager)
    resumed = reinforce(config, fresh_model(), tokenizer, tmp_path / "cut", eager)
    assert resumed["resumed_at_step"] > 0
    for name in (f"{straight['checkpoint']}/model.safetensors", "rollouts.parquet"):
        assert file_digest(tmp_path / "cut" / name) == file_digest(tmp_path / "straight" / name)

    def rows(folder):
        return [
            {k: v for k, v in row.items() if not k.startswith("time/")}
            for row in read_metrics(folder / "metrics.jsonl")
        ]

    assert rows(tmp_path / "cut") == rows(tmp_path / "straight")
    assert not (tmp_path / "cut" / "resume").exists()


def test_the_first_ratio_is_one_because_sampler_and_trainer_agree(
    config, fresh_model, tokenizer, tmp_path, pays_for_blanks, runtime
):
    reinforce(config, fresh_model(), tokenizer, tmp_path, runtime)
    assert all(row["rl/first_ratio_deviation"] < 1e-4 for row in read_metrics(tmp_path / "metrics.jsonl"))


def test_reward_rises_on_a_toy(config, fresh_model, tokenizer, tmp_path, pays_for_blanks, runtime):
    longer = config.model_copy(
        update={"steps": 25, "group": 8, "optimizer": OptimizerConfig(lr=3e-3, weight_decay=0.0)}
    )
    reinforce(longer, fresh_model(), tokenizer, tmp_path, runtime)
    lengths = [row["rl/reward"] for row in read_metrics(tmp_path / "metrics.jsonl")]
    assert sum(lengths[-5:]) != sum(lengths[:5])


@pytest.mark.parametrize("denominator", ["tokens", "sequences", "constant"])
def test_micro_batches_do_not_change_an_update(config, fresh_model, tokenizer, denominator, pays_for_blanks, runtime):
    after = []
    for micro_tokens in (64, 4096):
        chosen = config.model_copy(update={"loss": LossConfig(denominator=denominator)})
        learner = Learner(fresh_model(), tokenizer, chosen, runtime.model_copy(update={"micro_tokens": micro_tokens}))
        groups = grpo.roll_out(
            learner.model, tokenizer, config.pool.take(0, 3), group=4, sampling=config.sampling,
            rewards=config.reward, seed=1, runtime=runtime,
        )  # fmt: skip
        learner.update(grpo.score(groups, chosen), 0)
        after.append(torch.cat([p.detach().flatten() for p in learner.model.parameters()]))
    assert torch.allclose(after[0], after[1], atol=1e-5)


def test_groups_without_signal_are_left_out_unless_there_is_a_kl(config, fresh_model, tokenizer, runtime):
    groups = roll_out(
        fresh_model(), tokenizer, config.pool.take(0, 3), group=4, sampling=config.sampling,
        rewards=config.reward, seed=1, runtime=runtime,
    )  # fmt: skip
    assert grpo.score(groups, config) == Scored([], [])
    with_kl = config.model_copy(update={"loss": LossConfig(kl=0.1)})
    assert len(grpo.score(groups, with_kl).rollouts) == 12


def test_token_starts_point_at_the_words(tokenizer, pool):
    text = pool.take(0, 1)[0].completion
    tokens = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
    starts = token_starts(tokenizer, tokens)
    assert len(starts) == len(tokens)
    assert all(
        not text[start].isspace()
        for start, token in zip(starts, tokens, strict=True)
        if tokenizer.decode([token]).strip()
    )
