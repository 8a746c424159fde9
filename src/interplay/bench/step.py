"""One training step at three sizes of model, beside the step that anybody would write by hand, on one thread.

By hand: transformers' model in fp32, every position through the head, torch's own Muon and AdamW, clipping. Ours: the
gradient of `train/step.py` and `build_optimizer`, in fp32 and in bf16. All take the same rows of the scale's own text, in
turn, and are timed by what the process had of its processor, so that a busy machine bends the ratios little.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import torch

from interplay.data.packing import IGNORED
from interplay.data.tokenizer import train_tokenizer
from interplay.model.build import build
from interplay.model.sizes import size
from interplay.studies.recipe import Recipe
from interplay.studies.scales import MICRO, SMALL
from interplay.studies.study import Workplace
from interplay.train.blocks import PackedBlocks, collate
from interplay.train.config import TrainConfig
from interplay.train.flops import causal_pairs, forward_cost
from interplay.train.joined import Joined
from interplay.train.optimizer import OptimizerConfig, build_optimizer
from interplay.train.step import add_step_gradient

TEXTS = {"micro": MICRO, "mini": MICRO, "small": SMALL}  # whose rows a size reads
POSITIONS = 3072  # of a step, about
TRIES = {"micro": 9, "mini": 5, "small": 3}

Step = Callable[[], float]  # one step; its seconds


class Work(NamedTuple):
    """What every step of a size is given."""

    model: Any
    batch: dict[str, Any]
    labels: int
    optimizer: OptimizerConfig


def steps() -> dict[str, float]:
    """Per size: positions per second by hand, how many times that ours takes, and its share of the bf16 limit.

    Torch must have one thread.
    """
    limit = bf16_limit()
    found = {f"{name}_{key}": value for name in TEXTS for key, value in of_size(name, limit).items()}
    return {"bf16_limit_gflops": round(limit / 1e9, 1), **found}


def of_size(name: str, limit: float) -> dict[str, float]:
    """One size, all kinds of step in turn."""
    first = work_of(name)
    fp32, bf16 = (first._replace(model=deepcopy(first.model)) for _ in range(2))
    kinds = {"hand": by_hand(first), "fp32": ours(fp32, "fp32"), "bf16": ours(bf16, "bf16")}
    for step in kinds.values():
        step()  # allocates the optimiser's state
    rounds = [{kind: step() for kind, step in kinds.items()} for _ in range(TRIES[name])]
    hand_s, bf16_s = (statistics.median(taken[kind] for taken in rounds) for kind in ("hand", "bf16"))
    positions = first.batch["input_ids"].numel()
    return {
        "parameters": first.model.num_parameters(),
        "hand_positions_per_s": round(positions / hand_s, 1),
        "fp32_times_hand": round(statistics.median(taken["hand"] / taken["fp32"] for taken in rounds), 2),
        "bf16_times_hand": round(statistics.median(taken["hand"] / taken["bf16"] for taken in rounds), 2),
        "bf16_share_of_limit": round(flops_of(first) / bf16_s / limit, 3),
    }


def work_of(name: str) -> Work:
    """A new model of that size and some packed rows of its scale."""
    text = TEXTS[name]
    recipe = Recipe(text, Workplace(store="store", runtime={}))
    rows = max(1, POSITIONS // text.train.packing.width)
    packing = text.train.packing.model_copy(update={"rows": rows})
    base = recipe.base(0).config.model_dump() | {"grid_tokens": (), "validation": None, "packing": packing}
    tokens = rows * packing.width
    config = TrainConfig.model_validate(base | {"batch_tokens": tokens, "budget_tokens": tokens})
    settings = recipe.tokenizer().config
    tokenizer = train_tokenizer(settings.model_copy(update={"documents": 500}))
    batch = collate([PackedBlocks(config, tokenizer)[0]])
    labels = int((batch["labels"][:, 1:] != IGNORED).sum())
    return Work(build(size(name), len(tokenizer), 0), batch, labels, text.train.optimizer)


def by_hand(work: Work) -> Step:
    """A step of the loop that anybody would write, with torch's own Muon for the same matrices."""
    model, config = work.model.train(), work.optimizer
    joined = build_optimizer(model, config)
    assert isinstance(joined, Joined), "these scales train with Muon"
    muon, adamw = joined.parts
    matrices = [p for group in muon.param_groups for p in group["params"]]
    theirs = torch.optim.Muon(matrices, lr=config.matrix_lr, weight_decay=config.weight_decay)
    inputs = {k: v for k, v in work.batch.items() if k not in ("served", "starts")}

    def step() -> None:
        model(**inputs).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm)
        for optimizer in (theirs, adamw):
            optimizer.step()
            optimizer.zero_grad()

    return lambda: _seconds(step)


def ours(work: Work, precision: str) -> Step:
    """A step as a stage takes it."""
    model, optimizer = work.model.train(), build_optimizer(work.model, work.optimizer)

    def step() -> None:
        add_step_gradient(model, work.batch, precision, work.labels, threads=1)
        torch.nn.utils.clip_grad_norm_(model.parameters(), work.optimizer.clip_norm)
        optimizer.step()
        optimizer.zero_grad()

    return lambda: _seconds(step)


def flops_of(work: Work) -> float:
    """Floating-point operations of a step, as a stage counts them."""
    lengths = [
        end - start
        for row, places in zip(work.batch["input_ids"], work.batch["starts"].places_R, strict=True)
        for start, end in zip(places, (*places[1:], len(row)), strict=True)
    ]
    return forward_cost(work.model.config).training(work.batch["input_ids"].numel(), causal_pairs(lengths))


def bf16_limit(side: int = 1024, tries: int = 5) -> float:
    """FLOP/s of one thread on a product of two bf16 matrices: the best of some tries."""
    a = torch.ones(side, side, dtype=torch.bfloat16)
    best = min(_seconds(lambda: a @ a) for _ in range(tries))
    return 2 * side**3 / best


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
