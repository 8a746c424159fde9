"""The sampler against slow and foreign oracles, on tiny random models in fp32 on one thread.

1. Greedy tokens equal `transformers.generate`, for Qwen2 and Llama, with and without grouped heads and tied embeddings.
2. Log-probabilities equal those of a teacher-forced pass; samples equal those of an oracle that recomputes everything.
3. First tokens follow the distribution of the model.
4. A sample does not depend on the rows beside it, on threads, or on how many samples are drawn.
5. Stopping, bounds and errors.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from interplay.model import sampler, worker
from interplay.model.build import build
from interplay.model.next_token import row_key, uniforms
from interplay.model.sampler import Completion, SamplingConfig, sample
from interplay.model.sizes import ModelConfig
from interplay.model.weights import in_family
from interplay.world.randomness import derive
from sampled_groups import sample_groups

VOCAB = 40


def qwen2(*, kv_heads: int = 2, tied: bool = True, init_std: float = 0.3) -> Any:
    shape = ModelConfig(
        layers=2, hidden=32, ffn=48, heads=4, kv_heads=kv_heads, tied=tied, init_std=init_std, max_positions=96
    )
    model = build(shape, VOCAB, "sampler", kv_heads)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        for name, parameter in model.named_parameters():
            if name.endswith("bias") or "norm" in name:  # so that an ignored bias or norm would show
                parameter.add_(torch.randn_like(parameter) * 0.3)
    return model.eval()


def llama() -> Any:
    config = LlamaConfig(
        vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=1, max_position_embeddings=96, initializer_range=0.3, head_dim=16, attention_bias=True,
        rope_parameters={"rope_type": "llama3", "rope_theta": 1e4, "factor": 4.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "original_max_position_embeddings": 32},
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return LlamaForCausalLM(config).eval()


def gpt2() -> Any:
    config = GPT2Config(vocab_size=VOCAB, n_embd=32, n_layer=2, n_head=4, n_positions=96, initializer_range=0.3)
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return GPT2LMHeadModel(config).eval()


MODELS = {"qwen2": qwen2, "qwen2-mha": lambda: qwen2(kv_heads=4), "qwen2-untied": lambda: qwen2(kv_heads=1, tied=False),
          "llama": llama, "gpt2": gpt2}  # fmt: skip


def prompts_of(count: int, lengths: tuple[int, int] = (1, 30)) -> list[list[int]]:
    rng = random.Random(7)
    return [[rng.randrange(VOCAB) for _ in range(rng.randint(*lengths))] for _ in range(count)]


def sample_without_cache(
    model: Any, prompt: list[int], config: SamplingConfig, stop_ids: set[int], seed: int, index: int
) -> list[int]:
    """The obvious sampler: the whole sequence through the model for every token."""
    tokens: list[int] = []
    key = torch.tensor([row_key(seed, derive("prompt", *prompt), index)])
    for step in range(config.max_new_tokens):
        with torch.inference_mode():
            logits_V = model(torch.tensor([prompt + tokens])).logits[0, -1].double()
        cdf_V = torch.softmax(logits_V / config.temperature, -1).cumsum(-1)
        u = uniforms(key, torch.tensor([step]))
        tokens.append(int(logits_V.argmax() if config.greedy else (cdf_V <= u * cdf_V[-1]).sum()))
        if tokens[-1] in stop_ids:
            break
    return tokens


def teacher_forced(model: Any, prompt: list[int], tokens: list[int], temperature: float) -> Tensor:
    with torch.inference_mode():
        logits_T_V = model(torch.tensor([prompt + tokens])).logits[0, len(prompt) - 1 : -1] / temperature
    return torch.log_softmax(logits_T_V.double(), -1).gather(1, torch.tensor(tokens)[:, None]).squeeze(1)


def texts(groups: list[list[Completion]]) -> list[list[list[int]]]:
    return [[completion.tokens for completion in group] for group in groups]


@pytest.mark.parametrize("name", MODELS)
def test_greedy_equals_generate_token_by_token(name: str) -> None:
    model, prompts = MODELS[name](), prompts_of(200)
    config = SamplingConfig(greedy=True, max_new_tokens=20)
    groups = sample_groups(model, prompts, num_samples=1, config=config, stop_ids={3}, seed=0, max_rows=64)
    by_length: dict[int, list[int]] = {}
    for i, prompt in enumerate(prompts):
        by_length.setdefault(len(prompt), []).append(i)
    for rows in by_length.values():
        ids = torch.tensor([prompts[i] for i in rows])
        expected = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False, eos_token_id=3, pad_token_id=3
        )[:, ids.shape[1] :]
        for i, row in zip(rows, expected.tolist(), strict=True):
            (ours,) = groups[i]
            assert ours.tokens == row[: row.index(3) + 1 if 3 in row else None]
            assert ours.finished == (3 in row)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_samples_and_logprobs_equal_the_slow_sampler(name: str, temperature: float) -> None:
    model, prompts = MODELS[name](), prompts_of(5)
    config = SamplingConfig(temperature=temperature, max_new_tokens=16)
    groups = sample_groups(model, prompts, num_samples=6, config=config, stop_ids={3, 5}, seed=4, max_rows=13)
    for prompt, group in zip(prompts, groups, strict=True):
        assert [completion.sample for completion in group] == list(range(6))
        for completion in group:
            assert completion.tokens == sample_without_cache(model, prompt, config, {3, 5}, 4, completion.sample)
            expected = teacher_forced(model, prompt, completion.tokens, temperature)
            assert torch.tensor(completion.logprobs).double().allclose(expected, atol=1e-4)


def test_first_tokens_follow_the_softmax() -> None:
    """50,000 draws. The threshold would be a false alarm for one seed in 10,000, and ours is fixed."""
    model, prompt = qwen2(init_std=0.1), [1, 2, 3]
    config = SamplingConfig(max_new_tokens=1)
    (group,) = sample_groups(model, [prompt], num_samples=50_000, config=config, stop_ids=(), seed=1, max_rows=10_000)
    with torch.inference_mode():
        expected_V = torch.softmax(model(torch.tensor([prompt])).logits[0, -1].double(), -1) * 50_000
    counts_V = torch.bincount(torch.tensor([completion.tokens[0] for completion in group]), minlength=VOCAB)
    common = expected_V > 5
    observed = [*counts_V[common].tolist(), int(counts_V[~common].sum())]
    expected = [*expected_V[common].tolist(), float(expected_V[~common].sum())]
    keep = [i for i, e in enumerate(expected) if e > 0]
    assert chisquare([observed[i] for i in keep], [expected[i] for i in keep]).pvalue > 1e-4


@pytest.mark.parametrize("name", ["qwen2", "llama"])
@pytest.mark.parametrize("truncation", [{}, {"top_p": 0.9}, {"top_k": 5, "temperature": 1.3}])
def test_samples_are_the_same_at_any_batch_size(name: str, truncation: dict[str, Any]) -> None:
    model, prompts = MODELS[name](), prompts_of(6)
    config = SamplingConfig(max_new_tokens=12, **truncation)

    def at(max_rows: int, **options: Any) -> list[list[list[int]]]:
        return texts(sample_groups(model, prompts, config=config, stop_ids={3, 9, 11}, max_rows=max_rows, **options))

    reference = at(64, num_samples=12, seed=3)
    assert at(1, num_samples=12, seed=3) == at(7, num_samples=12, seed=3) == reference
    assert at(64, num_samples=12, seed=3, max_tokens=60) == reference
    assert at(64, num_samples=5, first_sample=7, seed=3) == [group[7:] for group in reference]
    assert at(64, num_samples=12, seed=4) != reference


def test_a_bound_on_tokens_does_not_break_the_rows_into_crumbs(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    was = worker.Worker._start
    monkeypatch.setattr(worker.Worker, "_start", lambda self, units: started.append(len(units)) or was(self, units))
    config = SamplingConfig(max_new_tokens=10)
    sample_groups(qwen2(), prompts_of(120, (5, 20)), num_samples=1, config=config, stop_ids={3, 5}, seed=0,
                  max_rows=63, max_tokens=600)  # fmt: skip
    assert sum(started) == 120
    assert len(started) <= 4 * 120 * 30 / 600  # each a quarter of the tokens at least


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_completions_are_the_same_to_the_bit_on_any_threads(monkeypatch: pytest.MonkeyPatch, precision: Any) -> None:
    monkeypatch.setattr(sampler, "MIN_ROWS_PER_SHARE", 1)
    model, before = qwen2(), torch.get_num_threads()
    config = SamplingConfig(max_new_tokens=12, precision=precision)
    options: dict[str, Any] = {"config": config, "stop_ids": {3}, "seed": 3, "max_rows": 16}
    for count in (1, 5):
        prompts = prompts_of(count)
        one, two, four = (sample_groups(model, prompts, num_samples=9, threads=n, **options) for n in (1, 2, 4))
        assert one == two == four  # log-probabilities too
    abandoned = sample(model, prompts_of(5), num_samples=9, threads=2, **options)
    next(abandoned)
    abandoned.close()  # type: ignore[attr-defined]
    assert torch.get_num_threads() == before


def test_an_error_in_a_thread_is_raised_and_diverged_weights_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "MIN_ROWS_PER_SHARE", 1)
    model = qwen2()
    model.model.norm.weight.data.fill_(float("nan"))
    for threads in (1, 2):
        with pytest.raises(ValueError, match="not finite"):
            sample_groups(model, prompts_of(3), num_samples=4, config=SamplingConfig(max_new_tokens=3), stop_ids=(),
                          seed=0, threads=threads)  # fmt: skip


def test_equal_keys_share_numbers_and_different_keys_do_not() -> None:
    model, prompt = qwen2(), [1, 2, 3, 4]
    options: dict[str, Any] = {"num_samples": 4, "config": SamplingConfig(max_new_tokens=10), "stop_ids": (), "seed": 0}
    same = texts(sample_groups(model, [prompt, prompt], **options))
    apart = texts(sample_groups(model, [prompt, prompt], keys=["a", "b"], **options))
    assert same[0] == same[1]
    assert apart[0] != apart[1]


def test_a_completion_ends_with_its_first_stop_token_or_at_the_limit() -> None:
    config = SamplingConfig(max_new_tokens=15)
    groups = sample_groups(qwen2(), prompts_of(10), num_samples=8, config=config, stop_ids={3, 5, 8}, seed=0)
    completions = [completion for group in groups for completion in group]
    assert {completion.finished for completion in completions} == {True, False}
    for completion in completions:
        stops = [i for i, token in enumerate(completion.tokens) if token in {3, 5, 8}]
        assert stops == ([len(completion.tokens) - 1] if completion.finished else [])
        assert completion.finished or len(completion.tokens) == 15
        assert len(completion.logprobs) == len(completion.tokens)


def test_rows_and_tokens_in_flight_stay_within_their_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    step = worker.Worker.step

    def watched(self: worker.Worker) -> list[Completion]:
        ended = step(self)
        seen.append((self.rows, self.held_tokens))
        return ended

    monkeypatch.setattr(worker.Worker, "step", watched)
    config = SamplingConfig(max_new_tokens=10)
    options: dict[str, Any] = {"num_samples": 20, "config": config, "stop_ids": {3, 5}, "seed": 0}
    sample_groups(qwen2(), prompts_of(20, (5, 20)), max_rows=30, max_tokens=10_000, **options)
    assert max(rows for rows, _ in seen) == 30
    seen.clear()
    sample_groups(qwen2(), prompts_of(20, (5, 20)), max_rows=1_000, max_tokens=200, **options)
    assert 50 < max(tokens for _, tokens in seen) <= 100  # two shares, each with half of them
    seen.clear()
    sample_groups(qwen2(), prompts_of(2, (20, 20)), max_rows=1_000, max_tokens=5, **options)
    assert max(rows for rows, _ in seen) == 1, "one row always runs"


def test_a_prompt_is_read_once_even_when_its_samples_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    prefill = worker.prefill

    def counted(weights: Any, prompts: Any) -> Any:
        read.extend(map(len, prompts))
        return prefill(weights, prompts)

    monkeypatch.setattr(worker, "prefill", counted)
    prompts = prompts_of(5)
    sample_groups(qwen2(), prompts, num_samples=20, config=SamplingConfig(max_new_tokens=6), stop_ids={3}, seed=0,
                  max_rows=7)  # fmt: skip
    assert read == [len(prompt) for prompt in prompts]


def test_bf16_stays_close_to_a_bf16_model() -> None:
    model, prompts = qwen2(init_std=0.1), prompts_of(3)
    config = SamplingConfig(max_new_tokens=10, precision="bf16")
    groups = sample_groups(model, prompts, num_samples=4, config=config, stop_ids=(), seed=0)
    for prompt, group in zip(prompts, groups, strict=True):
        for completion in group:
            expected = teacher_forced(model, prompt, completion.tokens, 1.0)
            assert (torch.tensor(completion.logprobs) - expected).abs().max() < 0.15


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompts": [[1], []]}, "prompt 1 is empty"),
        ({"prompts": [[1] * 90]}, "90 tokens and max_new_tokens is 8.*96 positions"),
        ({"prompts": [[1, VOCAB]]}, "outside 0..39"),
        ({"num_samples": 0}, "num_samples must be positive"),
        ({"stop_ids": {VOCAB}}, "stop_ids must be in 0..39, got 40"),
        ({"keys": ["a", "b"]}, "1 prompts need as many keys, got 2"),
        ({"max_rows": 0}, "max_rows"),
    ],
)
def test_bad_input_is_named(change: dict[str, Any], message: str) -> None:
    options: dict[str, Any] = {"prompts": [[1]], "num_samples": 1, "stop_ids": (), "seed": 0}
    options |= change
    with pytest.raises(ValueError, match=message):
        sample(qwen2(), options.pop("prompts"), config=SamplingConfig(max_new_tokens=8), **options)


def test_no_prompts_give_no_completions() -> None:
    assert sample_groups(qwen2(), [], num_samples=1, config=SamplingConfig(max_new_tokens=8), stop_ids=(), seed=0) == []


def test_which_models_take_the_fast_path() -> None:
    assert in_family(qwen2())
    assert in_family(llama())
    assert not in_family(gpt2())
