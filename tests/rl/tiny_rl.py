"""A tiny world, its tokenizer and its model, for the tests of RL and for the processes that they start."""

from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, train_tokenizer
from interplay.model.sampler import SamplingConfig
from interplay.model.sizes import ModelConfig
from interplay.rl.grpo import RLConfig
from interplay.rl.pools import UniformPool
from interplay.train.optimizer import OptimizerConfig

SHAPE = ModelConfig(layers=2, hidden=32, ffn=64, heads=2, kv_heads=2, max_positions=256)


def tiny_pool():
    world = World(style="terse", numbers=(1, 5), max_value=20, locations=2, entities=3, names=4)
    return UniformPool(stream=Stream(world=world, mixture=Mixture.uniform([2, 3]), split="rl"))


def tiny_tokenizer(pool):
    return train_tokenizer(TokenizerConfig(stream=pool.stream, vocab_size=400, documents=200))


def tiny_config(pool):
    return RLConfig(
        pool=pool, steps=4, prompts=3, group=4, sampling=SamplingConfig(max_new_tokens=12),
        optimizer=OptimizerConfig(lr=1e-3, weight_decay=0.0),
    )  # fmt: skip


def paying_for_variety(roll_out):
    """`roll_out`, but strict is what writes many distinct tokens, so that an untrained model has something to learn."""

    def paid(*args, **kwargs):
        groups = []
        for group in roll_out(*args, **kwargs):
            right = [len(set(r.completion.tokens)) > 10 for r in group]
            groups.append([
                r._replace(reward=float(ok), verdict=r.verdict._replace(strict=ok))
                for r, ok in zip(group, right, strict=True)
            ])  # fmt: skip
        return groups

    return paid
