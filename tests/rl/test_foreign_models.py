"""Models of other families: their log-probabilities are those of their own forward pass, and every stage takes them."""

import copy

import pytest
import torch

import interplay.rl.grpo as grpo
from foreign_models import FAMILIES, foreign_model
from interplay.data.packing import PackingConfig
from interplay.data.tokenizer import load_tokenizer
from interplay.model.build import load
from interplay.model.isolation import keeps_documents_apart
from interplay.model.sampler import SamplingConfig
from interplay.rl.batches import make_batch
from interplay.rl.grpo import Learner, reinforce
from interplay.rl.logprobs import logprobs_of
from interplay.train.flops import forward_cost
from interplay.train.metrics import read_metrics
from interplay.train.optimizer import OptimizerConfig
from interplay.train.supervised import TrainConfig, supervise
from sampled_groups import sample_groups


def training(pool, attention="document", precision="fp32"):
    """Two steps of one block of 2 x 128 tokens."""
    return TrainConfig(
        stream=pool.stream, budget_tokens=512, batch_tokens=256, precision=precision,
        packing=PackingConfig(width=128, rows=2, attention=attention), optimizer=OptimizerConfig(kind="adamw", lr=1e-3),
    )  # fmt: skip


def own_logprobs(model, prompt, tokens, temperature):
    """By one pass over one text, without a cache or padding: the oracle."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([prompt + tokens]), use_cache=False).logits[0].float()
    said = (logits[len(prompt) - 1 : -1] / temperature).log_softmax(-1)
    return said.gather(1, torch.tensor(tokens)[:, None])[:, 0]


@pytest.mark.parametrize("family", FAMILIES)
def test_sampler_and_learner_give_the_log_probabilities_of_the_models_own_forward(
    family, config, pool, tokenizer, runtime
):
    """The prompts are longer than the sliding windows. Scaled, capped and windowed models differ by 0.05 to 5 nats where
    only the body and the head are taken from them."""
    model = foreign_model(family, tokenizer)
    sampling = SamplingConfig(temperature=0.7, max_new_tokens=24)
    groups = grpo.roll_out(
        model, tokenizer, pool.take(0, 3), group=4, sampling=sampling, rewards=config.reward, seed=0, runtime=runtime
    )  # fmt: skip
    rollouts = [rollout for group in groups for rollout in group]
    assert min(len(rollout.prompt) for rollout in rollouts) > 8
    learner = Learner(model, tokenizer, config.model_copy(update={"sampling": sampling}), runtime)
    advantages = [torch.ones(len(rollout.completion.tokens)) for rollout in rollouts]
    batch = make_batch(rollouts, advantages, tokenizer.pad_token_id, torch.device("cpu"))
    with torch.no_grad():
        learned = logprobs_of(learner.model, batch, 0.7)[0]
    for row, rollout in enumerate(rollouts):
        own = own_logprobs(model, rollout.prompt, rollout.completion.tokens, 0.7)
        torch.testing.assert_close(torch.tensor(rollout.completion.logprobs), own, rtol=0, atol=2e-5)
        torch.testing.assert_close(learned[row, : len(own)], own, rtol=0, atol=2e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_trains_is_counted_reinforced_published_and_opens_again(
    family, config, pool, tokenizer, runtime, tmp_path, pays_for_blanks
):
    model = foreign_model(family, tokenizer)
    before = [p.detach().clone() for p in model.parameters()]
    attention = "row" if family == "opt" else "document"
    summary = supervise(training(pool, attention), model, tokenizer, tmp_path / "trained", runtime)
    assert summary["flops"] > 0
    matrices = sum(p.numel() for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name)
    assert forward_cost(model.config).per_token >= matrices
    assert any(not torch.equal(p, was) for p, was in zip(model.parameters(), before, strict=True))
    checkpoint = tmp_path / "trained" / summary["checkpoint"]
    opened, again = load(checkpoint), load_tokenizer(checkpoint)
    ids = torch.tensor([tokenizer.backend_tokenizer.encode(pool.stream[0].text).ids[:100]])
    with torch.no_grad():
        torch.testing.assert_close(opened(ids).logits, model(ids).logits)

    reinforced = reinforce(config.model_copy(update={"steps": 1}), opened, again, tmp_path / "rl", runtime)
    (row,) = read_metrics(tmp_path / "rl" / "metrics.jsonl")
    assert row["rl/first_ratio_deviation"] < 1e-3
    assert row["rl/grad_norm"] > 0
    assert row["rl/flops_measured"] > 0
    last = load(tmp_path / "rl" / reinforced["checkpoint"])
    assert any(not torch.equal(p, q) for p, q in zip(last.parameters(), model.parameters(), strict=True))


@pytest.mark.parametrize("family", FAMILIES)
def test_who_attends_across_the_documents_of_a_row_is_found_and_refused(family, pool, tokenizer, runtime, tmp_path):
    model = foreign_model(family, tokenizer)
    assert keeps_documents_apart(model) == (family != "opt")
    if family == "opt":
        with pytest.raises(ValueError, match=r"OPTForCausalLM attends from one document .* packing.attention 'row'"):
            supervise(training(pool), model, tokenizer, tmp_path / "out", runtime)
        assert not (tmp_path / "out").exists()


def test_a_model_without_position_ids_is_known_to_attend_across():
    class Plain(torch.nn.Module):
        def forward(self, input_ids):
            return input_ids

    assert not keeps_documents_apart(Plain())


@pytest.mark.parametrize("family", ["gpt2", "mistral", None])
def test_training_holds_fp32_weights_whatever_the_file_held(
    family, pool, tokenizer, runtime, fresh_model, tmp_path, monkeypatch
):
    """In bf16 a step of 1e-6 is lost on nearly every weight."""
    model = (foreign_model(family, tokenizer) if family else fresh_model()).to(torch.bfloat16)
    before = {name: p.detach().float().clone() for name, p in model.named_parameters()}
    small = training(pool).model_copy(
        update={"optimizer": OptimizerConfig(kind="adamw", lr=1e-6, weight_decay=0.0), "budget_tokens": 1024}
    )
    summary = supervise(small, model, tokenizer, tmp_path, runtime)
    opened = load(tmp_path / summary["checkpoint"])
    assert {p.dtype for p in opened.parameters()} == {torch.float32}
    moved = total = 0
    for name, parameter in opened.named_parameters():
        if parameter.ndim == 2 and "embed" not in name and "wte" not in name and "wpe" not in name:
            moved += int((parameter != before[name]).sum())
            total += parameter.numel()
    assert moved / total > 0.99


@pytest.mark.parametrize("listed", [7, [7, 9]])
@pytest.mark.parametrize("family", ["gpt2", None])
def test_every_end_token_of_the_generation_config_stops_a_sample(
    family, listed, config, pool, tokenizer, fresh_model, runtime, monkeypatch
):
    model = foreign_model(family, tokenizer) if family else fresh_model()
    model.generation_config.eos_token_id = listed
    stops = {tokenizer.eos_token_id, *([listed] if isinstance(listed, int) else listed)}
    sampling = SamplingConfig(max_new_tokens=150, temperature=3.0)
    groups = grpo.roll_out(
        model, tokenizer, pool.take(0, 4), group=12, sampling=sampling, rewards=config.reward, seed=0, runtime=runtime
    )  # fmt: skip
    rollouts = [rollout for group in groups for rollout in group]
    ended = [rollout for rollout in rollouts if rollout.completion.finished]
    assert {rollout.completion.tokens[-1] for rollout in ended} == stops
    for rollout in rollouts:
        assert not stops & set(rollout.completion.tokens[: -1 if rollout.completion.finished else None])
    some = ended[0]
    assert some.text == tokenizer.backend_tokenizer.decode(some.completion.tokens[:-1], skip_special_tokens=False)


def test_a_prompt_begins_with_the_first_token_where_it_is_asked_for(config, pool, tokenizer, fresh_model, runtime):
    model, with_bos = fresh_model(), copy.deepcopy(tokenizer)
    options = {"group": 1, "rewards": config.reward, "seed": 0, "runtime": runtime}
    asked = config.sampling.model_copy(update={"bos": True})
    with pytest.raises(ValueError, match="the tokenizer has no bos token: name one of its tokens as bos_token"):
        grpo.roll_out(model, tokenizer, pool.take(0, 1), sampling=asked, **options)
    with_bos.bos_token = "<question>"
    ((plain,),) = grpo.roll_out(model, with_bos, pool.take(0, 1), sampling=config.sampling, **options)
    ((begun,),) = grpo.roll_out(model, with_bos, pool.take(0, 1), sampling=asked, **options)
    assert begun.prompt == [with_bos.bos_token_id, *plain.prompt]
    own = own_logprobs(model, begun.prompt, begun.completion.tokens, 1.0)
    torch.testing.assert_close(torch.tensor(begun.completion.logprobs), own, rtol=0, atol=2e-5)
    assert asked.identity(defaults=False)["bos"] is True
    assert "bos" not in config.sampling.identity(defaults=False)


def test_a_tokenizer_without_end_or_pad_token_is_one_line(config, pool, tokenizer, fresh_model, runtime, tmp_path):
    endless, unpadded = copy.deepcopy(tokenizer), copy.deepcopy(tokenizer)
    endless.eos_token, unpadded.pad_token = None, None
    model = fresh_model()
    model.generation_config.eos_token_id = None
    options = {"group": 1, "rewards": config.reward, "seed": 0, "runtime": runtime, "sampling": config.sampling}
    with pytest.raises(ValueError, match="no end token: name one as eos_token"):
        grpo.roll_out(model, endless, pool.take(0, 1), **options)
    for bad, name in ((endless, "eos"), (unpadded, "pad")):
        with pytest.raises(ValueError, match=f"the tokenizer has no {name} token: name one of its tokens"):
            supervise(training(pool), model, bad, tmp_path / "out", runtime)
    with pytest.raises(ValueError, match="the tokenizer has no pad token"):
        reinforce(config, model, unpadded, tmp_path / "out", runtime)
    assert not (tmp_path / "out").exists()


def test_samples_of_a_cut_row_do_not_differ(tokenizer, pool):
    """A row alone and among others: the cache of every family is repeated and thinned out without a trace."""
    sampling = SamplingConfig(max_new_tokens=12)
    prompts = [tokenizer.backend_tokenizer.encode(p.prompt).ids for p in pool.take(0, 2)]
    for family in FAMILIES:
        model = foreign_model(family, tokenizer)
        options = {"num_samples": 3, "config": sampling, "stop_ids": range(200), "seed": 0, "keys": ["a", "b"]}
        many = sample_groups(model, prompts, **options)
        one = sample_groups(model, prompts, **options, max_rows=1)
        assert [[c.tokens for c in group] for group in many] == [[c.tokens for c in group] for group in one]
