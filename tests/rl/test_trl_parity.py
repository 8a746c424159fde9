"""One step on the same rollouts gives TRL's gradient: TRL with plain SGD at rate 1 moves the weights by minus the gradient.

Tokens and rewards reach TRL through `rollout_func`, so both sides see the same samples. One group of three has no signal.
"""

import pytest
import torch

from interplay.model.sampler import Completion
from interplay.rl.batches import make_batch
from interplay.rl.grpo import Learner, score
from interplay.rl.logprobs import logprobs_of
from interplay.rl.presets import preset
from interplay.rl.rewards import RewardConfig
from interplay.rl.rollout import roll_out
from interplay.train.publish import publish

pytest.importorskip("trl")
pytest.importorskip("datasets")
pytestmark = pytest.mark.filterwarnings("ignore")

NEW_TOKENS = 12
RATE = 1.0
LOSSES = {
    "grpo": {"loss_type": "grpo", "scale_rewards": "group"},
    "dapo": {"loss_type": "dapo", "scale_rewards": "group", "epsilon_high": 0.28},
    "dr_grpo": {"loss_type": "dr_grpo", "scale_rewards": "none"},
}


@pytest.fixture(autouse=True)
def silent(monkeypatch):
    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")


@pytest.fixture
def rollouts(config, fresh_model, tokenizer, runtime):
    """Three groups of four with lengths that differ and rewards of three kinds; the second group agrees with itself."""
    groups = roll_out(
        fresh_model(), tokenizer, config.pool.take(0, 3), group=4, sampling=config.sampling,
        rewards=RewardConfig(), seed=1, runtime=runtime,
    )  # fmt: skip
    rewards = [[1.0, 0.0, 0.0, 0.5], [1.0] * 4, [0.0, 1.0, 1.0, 0.0]]
    eos = tokenizer.eos_token_id
    for p, group in enumerate(groups):
        for g, r in enumerate(group):
            length = 3 + 2 * g + p
            tokens = [t if t != eos else eos - 1 for t in r.completion.tokens[: length - 1]]
            tokens += [eos]
            completion = Completion(p, g, tokens, [0.0] * len(tokens), True)
            group[g] = r._replace(completion=completion, reward=rewards[p][g])
    return groups


def on_policy(groups, model, pad):
    """The same rollouts with the log-probabilities that the model gives its tokens."""
    flat = [r for group in groups for r in group]
    batch = make_batch(flat, [torch.zeros(len(r.completion.tokens)) for r in flat], pad, torch.device("cpu"))
    with torch.no_grad():
        logprobs, _ = logprobs_of(model, batch, 1.0)
    rows = iter(logprobs.tolist())
    return [
        [r._replace(completion=r.completion._replace(logprobs=next(rows)[: len(r.completion.tokens)])) for r in group]
        for group in groups
    ]


def our_gradients(groups, config, model, tokenizer, runtime, *, pushed=0.0, updates=1):
    """The gradients of `updates` plain steps on the same rollouts, added up; shares of tokens clipped in the last one.

    The reference is the model as it is given; `pushed` moves the policy away from it before the first step.
    """
    learner = Learner(model, tokenizer, config, runtime)
    push(model, pushed)
    scored = score(on_policy(groups, model, tokenizer.pad_token_id), config)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for _ in range(updates):
        learner.optimizer.zero_grad()
        parts = learner.accumulate(scored)
        with torch.no_grad():
            for p in model.parameters():
                p -= RATE * p.grad
    clipped = sum(int(part.clipped_sum) for part in parts)
    return {name: (before[name] - p.detach()) / RATE for name, p in model.named_parameters()}, clipped


def push(model, by):
    """The same small step in every model of the same shape."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for p in model.parameters():
            p += by * torch.randn(p.shape, generator=generator)


def trl_gradients(groups, options, model, tokenizer, folder, *, pushed=0.0):
    """What TRL's plain SGD moved the weights by. It reads the reference from disk, before the policy is moved."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    flat = [r for group in groups for r in group]

    def given(prompts, trainer):
        return {
            "prompt_ids": [r.prompt for r in flat],
            "completion_ids": [r.completion.tokens for r in flat],
            "logprobs": None,
            "paid": [r.reward for r in flat],
        }

    def paid_reward(prompts, completions, paid, **kwargs):
        return list(paid)

    publish(model, tokenizer, folder / "start")
    model.config._name_or_path = str(folder / "start")
    push(model, pushed)
    settings = GRPOConfig(
        output_dir=str(folder), use_cpu=True, bf16=False, optim="sgd", learning_rate=RATE, lr_scheduler_type="constant",
        max_grad_norm=0.0, per_device_train_batch_size=len(flat), num_generations=len(groups[0]),
        max_completion_length=NEW_TOKENS, temperature=1.0, report_to=[], save_strategy="no", shuffle_dataset=False,
        gradient_checkpointing=False, disable_tqdm=True, logging_strategy="no", **{"beta": 0.0, "max_steps": 1} | options,
    )  # fmt: skip
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    trainer = GRPOTrainer(
        model=model, reward_funcs=paid_reward, args=settings, processing_class=tokenizer, rollout_func=given,
        train_dataset=Dataset.from_dict({"prompt": [group[0].problem.prompt for group in groups]}),
    )  # fmt: skip
    trainer.train()
    return {name: (before[name] - p.detach()) / RATE for name, p in model.named_parameters()}


def distance(ours, theirs):
    """The norm of the difference over that of TRL's gradient."""
    assert ours.keys() == theirs.keys()
    gap = torch.cat([(ours[name] - theirs[name]).flatten() for name in ours]).norm()
    size = torch.cat([g.flatten() for g in theirs.values()]).norm()
    assert size > 1e-3
    return float(gap / size)


@pytest.mark.parametrize("name", list(LOSSES))
def test_one_step_gives_trls_gradient(name, rollouts, config, fresh_model, tokenizer, runtime, tmp_path):
    chosen = config.model_validate(config.model_dump() | preset(name, NEW_TOKENS))
    ours, _ = our_gradients(rollouts, chosen, fresh_model(), tokenizer, runtime)
    theirs = trl_gradients(rollouts, LOSSES[name], fresh_model(), tokenizer, tmp_path)
    assert distance(ours, theirs) < 1e-5  # measured: 5e-7, 6e-7, 2e-6


@pytest.mark.parametrize("name", ["grpo", "dapo"])
def test_a_kl_term_gives_trls_gradient(name, rollouts, config, fresh_model, tokenizer, runtime, tmp_path):
    """The policy is some way from the reference, and the term is a good part of the gradient; silent groups feel it."""
    asked = preset(name, NEW_TOKENS)
    with_kl = asked | {"loss": asked["loss"].model_copy(update={"kl": 0.5})}
    gradients = []
    for fields in (with_kl, asked):
        chosen = config.model_validate(config.model_dump() | fields)
        gradients.append(our_gradients(rollouts, chosen, fresh_model(), tokenizer, runtime, pushed=0.03)[0])
    # by default TRL weights k3 by the ratio (DeepSeek-V3.2), which on policy adds kl times the score function
    plain_k3 = {"beta": 0.5, "use_bias_correction_kl": False}
    theirs = trl_gradients(rollouts, LOSSES[name] | plain_k3, fresh_model(), tokenizer, tmp_path, pushed=0.03)
    assert distance(gradients[0], theirs) < 1e-5  # measured: 4e-7, 5e-7
    assert distance(gradients[1], theirs) > 0.05


def test_a_second_off_policy_step_with_clip_higher_gives_trls(
    rollouts, config, fresh_model, tokenizer, runtime, tmp_path
):
    chosen = config.model_validate(config.model_dump() | preset("dapo", NEW_TOKENS))
    ours, clipped = our_gradients(rollouts, chosen, fresh_model(), tokenizer, runtime, updates=2)
    assert 0 < clipped < sum(len(r.completion.tokens) for group in rollouts for r in group)
    options = LOSSES["dapo"] | {"num_iterations": 2, "max_steps": 2}
    assert distance(ours, trl_gradients(rollouts, options, fresh_model(), tokenizer, tmp_path)) < 1e-5
    wider = chosen.model_copy(update={"loss": chosen.loss.model_copy(update={"clip_high": 0.2})})
    assert distance(our_gradients(rollouts, wider, fresh_model(), tokenizer, runtime, updates=2)[0], ours) > 1e-3


@pytest.mark.parametrize("name", list(LOSSES))
def test_masked_truncated_samples_give_trls_gradient(name, rollouts, config, fresh_model, tokenizer, runtime, tmp_path):
    for group, g in ((rollouts[0], 0), (rollouts[2], 1), (rollouts[1], 2)):
        cut = group[g].completion
        group[g] = group[g]._replace(completion=cut._replace(tokens=[*cut.tokens[:-1], cut.tokens[0]], finished=False))
    chosen = config.model_validate(config.model_dump() | preset(name, NEW_TOKENS) | {"mask_truncated": True})
    ours, _ = our_gradients(rollouts, chosen, fresh_model(), tokenizer, runtime)
    options = LOSSES[name] | {"mask_truncated_completions": True}
    assert distance(ours, trl_gradients(rollouts, options, fresh_model(), tokenizer, tmp_path)) < 1e-5
