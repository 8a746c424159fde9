"""A small world, its tokenizer and an untrained model: enough to sample, verify and score."""

import json

import pytest

from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, train_tokenizer
from interplay.model.build import build
from interplay.model.sizes import ModelConfig
from interplay.train.publish import publish
from interplay.world.problem import to_row


@pytest.fixture(scope="session")
def world():
    return World(style="terse", numbers=(1, 5), max_value=20, locations=2, entities=3, names=4, distractors=(0, 1))


@pytest.fixture(scope="session")
def tokenizer(world):
    stream = Stream(world=world, mixture=Mixture.uniform([2, 3, 4]))
    return train_tokenizer(TokenizerConfig(stream=stream, vocab_size=400, documents=200))


@pytest.fixture(scope="session")
def model(tokenizer):
    return build(ModelConfig(layers=1, hidden=16, ffn=32, heads=2, kv_heads=2, max_positions=512), len(tokenizer), 0)


@pytest.fixture(scope="session")
def problems(world):
    return list(Stream(world=world, mixture=Mixture.uniform([2, 3, 4])).first(12))


@pytest.fixture(scope="session")
def asked(problems):
    return [(f"op{problem.op}", problem) for problem in problems]


@pytest.fixture
def checkpoint(model, tokenizer, tmp_path):
    publish(model, tokenizer, tmp_path / "checkpoint")
    return tmp_path / "checkpoint"


@pytest.fixture
def rows_file(problems, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(to_row(problem)) + "\n" for problem in problems))
    return path
