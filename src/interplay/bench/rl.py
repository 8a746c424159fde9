"""RL samples per second at `micro`: whole steps (sample, verify, update), beside the same steps sampled by `generate`.

The model is untrained, so every sample runs to its limit and both sides do exactly the same number of tokens.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

import torch

from interplay.data.tokenizer import decode_completion, train_tokenizer
from interplay.model.build import build
from interplay.model.sampler import sample
from interplay.rl.grpo import Learner, Scored
from interplay.rl.rollout import Rollout
from interplay.studies.quickstart import mixtures, reinforcement, tokenizer_config
from interplay.studies.settings import MICRO
from interplay.train.runtime import Runtime
from interplay.world.verify import Reference, verify

PROMPTS, GROUP, NEW_TOKENS, ROUNDS = 16, 16, 48, 4


def bench(threads: int) -> dict[str, Any]:
    """The parts hold the share of each phase of our step."""
    config = reinforcement(MICRO, mixtures(MICRO)["edge"], seed=0)
    sampling = config.sampling.model_copy(update={"max_new_tokens": NEW_TOKENS})
    tokenizer = train_tokenizer(tokenizer_config(MICRO))
    learner = Learner(build(MICRO.model, len(tokenizer), 0), tokenizer, config, Runtime(device="cpu", threads=threads))
    problems = config.pool.problems(0, PROMPTS)
    references = [Reference.from_graph(p.graph, p.solution) for p in problems]
    prompts = [tokenizer.backend_tokenizer.encode(p.prompt, add_special_tokens=False).ids for p in problems]
    spent: dict[str, float] = defaultdict(float)

    def generated() -> None:
        width = max(map(len, prompts))
        ids = torch.tensor([[tokenizer.pad_token_id] * (width - len(p)) + p for p in prompts])
        learner.model.eval()
        with torch.inference_mode():
            learner.model.generate(
                ids, attention_mask=(ids != tokenizer.pad_token_id).long(), do_sample=True, num_return_sequences=GROUP,
                min_new_tokens=NEW_TOKENS, max_new_tokens=NEW_TOKENS, pad_token_id=tokenizer.pad_token_id,
            )  # fmt: skip
        learner.model.train()

    def step(by_generate: bool) -> None:
        clock = time.perf_counter()
        completions = list(
            sample(learner.model, prompts, num_samples=GROUP, config=sampling, stop_ids=[], seed=0)
        )  # fmt: skip
        if by_generate:  # its own tokens are thrown away, so that both sides update on the same rollouts
            clock = time.perf_counter()
            generated()
        sampled = time.perf_counter()
        rollouts = []
        for completion in completions:
            text = decode_completion(tokenizer, completion.tokens)
            verdict = verify(references[completion.prompt], text, truncated=True)
            rollouts.append(
                Rollout(problems[completion.prompt], prompts[completion.prompt], completion, text, verdict, 0.0, None)
            )
        verified = time.perf_counter()
        advantages = [torch.full((NEW_TOKENS,), 1.0 - 2.0 * (i % 2)) for i in range(len(rollouts))]
        learner.update(Scored(rollouts, advantages), 0)
        updated = time.perf_counter()
        side = "generate" if by_generate else "ours"
        for phase, start, end in (
            ("sample", clock, sampled),
            ("verify", sampled, verified),
            ("update", verified, updated),
        ):
            spent[f"{side}_{phase}"] += end - start

    for _ in range(ROUNDS):
        step(by_generate=False)
        step(by_generate=True)
    total = {
        side: sum(spent[f"{side}_{phase}"] for phase in ("sample", "verify", "update")) for side in ("ours", "generate")
    }
    shares = {
        f"{phase}_share": round(spent[f"ours_{phase}"] / total["ours"], 4) for phase in ("sample", "verify", "update")
    }
    rate = ROUNDS * PROMPTS * GROUP
    return {
        "value": round(rate / total["ours"], 1), "unit": "samples/s",
        "peer": "the same step sampled by transformers.generate", "peer_value": round(rate / total["generate"], 1),
        "parts": shares,
    }  # fmt: skip
