"""The vLLM adapter against a stand-in module: what it asks for, what it gives back, and what it says when vLLM is absent."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import interplay
from interplay.cli import app, main
from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, train_tokenizer
from interplay.evals.run import EvalRequest, run_eval
from interplay.model.build import build
from interplay.model.next_token import SamplingConfig
from interplay.model.sizes import ModelConfig
from interplay.model.vllm import Engine as VllmEngine
from interplay.train.publish import publish

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
    completions = list(VllmEngine("somewhere").sample([[1], [2, 4]], config=config, first_sample=5, **OPTIONS))
    assert [tuple(c) for c in completions] == [
        (0, 5, [7, 7, 7], [-0.5] * 3, False),
        (0, 6, [7, 3], [-0.5] * 2, True),
        (1, 5, [7, 7, 7], [-0.5] * 3, False),
        (1, 6, [7, 3], [-0.5] * 2, True),
    ]
    assert vllm.made[0]["logprobs_mode"] == "raw_logprobs"
    assert len({params.seed for _, params in vllm.asked}) == 4


def test_logprobs_it_cannot_give_are_refused(vllm: type[Engine]) -> None:
    list(VllmEngine("somewhere").sample([[1]], config=SamplingConfig(max_new_tokens=3, temperature=0.5), **OPTIONS))
    assert vllm.made[0]["logprobs_mode"] == "processed_logprobs"
    truncated = SamplingConfig(max_new_tokens=3, temperature=0.5, top_p=0.9)
    with pytest.raises(ValueError, match=r"temperature 0\.5 before top_p"):
        list(VllmEngine("somewhere").sample([[1]], config=truncated, **OPTIONS))


def test_without_vllm_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(ValueError, match=r"pip install 'interplay\[vllm\]'"):
        list(VllmEngine("somewhere").sample([[1]], config=SamplingConfig(max_new_tokens=3), **OPTIONS))


def test_one_engine_serves_every_call(vllm: type[Engine]) -> None:
    engine = VllmEngine("somewhere")
    for first in (0, 2):
        assert list(engine.sample([[1]], config=SamplingConfig(max_new_tokens=3), first_sample=first, **OPTIONS))
    assert len(vllm.made) == 1


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    stream = Stream(world=World(style="terse", locations=2, entities=3, names=4), mixture=Mixture.uniform([2]))
    tokenizer = train_tokenizer(TokenizerConfig(stream=stream, vocab_size=400, documents=100))
    ids = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    publish(build(ModelConfig(layers=1, hidden=16, ffn=32, heads=2, kv_heads=2), len(tokenizer), 0, **ids), tokenizer,
            tmp_path / "checkpoint")  # fmt: skip
    interplay.dataset(op=2, n=4, style="terse", locations=2, entities=3, names=4).write(tmp_path / "rows.jsonl")
    return tmp_path / "checkpoint"


def words(checkpoint: Path) -> list[str]:
    out = str(checkpoint.parent / "out")
    return [str(checkpoint), "--data", f"{checkpoint.parent}/rows.jsonl", "--samples", "2", "--k", "1,2", "--out", out,
            "--max-new-tokens", "5", "--backend", "vllm"]  # fmt: skip


def test_eval_samples_with_it(vllm: type[Engine], checkpoint: Path, capsys: Any) -> None:
    asked = CliRunner().invoke(app, ["eval", *words(checkpoint)])
    assert asked.exit_code == 0, asked.exception
    assert json.loads(asked.stdout.splitlines()[0])["problems"] == 4
    assert [made["model"] for made in vllm.made] == [str(checkpoint)]
    assert len(vllm.asked) == 8
    samples = pq.read_table(checkpoint.parent / "out" / "samples.parquet").to_pylist()
    assert {row["num_tokens"] for row in samples} == {2, 5}
    own = EvalRequest(checkpoint, checkpoint.parent / "rows.jsonl", checkpoint.parent / "out", 2, (1, 2), 0.7, 5, 0, 1)
    with pytest.raises(ValueError, match=r"holds another evaluation .* backend differ"):
        run_eval(own)


def test_eval_without_it_is_one_line_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, checkpoint: Path, capsys: Any
) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    monkeypatch.setattr(sys, "argv", ["interplay", "eval", *words(checkpoint)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert (stopped.value.code, capsys.readouterr().err) == (
        2, "error: vLLM is not installed: pip install 'interplay[vllm]'\n"
    )  # fmt: skip
    assert not (checkpoint.parent / "out").exists()
