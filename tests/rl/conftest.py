"""A tiny world, its tokenizer and its model, shared by the tests of RL."""

import pytest
from tiny_rl import SHAPE, tiny_config, tiny_pool, tiny_tokenizer

import interplay.rl.grpo as grpo
from interplay.model.build import build
from interplay.train.runtime import Runtime


@pytest.fixture(scope="session")
def runtime():
    return Runtime(device="cpu", threads=1, save_seconds=1e9, micro_tokens=2048)


@pytest.fixture(scope="session")
def pool():
    return tiny_pool()


@pytest.fixture(scope="session")
def tokenizer(pool):
    return tiny_tokenizer(pool)


@pytest.fixture
def fresh_model(tokenizer):
    return lambda: build(SHAPE, len(tokenizer), 0, eos_token_id=tokenizer.eos_token_id)


@pytest.fixture
def config(pool):
    return tiny_config(pool)


@pytest.fixture
def pays_for_blanks(monkeypatch):
    """An untrained model never solves a problem; here a rollout earns by how many distinct tokens it wrote."""
    was = grpo.roll_out

    def paid(*args, **kwargs):
        return [
            [r._replace(reward=len(set(r.completion.tokens)) / 12) for r in group] for group in was(*args, **kwargs)
        ]

    monkeypatch.setattr(grpo, "roll_out", paid)
