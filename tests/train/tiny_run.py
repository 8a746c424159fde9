"""The tiny run of these tests, as functions, so that scripts and other processes can make it too."""

from interplay.data.mixture import Mixture, World
from interplay.data.packing import PackingConfig
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, train_tokenizer
from interplay.model.build import build
from interplay.model.sizes import ModelConfig
from interplay.train.optimizer import OptimizerConfig
from interplay.train.schedule import Schedule
from interplay.train.supervised import TrainConfig

SHAPE = ModelConfig(layers=2, hidden=32, ffn=64, heads=2, kv_heads=1, max_positions=256)


def fixture_stream():
    world = World(style="terse", numbers=(1, 5), max_value=20, locations=2, entities=3, names=4)
    return Stream(world=world, mixture=Mixture.uniform([2, 3]))


def fixture_tokenizer():
    return train_tokenizer(TokenizerConfig(stream=fixture_stream(), vocab_size=400, documents=200))


def fixture_model(tokenizer):
    return build(SHAPE, len(tokenizer), 0, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)


def fixture_config(**changed):
    """Twenty steps of four blocks of 2 x 128 tokens."""
    plain = {
        "stream": fixture_stream(),
        "budget_tokens": 20 * 1024,
        "batch_tokens": 1024,
        "packing": PackingConfig(width=128, rows=2, loss_on="solution"),
        "optimizer": OptimizerConfig(kind="muon", lr=3e-3, matrix_lr=0.02, weight_decay=0.01),
        "schedule": Schedule(kind="wsd", warmup=0.1, decay=0.3, floor=0.0),
    }
    return TrainConfig(**(plain | changed))
