"""RL whose rollouts vLLM draws, against a stand-in of its interface that really samples from the weights it has read.

1 one engine a stage, which has the learner's weights at every sampling and sleeps in between; 2 it would be noticed if it kept
old ones; 3 a seed of its own for every request, the same in a second run; 4 where vLLM is not there nothing is begun.
"""

import sys
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from interplay.manifest import file_digest
from interplay.model.build import load
from interplay.model.sampler import SamplingConfig
from interplay.model.sampler import sample as draw
from interplay.rl.grpo import reinforce
from interplay.rl.job import RLJob, run_rl_job
from interplay.train.publish import publish


class LLM:
    """What it was asked, in order; weights are read when it starts and when it is told to."""

    made = []  # noqa: RUF012
    deaf = False  # to reload_weights

    def __init__(self, model, **options):
        self.folder, self.options, self.calls, self.seeds, self.read = model, options, [], [], []
        self.made.append(self)
        self._read()

    def _read(self):
        self.model = load(self.folder)
        self.read.append(file_digest(Path(self.folder) / "model.safetensors"))

    def generate(self, prompts, params):
        self.calls.append("generate")
        self.seeds += [each.seed for each in params]
        return [self._answer(p["prompt_token_ids"], each) for p, each in zip(prompts, params, strict=True)]

    def _answer(self, prompt, asked):
        config = SamplingConfig(max_new_tokens=asked.max_tokens, temperature=asked.temperature)
        (c,) = draw(self.model, [prompt], num_samples=1, config=config, stop_ids=asked.stop_token_ids, seed=asked.seed)
        told = [{t: SimpleNamespace(logprob=p)} for t, p in zip(c.tokens, c.logprobs, strict=True)]
        return SimpleNamespace(outputs=[SimpleNamespace(token_ids=c.tokens, logprobs=told)])

    def sleep(self, level):
        self.calls.append(f"sleep {level}")

    def wake_up(self, tags):
        self.calls.append(f"wake {tags[0]}")

    def collective_rpc(self, method):
        self.calls.append(method)
        if not self.deaf:
            self._read()


@pytest.fixture
def vllm(monkeypatch):
    LLM.made, LLM.deaf = [], False
    fake = SimpleNamespace(LLM=LLM, SamplingParams=lambda **asked: SimpleNamespace(**asked), __version__="9.9")
    monkeypatch.setitem(sys.modules, "vllm", fake)
    return LLM


@pytest.fixture
def asked(config):
    return config.model_copy(update={"sampler": "vllm", "steps": 3})


def test_one_engine_has_the_weights_of_each_step(
    vllm, asked, fresh_model, tokenizer, runtime, tmp_path, pays_for_blanks
):
    summary = reinforce(asked, fresh_model(), tokenizer, tmp_path / "one", runtime)
    assert summary["sampler"] == "vllm 9.9"
    (engine,) = vllm.made
    assert (engine.options["dtype"], engine.options["enable_sleep_mode"]) == ("float32", True)
    again = ["wake weights", "reload_weights", "wake kv_cache", "generate", "sleep 2"]
    assert engine.calls == ["generate", "sleep 2", *again, *again]
    assert len(set(engine.read)) == 3  # every update moved the weights, and each was read
    assert len(set(engine.seeds)) == len(engine.seeds) == 3 * asked.prompts * asked.group
    second = reinforce(asked, fresh_model(), tokenizer, tmp_path / "two", runtime)
    assert vllm.made[1].seeds == engine.seeds
    tables = [pq.read_table(tmp_path / name / "rollouts.parquet") for name in ("one", "two")]
    assert tables[0].equals(tables[1])
    assert second["tokens"] == summary["tokens"]


def test_old_weights_are_noticed(vllm, asked, fresh_model, tokenizer, runtime, tmp_path, pays_for_blanks):
    vllm.deaf = True
    fast = asked.model_copy(update={"optimizer": asked.optimizer.model_copy(update={"lr": 0.05})})
    with pytest.raises(ValueError, match="between sampler and learner"):
        reinforce(fast, fresh_model(), tokenizer, tmp_path, runtime)


def test_without_vllm_nothing_is_begun(monkeypatch, asked, fresh_model, tokenizer, runtime, tmp_path):
    monkeypatch.setitem(sys.modules, "vllm", None)
    publish(fresh_model(), tokenizer, tmp_path / "start")
    job = RLJob(config=asked, start=tmp_path / "start", runtime=runtime)
    with pytest.raises(ValueError, match=r"pip install 'interplay\[vllm\]'"):
        run_rl_job(job, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_several_processes_are_refused(vllm, asked):
    from interplay.rl.grpo import _sampler

    learner = SimpleNamespace(config=asked, processes=SimpleNamespace(world=2))
    with pytest.raises(ValueError, match="beside one process, and there are 2"), _sampler(learner):
        pass
