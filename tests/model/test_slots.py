"""The slots that a GPU samples in, here on the CPU: the samples of the cohorts, whatever the slots, and no look at the host.

On a GPU where there is one: greedy tokens are those of `generate`, samples those of the CPU.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from fake_cuda import fake_cuda, moved
from interplay.model import slot_sampler
from interplay.model.build import build
from interplay.model.cohort import Completion, Unit
from interplay.model.sampler import SamplingConfig
from interplay.model.sizes import ModelConfig
from interplay.model.slot_sampler import ENGINES, sample_in_slots
from interplay.model.slots import Rules, Slots
from interplay.model.weights import read_weights
from interplay.model.worker import Job
from sampled_groups import sample_groups

SHAPE = ModelConfig(layers=2, hidden=32, ffn=48, heads=4, kv_heads=2, init_std=0.3, max_positions=96)
PROMPTS = [[1, 2, 3], [4, 5, 6, 7, 8], [9], [3] * 20]
STOPS = {3, 5}


def in_slots(
    model: Any, config: SamplingConfig, samples: int, rows: int, tokens: int = 10**6
) -> list[list[Completion]]:
    stops_V = torch.zeros(40, dtype=torch.bool)
    stops_V[sorted(STOPS)] = True
    job = Job(PROMPTS, list(range(len(PROMPTS))), config, stops_V, seed=0)
    units = [Unit(prompt, 0, samples) for prompt in range(len(PROMPTS))]
    groups: list[list[Completion]] = [[] for _ in PROMPTS]
    for completion in sample_in_slots(model, job, units, rows, tokens, None):
        groups[completion.prompt].append(completion)
    return [sorted(group, key=lambda completion: completion.sample) for group in groups]


@pytest.mark.parametrize(
    "config",
    [
        SamplingConfig(max_new_tokens=40),
        SamplingConfig(max_new_tokens=1),
        SamplingConfig(max_new_tokens=30, greedy=True),
        SamplingConfig(max_new_tokens=30, temperature=0.7, top_k=9, top_p=0.9),
    ],
)
@pytest.mark.parametrize("rows", [5, 32, 1000])
def test_slots_give_the_samples_of_cohorts(config: SamplingConfig, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot_sampler, "MIN_ROWS", 2)
    monkeypatch.setattr(slot_sampler, "LENGTH_BLOCK", 16)
    model = build(SHAPE, 40, "slots")
    expected = sample_groups(
        model, PROMPTS, num_samples=9, config=config, stop_ids=STOPS, seed=0, keys=list(range(len(PROMPTS)))
    )
    found = in_slots(model, config, 9, rows)
    for group, wanted in zip(found, expected, strict=True):
        for ours, theirs in zip(group, wanted, strict=True):
            assert (ours.sample, ours.tokens, ours.finished) == (theirs.sample, theirs.tokens, theirs.finished)
            assert ours.logprobs == pytest.approx(theirs.logprobs, abs=1e-4)


def test_a_later_call_uses_the_slots_again_with_the_new_weights() -> None:
    model, config = build(SHAPE, 40, "slots"), SamplingConfig(max_new_tokens=20)
    first = in_slots(model, config, 8, 16)
    engine = ENGINES[model]
    places = [state.data_ptr() for state in engine.slots.states]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.1)
    second = in_slots(model, config, 8, 16)
    assert ENGINES[model] is engine
    assert places == [state.data_ptr() for state in engine.slots.states]  # where graphs read them
    assert second != first
    ENGINES.pop(model)
    assert in_slots(model, config, 8, 16) == second
    in_slots(model, SamplingConfig(max_new_tokens=21), 8, 16)
    assert ENGINES[model] is not engine  # other settings are other launches


def test_the_host_looks_every_few_steps_and_few_shapes_occur(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot_sampler, "MIN_ROWS", 4)
    shapes: list[tuple[int, int]] = []
    step = slot_sampler.Engine.step
    monkeypatch.setattr(slot_sampler.Engine, "step", lambda self, *shape: shapes.append(shape) or step(self, *shape))
    looks = []
    ended = slot_sampler.SlotSampler._ended
    monkeypatch.setattr(slot_sampler.SlotSampler, "_ended", lambda self: looks.append(0) or ended(self))
    groups = in_slots(build(SHAPE, 40, "slots"), SamplingConfig(max_new_tokens=60), 50, 32)
    assert sum(map(len, groups)) == 200
    assert len(shapes) == slot_sampler.LOOK_EVERY * len(looks)
    assert {rows for rows, _ in shapes} <= {32, 16, 8, 4}
    assert len(set(shapes)) <= 8


def test_diverged_weights_are_named() -> None:
    model = build(SHAPE, 40, "slots")
    model.model.norm.weight.data.fill_(float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        in_slots(model, SamplingConfig(max_new_tokens=3), 2, 8)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("options", [{}, {"greedy": True}, {"top_k": 5, "top_p": 0.9}])
def test_a_step_on_a_gpu_waits_for_nobody(dtype: torch.dtype, options: dict[str, Any]) -> None:
    config = SamplingConfig(max_new_tokens=20, **options)
    model = build(SHAPE, 40, "slots")
    with fake_cuda() as noted:
        weights = read_weights(moved(model), dtype, packed=False)
        rules = Rules(config, torch.zeros(40, dtype=torch.bool, device="cuda"))
        slots = Slots(weights, 16, 64, 20)
        states = [id(state) for state in slots.states]
        for log in (noted.names, noted.asked, noted.made):
            log.clear()
        before = random.getstate()
        slots.step(weights, rules, 8, 32)
        assert random.getstate() == before  # a graph would repeat what Python drew once
    assert [id(state) for state in slots.states] == states  # written in place, where a graph writes
    assert noted.asked == []
    assert {device for _, device, _, _ in noted.made} == {"cuda"}
    assert not [name for name in noted.names if "rand" in name or "bernoulli" in name]  # numbers come from counters
    assert all(state.device.type == "cuda" for state in slots.states)
    scores = {shape for name, _, _, shape in noted.made if name == "_safe_softmax"}  # of the attention without a kernel
    assert scores == {(8, 2, 2, 32)}  # one query of each head and row
    assert noted.types_of("mm") | noted.types_of("addmm") == {dtype}
    assert noted.types_of("searchsorted") <= {torch.int64}
    assert noted.types_of("cumsum") <= {torch.float64}  # the distribution is summed in double precision


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_on_a_gpu_greedy_tokens_equal_generate(dtype: torch.dtype) -> None:
    model = build(SHAPE, 40, "slots").eval().to("cuda", dtype)  # type: ignore[arg-type]
    config = SamplingConfig(greedy=True, max_new_tokens=60)
    groups = sample_groups(model, PROMPTS[:3], num_samples=1, config=config, stop_ids={3}, seed=0)
    agreed = 0
    for prompt, (completion,) in zip(PROMPTS[:3], groups, strict=True):
        ids = torch.tensor([prompt], device="cuda")
        said = model.generate(ids, max_new_tokens=60, do_sample=False, eos_token_id=3, pad_token_id=3)
        agreed += said[0, len(prompt) :].tolist() == completion.tokens
    assert agreed == 3 or dtype == torch.bfloat16  # in bf16 the first near-tie parts them
    with torch.inference_mode():
        sequence = PROMPTS[0] + groups[0][0].tokens
        logits_T_V = model(torch.tensor([sequence], device="cuda")).logits[0, len(PROMPTS[0]) - 1 : -1].float()
        expected = torch.log_softmax(logits_T_V, -1).max(-1).values.cpu()
    assert (torch.tensor(groups[0][0].logprobs) - expected).abs().max() < (1e-3 if dtype == torch.float32 else 0.3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_samples_are_those_of_the_cpu() -> None:
    model = build(SHAPE, 40, "slots").eval()
    config = SamplingConfig(max_new_tokens=70)
    on_cpu = sample_groups(model, PROMPTS, num_samples=64, config=config, stop_ids={3}, seed=0)
    on_gpu = sample_groups(model.to("cuda"), PROMPTS, num_samples=64, config=config, stop_ids={3}, seed=0, max_rows=100)  # type: ignore[arg-type]
    same = [a.tokens == b.tokens for x, y in zip(on_cpu, on_gpu, strict=True) for a, b in zip(x, y, strict=True)]
    assert sum(same) >= 0.97 * len(same)
