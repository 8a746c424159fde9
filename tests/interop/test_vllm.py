"""The vLLM adapter against a stand-in module: what it asks for, what it gives back, and what it says when vLLM is absent."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from interplay.interop.vllm import sample
from interplay.model.next_token import SamplingConfig

OPTIONS: dict[str, Any] = {"num_samples": 2, "stop_ids": {3}, "seed": 0}


class Engine:
    """Says 7, 7 ... and stops with 3 on every second request."""

    made: list[dict[str, Any]] = []  # noqa: RUF012
    asked: list[Any] = []  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        self.made.append(options)

    def generate(self, prompts: list[Any], params: list[Any]) -> list[Any]:
        self.asked[:] = list(zip(prompts, params, strict=True))
        said = [[7, 3] if i % 2 else [7] * params[i].max_tokens for i in range(len(prompts))]
        return [
            SimpleNamespace(
                outputs=[
                    SimpleNamespace(token_ids=tokens, logprobs=[{t: SimpleNamespace(logprob=-0.5)} for t in tokens])
                ]
            )
            for tokens in said
        ]


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> type[Engine]:
    Engine.made.clear()
    fake = SimpleNamespace(LLM=Engine, SamplingParams=lambda **options: SimpleNamespace(**options))
    monkeypatch.setitem(sys.modules, "vllm", fake)
    return Engine


def test_completions_have_the_samplers_form(vllm: type[Engine]) -> None:
    config = SamplingConfig(max_new_tokens=3)
    completions = list(sample("somewhere", [[1], [2, 4]], config=config, first_sample=5, **OPTIONS))
    assert [tuple(c) for c in completions] == [
        (0, 5, [7, 7, 7], [-0.5] * 3, False),
        (0, 6, [7, 3], [-0.5] * 2, True),
        (1, 5, [7, 7, 7], [-0.5] * 3, False),
        (1, 6, [7, 3], [-0.5] * 2, True),
    ]
    assert vllm.made[0]["logprobs_mode"] == "raw_logprobs"
    assert len({params.seed for _, params in vllm.asked}) == 4


def test_logprobs_it_cannot_give_are_refused(vllm: type[Engine]) -> None:
    list(sample("somewhere", [[1]], config=SamplingConfig(max_new_tokens=3, temperature=0.5), **OPTIONS))
    assert vllm.made[0]["logprobs_mode"] == "processed_logprobs"
    with pytest.raises(ValueError, match=r"temperature 0\.5 before top_p"):
        list(sample("somewhere", [[1]], config=SamplingConfig(max_new_tokens=3, temperature=0.5, top_p=0.9), **OPTIONS))


def test_without_vllm_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(ValueError, match=r"pip install 'interplay\[vllm\]'"):
        list(sample("somewhere", [[1]], config=SamplingConfig(max_new_tokens=3), **OPTIONS))
