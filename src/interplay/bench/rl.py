"""RL samples per second at `micro`: whole steps (sample, verify, update), in turns with TRL's `GRPOTrainer` in one run.

Same model, prompts, lengths, verifier, loss, optimiser and number of updates. The model is untrained and nothing stops it,
so both sides sample and learn exactly the same number of tokens. Our updates are cut among the threads.
Without TRL the peer is our step sampled by `generate`.
"""

from __future__ import annotations

import copy
import time
from collections import defaultdict
from importlib.util import find_spec

import torch

from interplay.bench.rl_peers import PEERS
from interplay.data.tokenizer import decode_completion, train_tokenizer
from interplay.model.build import build
from interplay.model.sampler import Completion, sample
from interplay.rl.config import RLConfig
from interplay.rl.learner import Learner
from interplay.rl.rollout import Rollout
from interplay.rl.scoring import Scored
from interplay.studies.recipe import Recipe
from interplay.studies.scales import MICRO
from interplay.studies.study import Workplace
from interplay.train.runtime import Runtime
from interplay.world.verify import Reference, verify

PROMPTS, GROUP, NEW_TOKENS, MAX_ROUNDS, BUDGET_S = 16, 16, 32, 8, 20.0
PHASES = ("sample", "verify", "update")


class Steps:
    """Our steps, with the seconds that each phase took."""

    def __init__(self, threads: int) -> None:
        recipe = Recipe(MICRO, Workplace("", {}))
        self.config: RLConfig = recipe.reinforced(recipe.base(0), recipe.regimes["edge"], 0, "benchmark").config
        self.tokenizer = train_tokenizer(recipe.tokenizer().config)
        self.runtime = Runtime(device="cpu", threads=threads)
        self.learner = self._learner()
        self.problems = self.config.pool.take(0, PROMPTS)
        self.references = [Reference.from_graph(p.graph, p.solution) for p in self.problems]
        encode = self.tokenizer.backend_tokenizer.encode
        self.prompts = [encode(p.prompt, add_special_tokens=False).ids for p in self.problems]
        self.spent: dict[str, float] = defaultdict(float)

    def twin(self) -> Steps:
        """The same from the start, for the peer."""
        other = copy.copy(self)
        other.learner, other.spent = self._learner(), defaultdict(float)
        return other

    def _learner(self) -> Learner:
        model = build(
            MICRO.model, len(self.tokenizer), 0,
            eos_token_id=self.tokenizer.eos_token_id, pad_token_id=self.tokenizer.pad_token_id,
        )  # fmt: skip
        return Learner(model, self.tokenizer, self.config, self.runtime)

    def step(self) -> None:
        """One whole step."""
        sampling = self.config.sampling.model_copy(update={"max_new_tokens": NEW_TOKENS})
        clock = [time.perf_counter()]
        completions = list(
            sample(self.learner.model, self.prompts, num_samples=GROUP, config=sampling, stop_ids=[], seed=0)
        )
        self.rest_of_step(clock, completions)

    def rest_of_step(self, clock: list[float], completions: list[Completion]) -> None:
        """Verify and update on these samples. Half of each group is paid, whatever it wrote: nobody learns from ties."""
        clock.append(time.perf_counter())
        rollouts = [self._verified(c) for c in sorted(completions, key=lambda c: (c.prompt, c.sample))]
        clock.append(time.perf_counter())
        advantages = [torch.full((NEW_TOKENS,), 1.0 - 2.0 * (i % 2)) for i in range(len(rollouts))]
        self.learner.update(Scored(rollouts, advantages), 0)
        clock.append(time.perf_counter())
        for phase, start, end in zip(PHASES, clock[:-1], clock[1:], strict=True):
            self.spent[phase] += end - start

    def _verified(self, completion: Completion) -> Rollout:
        p = completion.prompt
        text = decode_completion(self.tokenizer, completion.tokens, completion.finished)
        verdict = verify(self.references[p], text, truncated=True)
        return Rollout(self.problems[p], self.prompts[p], completion, text, verdict, 0.0, None)


def bench(threads: int) -> dict[str, object]:
    """The parts hold the share of each phase of our step, and how many rounds there were."""
    torch.set_num_threads(threads)
    name, peer = PEERS["trl" if find_spec("trl") and find_spec("datasets") else "generate"]
    ours = Steps(threads)
    rounds, peer_s = 0, 0.0
    started = time.perf_counter()

    def after_peer(seconds: float) -> bool:
        """Our turn after each of the peer's; True to go on. The first round takes memory from the system, and is left out."""
        nonlocal rounds, peer_s
        ours.step()
        if not rounds:
            ours.spent.clear()
        rounds, peer_s = rounds + 1, peer_s + (seconds if rounds else 0.0)
        return rounds <= MAX_ROUNDS and (rounds < 2 or time.perf_counter() - started < BUDGET_S)

    peer(ours.twin(), after_peer, MAX_ROUNDS + 1)
    ours_s, samples = sum(ours.spent.values()), (rounds - 1) * PROMPTS * GROUP
    shares = {f"{phase}_share": round(ours.spent[phase] / ours_s, 4) for phase in PHASES}
    return {
        "value": round(samples / ours_s, 1), "unit": "samples/s", "peer": name,
        "peer_value": round(samples / peer_s, 1), "parts": {**shares, "rounds": rounds - 1},
    }  # fmt: skip
