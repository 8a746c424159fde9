"""A tiny world, its tokenizer and its model, shared by the tests of RL."""

import pytest

import interplay.rl.grpo as grpo
from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, train_tokenizer
from interplay.model.build import build
from interplay.model.sampler import SamplingConfig
from interplay.model.sizes import ModelConfig
from interplay.rl.grpo import RLConfig
from interplay.rl.pools import UniformPool
from interplay.train.optimizer import OptimizerConfig
from interplay.train.runtime import Runtime

SHAPE = ModelConfig(layers=2, hidden=32, ffn=64, heads=2, kv_heads=2, max_positions=256)


@pytest.fixture(scope="session")
def runtime():
    return Runtime(device="cpu", threads=1, save_seconds=1e9, micro_tokens=2048)


@pytest.fixture(scope="session")
def pool():
    world = World(style="terse", numbers=(1, 5), max_value=20, locations=2, entities=3, names=4)
    return UniformPool(stream=Stream(world=world, mixture=Mixture.uniform([2, 3]), split="rl"))


@pytest.fixture(scope="session")
def tokenizer(pool):
    return train_tokenizer(TokenizerConfig(stream=pool.stream, vocab_size=400, documents=200))


@pytest.fixture
def fresh_model(tokenizer):
    return lambda: build(SHAPE, len(tokenizer), 0, eos_token_id=tokenizer.eos_token_id)


@pytest.fixture
def config(pool):
    return RLConfig(
        pool=pool, steps=4, prompts=3, group=4, sampling=SamplingConfig(max_new_tokens=12),
        optimizer=OptimizerConfig(lr=1e-3, weight_decay=0.0),
    )  # fmt: skip


@pytest.fixture
def pays_for_blanks(monkeypatch):
    """An untrained model never solves a problem; here a rollout earns by how many distinct tokens it wrote."""
    was = grpo.roll_out

    def paid(*args, **kwargs):
        return [
            [r._replace(reward=len(set(r.completion.tokens)) / 12) for r in group] for group in was(*args, **kwargs)
        ]

    monkeypatch.setattr(grpo, "roll_out", paid)
