"""Sampling on a GPU from the host's side: which sample has which slot, when ends are looked for, and replayed steps.

The host looks at the ends every few steps, in one transfer; between two looks it only launches. It knows how long each row
can be without asking, because a step adds one token at most. Steps come in a few sizes, rows by halves and lengths by
blocks; each size is captured once as a CUDA graph and replayed from then on, also by later calls on the same model, whose
weights are copied to where the graphs read them.
"""

# R rows, T new tokens

from __future__ import annotations

import copy
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

from interplay.model.cache import Prefix
from interplay.model.cohort import Completion, Unit
from interplay.model.decode import prefill
from interplay.model.next_token import row_key
from interplay.model.phase_times import Clock
from interplay.model.slots import Rules, Slots
from interplay.model.weights import Weights, read_weights, tensors_of
from interplay.model.worker import Job, batches

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LOOK_EVERY = 8  # steps; a row that ends is computed along until the next look
LENGTH_BLOCK = 256
MIN_ROWS = 64
ADMIT_SHARE = 8  # prompts are read when one in so many slots is free: small batches cost more
PREFILL_TOKENS = 1 << 14


class Engine:
    """Slots and captured steps over weights that stay where they are, for one way of drawing."""

    def __init__(self, weights: Weights, rules: Rules, count: int, positions: int) -> None:
        self.weights, self.rules = weights, rules
        self.slots = Slots(weights, count, positions, rules.config.max_new_tokens)
        self.graphs: dict[tuple[int, int], torch.cuda.CUDAGraph] = {}
        self.pool = torch.cuda.graph_pool_handle() if weights.device.type == "cuda" else None

    def serves(self, rules: Rules, count: int, positions: int, weights: Weights) -> bool:
        """Whether this engine can draw what is asked for."""
        own = self.slots
        return (
            self.rules.config == rules.config
            and self.weights.dtype == weights.dtype
            and self.weights.device == weights.device
            and own.count >= count
            and own.positions >= positions
        )

    @torch.inference_mode()
    def renew(self, weights: Weights, rules: Rules) -> None:
        """New values where the graphs read them; no row is alive."""
        for own, new in zip(tensors_of(self.weights), tensors_of(weights), strict=True):
            own.copy_(new)
        self.rules.stops_V.copy_(rules.stops_V)
        self.slots.alive_S.zero_()
        self.slots.sound_1.fill_(True)

    def step(self, rows: int, length: int) -> None:
        """The next token of the first `rows` slots."""
        if self.pool is None:
            self.slots.step(self.weights, self.rules, rows, length)
            return
        if (rows, length) not in self.graphs:
            self.graphs[rows, length] = self._capture(rows, length)
        self.graphs[rows, length].replay()

    def _capture(self, rows: int, length: int) -> torch.cuda.CUDAGraph:
        """Run it once before, as kernels that are made at their first launch ask for. All rows play dead: then a step
        writes what the next one writes again."""
        alive_S = self.slots.alive_S.clone()
        self.slots.alive_S.zero_()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self.slots.step(self.weights, self.rules, rows, length)
        torch.cuda.current_stream().wait_stream(side)
        self.slots.alive_S.copy_(alive_S)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool):
            self.slots.step(self.weights, self.rules, rows, length)
        return graph


ENGINES: weakref.WeakKeyDictionary[nn.Module, Engine] = weakref.WeakKeyDictionary()


def engine_of(model: PreTrainedModel, rules: Rules, count: int, positions: int) -> Engine:
    """The model's engine with its weights as they are now; a new one where what is asked for does not fit the old one."""
    dtype = torch.bfloat16 if rules.config.precision == "bf16" else None
    weights = read_weights(model, dtype, packed=False)
    engine = ENGINES.get(model)
    if engine is None or not engine.serves(rules, count, positions, weights):
        ENGINES.pop(model, None)  # first, so that both need not fit
        engine = ENGINES[model] = Engine(
            copy.deepcopy(weights), rules._replace(stops_V=rules.stops_V.clone()), count, positions
        )
    engine.renew(weights, rules)
    return engine


class SlotSampler:
    """One call: its samples in their order, the slots they have, and those that wait."""

    def __init__(self, engine: Engine, job: Job, units: Sequence[Unit], clock: Clock) -> None:
        self.engine, self.job, self.clock = engine, job, clock
        self.waiting = deque(units)
        self.rows = engine.slots.count  # that a step computes
        self.names: dict[int, tuple[int, int]] = {}  # prompt and sample of each slot in use
        self.longest: dict[int, int] = {}  # what each of them holds at most, in positions
        self.split: tuple[int, Prefix] | None = None  # a prompt whose samples did not all fit, and its prefix

    @property
    def busy(self) -> bool:
        """Whether anything is left to do."""
        return bool(self.waiting or self.names)

    @torch.inference_mode()
    def advance(self) -> list[Completion]:
        """Admit what fits, take the steps up to the next look, and return what has ended."""
        self._admit()
        if not self.waiting:
            self._close_up()
        block = LENGTH_BLOCK
        needed = max(self.longest.values(), default=0) + LOOK_EVERY
        length = min(-(-needed // block) * block, self.engine.slots.positions)
        for _ in range(LOOK_EVERY):
            self.engine.step(self.rows, length)
        for slot in self.longest:
            self.longest[slot] += LOOK_EVERY
        self.clock.lap("steps")
        return self._ended()

    def _admit(self) -> None:
        free = [slot for slot in range(self.rows) if slot not in self.names]
        if not self.waiting or (self.names and len(free) * ADMIT_SHARE < self.rows):
            return
        units: list[Unit] = []
        while self.waiting and len(free) > sum(unit.num_samples for unit in units):
            unit = self.waiting.popleft()
            count = min(unit.num_samples, len(free) - sum(each.num_samples for each in units))
            if count < unit.num_samples:
                self.waiting.appendleft(Unit(unit.prompt, unit.first_sample + count, unit.num_samples - count))
            units.append(Unit(unit.prompt, unit.first_sample, count))
        held, self.split = self.split, None
        if held is not None and held[0] == units[0].prompt:
            self._begin(units[:1], held[1], free)
            units = units[1:]
        for part in batches([unit.prompt for unit in units], self.job.prompts, PREFILL_TOKENS):
            prefix = prefill(self.engine.weights, [self.job.prompts[prompt] for prompt in part])
            started, units = units[: len(part)], units[len(part) :]
            self._begin(started, prefix, free)
        self.clock.lap("prefill")

    def _begin(self, units: Sequence[Unit], prefix: Prefix, free: list[int]) -> None:
        device = self.engine.weights.device
        names = [(unit.prompt, unit.first_sample + i) for unit in units for i in range(unit.num_samples)]
        slots = [free.pop(0) for _ in names]
        prompt_R = [number for number, unit in enumerate(units) for _ in range(unit.num_samples)]
        streams_R = [row_key(self.job.seed, self.job.keys[prompt], sample) for prompt, sample in names]
        self.engine.slots.begin(
            self.engine.rules, prefix, *(torch.tensor(each, device=device) for each in (prompt_R, slots, streams_R))
        )
        for slot, name in zip(slots, names, strict=True):
            self.names[slot], self.longest[slot] = name, len(self.job.prompts[name[0]]) + 1
        if self.waiting and self.waiting[0].prompt == units[-1].prompt:
            self.split = (units[-1].prompt, prefix.select(torch.tensor([len(units) - 1], device=device)))

    def _close_up(self) -> None:
        """When nothing waits and half of the rows would do, the living ones take the first slots."""
        rows = self.rows
        while rows // 2 >= max(MIN_ROWS, len(self.names)):
            rows //= 2
        if rows == self.rows:
            return
        sources = [slot for slot in self.names if slot >= rows]
        targets = [slot for slot in range(rows) if slot not in self.names][: len(sources)]
        device = self.engine.weights.device
        if sources:
            self.engine.slots.move(torch.tensor(sources, device=device), torch.tensor(targets, device=device))
        for source, target in zip(sources, targets, strict=True):
            self.names[target], self.longest[target] = self.names.pop(source), self.longest.pop(source)
        self.rows = rows

    def _ended(self) -> list[Completion]:
        """One look at the ends; what has ended is fetched, and its slots are free."""
        own = self.engine.slots
        *alive, sound = torch.cat([own.alive_S[: self.rows], own.sound_1]).tolist()
        if not sound:
            raise ValueError("the model's logits are not finite: its weights have diverged")
        ended = [slot for slot in self.names if not alive[slot]]
        if not ended:
            return []
        slot_R = torch.tensor(ended, device=own.alive_S.device)
        counts_R_2 = torch.stack([own.steps_S[slot_R], own.finished_S[slot_R].long()], dim=1)
        said = torch.cat([counts_R_2, own.said_S_T[slot_R]], dim=1).tolist()
        scores = own.logprobs_S_T[slot_R].tolist()
        completions = []
        for slot, (count, finished, *tokens), logprobs in zip(ended, said, scores, strict=True):
            prompt, sample = self.names.pop(slot)
            del self.longest[slot]
            completions.append(Completion(prompt, sample, tokens[:count], logprobs[:count], bool(finished)))
        self.clock.lap("bookkeeping")
        return completions


def sample_in_slots(
    model: PreTrainedModel, job: Job, units: Sequence[Unit], max_rows: int, max_tokens: int, clock: Clock | None
) -> Iterator[Completion]:
    """Every sample of the units as soon as its end is seen."""
    longest = max(len(job.prompts[unit.prompt]) for unit in units) + job.config.max_new_tokens
    positions = -(-longest // LENGTH_BLOCK) * LENGTH_BLOCK
    count = min(max_rows, max(1, max_tokens // positions), sum(unit.num_samples for unit in units))
    engine = engine_of(model, Rules(job.config, job.stops_V), count, positions)
    sampler = SlotSampler(engine, job, units, Clock(clock is not None))
    while sampler.busy:
        yield from sampler.advance()
    if clock is not None:
        clock.add(sampler.clock)
