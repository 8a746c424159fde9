"""Without a baseline the loop is rejection-sampled self-training: the supervised loss on what was right, nothing else."""

import pytest
import torch
from pydantic import ValidationError

import interplay.rl.grpo as grpo
import interplay.rl.stage_folder as stage_folder
from interplay.manifest import file_digest
from interplay.rl.grpo import Learner, RLConfig, reinforce, score
from interplay.rl.loss import LossConfig
from interplay.rl.presets import preset
from interplay.rl.rollout import roll_out
from interplay.rl.scoring import has_signal
from interplay.train.metrics import read_metrics


@pytest.fixture
def raft(config):
    return RLConfig.model_validate(config.model_dump() | preset("raft", 12))


@pytest.fixture
def groups(raft, fresh_model, tokenizer, runtime):
    """Three groups of four: some right, none, all."""
    rolled = roll_out(
        fresh_model(), tokenizer, raft.pool.take(0, 3), group=4, sampling=raft.sampling,
        rewards=raft.reward, seed=1, runtime=runtime,
    )  # fmt: skip
    paid = [[0.0, 1.0, 0.0, 1.0], [0.0] * 4, [1.0] * 4]
    return [
        [r._replace(reward=value) for r, value in zip(group, values, strict=True)]
        for group, values in zip(rolled, paid, strict=True)
    ]


def right(groups):
    return [r for group in groups for r in group if r.reward]


def test_only_right_samples_are_learned_from_each_with_advantage_one(raft, groups):
    scored = score(groups, raft)
    assert scored.rollouts == right(groups)
    assert all((advantage == 1).all() for advantage in scored.advantages)
    assert [has_signal(group, raft) for group in groups] == [True, False, True]
    counted = score(groups, raft.model_copy(update={"loss": LossConfig(counts="all")}))
    assert (counted.rollouts, counted.silent_rollouts) == (scored.rollouts, 6)


def test_the_gradient_is_that_of_the_supervised_loss_on_the_right_samples(
    raft, groups, fresh_model, tokenizer, runtime
):
    model = fresh_model()
    Learner(model, tokenizer, raft, runtime).accumulate(score(groups, raft))
    plain = fresh_model()
    losses = []
    for rollout in right(groups):
        text = torch.tensor([rollout.prompt + rollout.completion.tokens])
        labels = torch.tensor([[-100] * len(rollout.prompt) + rollout.completion.tokens])
        losses.append(plain(input_ids=text, labels=labels).loss * len(rollout.completion.tokens))
    (sum(losses) / sum(len(r.completion.tokens) for r in right(groups))).backward()
    ours, theirs = (torch.cat([p.grad.flatten() for p in m.parameters()]) for m in (model, plain))
    assert float((ours - theirs).norm() / theirs.norm()) < 1e-5


def test_self_training_resumes_to_the_byte(raft, fresh_model, tokenizer, runtime, tmp_path, monkeypatch):
    was = grpo.roll_out

    def paid(*args, **kwargs):
        """An untrained model solves nothing; here a rollout is right when it repeats itself little."""
        return [[r._replace(reward=float(len(set(r.completion.tokens)) > 11)) for r in g] for g in was(*args, **kwargs)]

    monkeypatch.setattr(grpo, "roll_out", paid)
    longer = raft.model_copy(update={"steps": 8, "group": 8})
    straight = reinforce(longer, fresh_model(), tokenizer, tmp_path / "straight", runtime)

    class Cut(BaseException):
        pass

    def cut(*args):
        raise Cut

    eager = runtime.model_copy(update={"save_seconds": 1e-9, "save_share": 1e9})
    with monkeypatch.context() as patch:
        patch.setattr(stage_folder, "prune_old", cut)
        with pytest.raises(Cut):
            reinforce(longer, fresh_model(), tokenizer, tmp_path / "cut", eager)
    assert reinforce(longer, fresh_model(), tokenizer, tmp_path / "cut", eager)["resumed_at_step"] == 1
    for name in (f"{straight['checkpoint']}/model.safetensors", "rollouts.parquet"):
        assert file_digest(tmp_path / "cut" / name) == file_digest(tmp_path / "straight" / name)
    assert all(row["rl/grad_norm"] > 0 for row in read_metrics(tmp_path / "straight" / "metrics.jsonl"))


@pytest.mark.parametrize("change", [{"scale": "group"}, {"reward": {"kind": "steps"}}])
def test_what_needs_a_baseline_is_refused_without_one(raft, change):
    with pytest.raises(ValidationError, match="without a baseline"):
        RLConfig.model_validate(raft.model_dump() | change)
