"""Three answers to one problem, scored by the cookbook's own environment; no service is asked."""

import asyncio

from tinker_cookbook.renderers import get_renderer

from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream
from interplay.data.tokenizer import TokenizerConfig, train_tokenizer
from interplay.interop.tinker import InterplayData

# a tokenizer made here; in its place the tokenizer of your model, and the renderer that belongs to it
stream = Stream(world=World(), mixture=Mixture.uniform((2, 3)))
tokenizer = train_tokenizer(TokenizerConfig(stream=stream, documents=500, vocab_size=512))
renderer = get_renderer("role_colon", tokenizer)

data = InterplayData((2, 3), renderer, batches=100, batch_size=32, group_size=8, rule="strict")
group = data.get_batch(0)[0]


async def score(text):
    """What a policy gets that samples this text and then stops."""
    environment = (await group.make_envs())[0]
    _, stop = await environment.initial_observation()
    tokens = tokenizer.encode(text + stop[0], add_special_tokens=False)
    return await environment.step(tokens)


environment = asyncio.run(group.make_envs())[0]
gold = environment.get_reference_answer()
for text in (gold, "The answer is 10.", "I do not know."):
    step = asyncio.run(score(text))
    print(f"{text}\n  reward {step.reward:.1f}, {step.metrics}")
