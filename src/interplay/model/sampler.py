"""Draw completions: many samples of many prompts, by one forward pass per token over every row in flight.

Each prompt is read once and its keys are shared by all its samples. Rows that end leave, and the next prompt's rows
enter, within a bound on rows and on tokens whose keys are held. A sample is a function of weights, prompt key, sample
index and seed; which rows run beside it changes the last bits of its logits and nothing else.

On a CPU the prompts are cut into shares by their number alone, and each share is worked on by one thread with
single-threaded products. So the bytes do not depend on how many threads there are, and nobody waits after every product,
which collapses when another process takes a core. On a GPU all rows stand in one set of slots (`slot_sampler.py`).
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from interplay.model.any_model import sample_by_model_forward
from interplay.model.cohort import Completion, Unit
from interplay.model.memory import keep_freed_memory
from interplay.model.next_token import SamplingConfig
from interplay.model.phase_times import Clock
from interplay.model.slot_sampler import sample_in_slots
from interplay.model.weights import in_family, read_weights
from interplay.model.worker import Job, Worker
from interplay.world.randomness import derive

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Clock", "Completion", "SamplingConfig", "sample"]

MAX_SHARES = 4
# products of few rows wait for the weights: at `mini`, 512 rows in one share are 1.2 (fp32) and 1.4 (bf16) times as fast as
# in four; but where there are fewer shares than threads, threads stand idle
MIN_ROWS_PER_SHARE = 192


def sample(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    *,
    num_samples: int,
    config: SamplingConfig,
    stop_ids: Collection[int],
    seed: int,
    keys: Sequence[str | int] | None = None,
    first_sample: int = 0,
    max_rows: int | None = None,
    max_tokens: int | None = None,
    threads: int | None = None,
    clock: Clock | None = None,
) -> Iterator[Completion]:
    """`num_samples` completions of every prompt, each as soon as it has ended, in no particular order.

    A prompt's key names its stream of random numbers; without `keys` it is a hash of the prompt's tokens, so equal
    prompts draw equal samples. Sample indices run from `first_sample`, so more samples can be drawn later. `max_rows`
    bounds the rows in flight and `max_tokens` the tokens whose keys and values are held. The model must not change before
    the iterator is exhausted.
    """
    check(model, prompts, num_samples, config, stop_ids, keys)
    for name, bound in {"max_rows": max_rows, "max_tokens": max_tokens, "threads": threads}.items():
        if bound is not None and bound < 1:
            raise ValueError(f"{name} must be positive, got {bound}")
    device = next(model.parameters()).device
    on_cpu = device.type == "cpu"
    max_rows = max_rows or (4_096 if on_cpu else 8_192)
    max_tokens = max_tokens or (2**19 if on_cpu else 2**22)
    vocab_size = int(model.config.vocab_size)
    stops_V = torch.zeros(vocab_size, dtype=torch.bool, device=device)
    stops_V[sorted(stop_ids)] = True
    keys = [derive("prompt", *prompt) for prompt in prompts] if keys is None else keys
    job = Job(prompts, keys, config, stops_V, seed)
    units = [Unit(prompt, first_sample, num_samples) for prompt in range(len(prompts))]
    if not in_family(model):
        return sample_by_model_forward(model, job, units, max_rows)
    if not units:
        return iter(())
    if not on_cpu:
        return sample_in_slots(model, job, units, max_rows, max_tokens, clock)
    num_workers = _num_shares(len(prompts) * num_samples, max_rows)
    keep_freed_memory()
    weights = read_weights(model, torch.bfloat16 if config.precision == "bf16" else None)
    clocks = [Clock(clock is not None) for _ in range(num_workers)]
    workers = [
        Worker(weights, job, share, max_rows // num_workers, max_tokens // num_workers, lap)
        for share, lap in zip(_shares(units, num_workers), clocks, strict=True)
    ]
    return _run(workers, threads or torch.get_num_threads(), clock)


def check(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    num_samples: int,
    config: SamplingConfig,
    stop_ids: Collection[int],
    keys: Sequence[str | int] | None,
) -> None:
    """What a caller can get wrong, before anything runs."""
    vocab_size, positions = int(model.config.vocab_size), positions_of(model)
    if num_samples < 1:
        raise ValueError(f"num_samples must be positive, got {num_samples}")
    if keys is not None and len(keys) != len(prompts):
        raise ValueError(f"{len(prompts)} prompts need as many keys, got {len(keys)}")
    if outside := sorted(i for i in stop_ids if not 0 <= i < vocab_size):
        raise ValueError(f"stop_ids must be in 0..{vocab_size - 1}, got {outside[0]}")
    for i, prompt in enumerate(prompts):
        if not prompt:
            raise ValueError(f"prompt {i} is empty")
        if len(prompt) + config.max_new_tokens > positions:
            raise ValueError(
                f"prompt {i} has {len(prompt)} tokens and max_new_tokens is {config.max_new_tokens}: "
                f"together more than the model's {positions} positions"
            )
        if not 0 <= min(prompt) <= max(prompt) < vocab_size:
            raise ValueError(f"prompt {i} has token {max(prompt)} or {min(prompt)} outside 0..{vocab_size - 1}")


def positions_of(model: PreTrainedModel) -> int:
    """The longest text that a model takes, in tokens; a very large number where its config names no limit."""
    return int(getattr(model.config, "max_position_embeddings", None) or 2**31)


def _num_shares(rows: int, max_rows: int) -> int:
    return max(1, min(MAX_SHARES, rows // MIN_ROWS_PER_SHARE, max_rows // MIN_ROWS_PER_SHARE))


def _shares(units: list[Unit], num_workers: int) -> list[list[Unit]]:
    """Dealt out in turn; samples of one prompt are parted only when there are fewer prompts than workers."""
    if len(units) < num_workers:
        parts = -(-num_workers // len(units))
        units = [part for unit in units for part in _parted(unit, parts)]
    return [units[i::num_workers] for i in range(num_workers)]


def _parted(unit: Unit, parts: int) -> list[Unit]:
    edges = [unit.num_samples * i // parts for i in range(parts + 1)]
    return [Unit(unit.prompt, unit.first_sample + a, b - a) for a, b in itertools.pairwise(edges) if b > a]


def _run(workers: list[Worker], threads: int, clock: Clock | None) -> Iterator[Completion]:
    if threads == 1 or len(workers) == 1:
        with one_torch_thread(workers[0].weights.device):
            for worker in workers:
                while worker.busy:
                    yield from worker.step()
    else:
        yield from _run_in_threads(workers, min(threads, len(workers)))
    if clock is not None:
        for worker in workers:
            clock.add(worker.clock)


@contextmanager
def one_torch_thread(device: torch.device) -> Iterator[None]:
    """Products of one thread, on a CPU."""
    before = torch.get_num_threads()
    if device.type == "cpu" and before != 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)


def _run_in_threads(workers: list[Worker], threads: int) -> Iterator[Completion]:
    """Each thread takes a worker, from its beginning to its end, while there are any. Leaving the iterator early stops
    them; an error in one is raised here."""
    results: queue.SimpleQueue[list[Completion] | BaseException | None] = queue.SimpleQueue()
    stopped, before, waiting = threading.Event(), torch.get_num_threads(), iter(workers)

    def work() -> None:
        try:
            torch.set_num_threads(1)
            for worker in waiting:
                while worker.busy and not stopped.is_set():
                    results.put(worker.step())
            results.put(None)
        except BaseException as error:
            results.put(error)

    running = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        left = len(running)
        while left:
            result = results.get()
            if isinstance(result, BaseException):
                raise result
            left -= result is None
            yield from result or ()
    finally:
        stopped.set()
        for thread in running:
            thread.join()
        torch.set_num_threads(before)
