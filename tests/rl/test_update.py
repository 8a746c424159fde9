"""How an update is cut changes its speed and nothing else: the plain pass, batch after batch, is the oracle."""

import pytest
import torch

import interplay.rl.gradient as gradient
import interplay.rl.grpo as grpo
import interplay.rl.learner as learner_file
from interplay.model.lean import is_lean
from interplay.rl.grpo import Learner, score
from interplay.rl.loss import LossConfig


def rolled_out(config, model, tokenizer, count, runtime):
    groups = grpo.roll_out(
        model, tokenizer, config.pool.take(0, count), group=4, sampling=config.sampling,
        rewards=config.reward, seed=1, runtime=runtime,
    )  # fmt: skip
    assert len({len(group[0].prompt) for group in groups}) > 1
    return shortened(groups)


def gradient_of(model):
    return torch.cat([p.grad.flatten() for p in model.parameters()])


@pytest.mark.parametrize("loss", [LossConfig(), LossConfig(kl=0.1, entropy=0.01, denominator="sequences")])
@pytest.mark.parametrize("micro_tokens", [64, 4096])
def test_however_prompts_are_shared_the_gradient_is_the_same(
    config, fresh_model, tokenizer, runtime, pays_for_blanks, monkeypatch, loss, micro_tokens
):
    chosen = config.model_copy(update={"loss": loss})
    gradients = []
    for lean, share in ((False, False), (False, True), (True, True)):
        monkeypatch.setattr(learner_file, "is_lean", is_lean if lean else lambda model, width: False)
        model = fresh_model()
        cut = runtime.model_copy(update={"micro_tokens": micro_tokens, "share_prompts": share})
        learner = Learner(model, tokenizer, chosen, cut)
        parts = learner.accumulate(score(rolled_out(config, model, tokenizer, 5, runtime), chosen))
        assert max(float(part.ratio_deviation_max) for part in parts) < 1e-4
        gradients.append(gradient_of(model))
    for other in gradients[1:]:
        assert float((gradients[0] - other).norm() / gradients[0].norm()) < 1e-5


@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_threads_leave_the_bytes_of_an_update(
    config, fresh_model, tokenizer, runtime, pays_for_blanks, monkeypatch, precision, lean
):
    monkeypatch.setattr(gradient, "CPU_POSITIONS", 64)
    if not lean:
        monkeypatch.setattr(learner_file, "is_lean", lambda model, width: False)
    sampling = config.sampling.model_copy(update={"precision": precision})
    chosen = config.model_copy(update={"loss": LossConfig(kl=0.1, entropy=0.01), "sampling": sampling})
    gradients = []
    for threads in (1, 2, 4):
        model = fresh_model()
        learner = Learner(model, tokenizer, chosen, runtime.model_copy(update={"threads": threads}))
        parts = learner.accumulate(score(rolled_out(chosen, model, tokenizer, 7, runtime), chosen))
        assert len(parts) > 3
        gradients.append(gradient_of(model))
    assert torch.equal(gradients[0], gradients[1])
    assert torch.equal(gradients[0], gradients[2])


def shortened(groups):
    """Completions of different lengths, one of a single token."""
    return [
        [
            r._replace(
                completion=r.completion._replace(
                    tokens=r.completion.tokens[: 1 + 3 * g], logprobs=r.completion.logprobs[: 1 + 3 * g]
                )
            )
            for g, r in enumerate(group)
        ]
        for group in groups
    ]


@pytest.mark.parametrize("lean", [True, False])
def test_in_bf16_the_first_ratio_is_one_and_the_sampler_is_near(
    config, fresh_model, tokenizer, runtime, pays_for_blanks, monkeypatch, lean
):
    """The old log-probabilities are the learner's own, in fp32: a ratio of the sampler's bf16 to them would be noise."""
    if not lean:  # the path of a GPU, here under the CPU's autocast
        monkeypatch.setattr(learner_file, "is_lean", lambda model, width: False)
    sampling = config.sampling.model_copy(update={"precision": "bf16"})
    chosen = config.model_copy(update={"sampling": sampling, "updates": 2})
    learner = Learner(fresh_model(), tokenizer, chosen, runtime)
    sampled = score(rolled_out(chosen, learner.model, tokenizer, 7, runtime), chosen)
    own = learner._with_own_logprobs(sampled)
    pairs = [
        (a, b)
        for before, after in zip(sampled.rollouts, own.rollouts, strict=True)
        for a, b in zip(before.completion.logprobs, after.completion.logprobs, strict=True)
    ]
    gaps = torch.tensor([abs(a - b) for a, b in pairs])
    assert 0 < gaps.mean() < 0.02
    again = learner.accumulate(own)
    assert max(float(part.ratio_deviation_max) for part in again) < 1e-4


def test_a_state_saved_elsewhere_loads_on_this_device(config, fresh_model, tokenizer, runtime, tmp_path, monkeypatch):
    learner = Learner(fresh_model(), tokenizer, config, runtime)
    learner.save(tmp_path / "step-0000001", {})
    asked = []
    load = torch.load
    monkeypatch.setattr(torch, "load", lambda *args, **options: asked.append(options) or load(*args, **options))
    Learner(fresh_model(), tokenizer, config, runtime).load(tmp_path / "step-0000001")
    assert [options["map_location"] for options in asked] == [torch.device("cpu")]  # else a GPU's stays a GPU's
