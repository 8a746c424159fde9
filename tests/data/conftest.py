import pytest

from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, train_tokenizer


@pytest.fixture(scope="session")
def terse_stream():
    world = World(style="terse", numbers=(1, 5), max_value=20, locations=3, entities=4, names=8, distractors=(0, 2))
    return Stream(world=world, mixture=Mixture.uniform([2, 3, 4], ["zoo", "school"]))


@pytest.fixture(scope="session")
def tokenizer(terse_stream):
    return train_tokenizer(TokenizerConfig(stream=terse_stream, vocab_size=512, documents=300))
