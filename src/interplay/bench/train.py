"""Training tokens per second at `micro`, beside a bare PyTorch loop on the same model, rows and optimiser."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch

from interplay.bench.clock import rates
from interplay.data.tokenizer import train_tokenizer
from interplay.model.build import build
from interplay.studies.recipe import Recipe
from interplay.studies.scales import MICRO
from interplay.studies.study import Workplace
from interplay.train.optimizer import build_optimizer
from interplay.train.runtime import Runtime
from interplay.train.supervised import PackedBlocks, collate, supervise

RECIPE = Recipe(MICRO, Workplace("", {}))
STEPS = 12


def bench(threads: int) -> dict[str, Any]:
    """Both train `STEPS` steps a round, data included; the parts hold the share of time spent waiting for data."""
    torch.set_num_threads(threads)
    config = RECIPE.supervised(RECIPE.regimes["id"], STEPS * MICRO.batch_tokens, seed=0)
    tokenizer = train_tokenizer(RECIPE.tokenizer_config)
    waits: list[float] = []

    def ours() -> float:
        with tempfile.TemporaryDirectory() as folder:
            summary = supervise(
                config, build(MICRO.model, len(tokenizer), 0), tokenizer, Path(folder), Runtime(threads=threads)
            )
        waits.append(summary["data_wait_share"])
        return float(summary["tokens"])

    def bare() -> float:
        model = build(MICRO.model, len(tokenizer), 0).train()
        optimizer, blocks = build_optimizer(model, config.optimizer), PackedBlocks(config, tokenizer)
        for index in range(len(blocks)):
            batch = collate([blocks[index]])
            batch.pop("served")
            model(**batch).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), config.optimizer.clip_norm)
            optimizer.step()
            optimizer.zero_grad()
        return float(STEPS * config.batch_tokens)

    found = rates({"interplay": ours, "bare": bare}, budget_s=20)
    return {
        "value": round(found["interplay"], 1), "unit": "tokens/s",
        "peer": "a bare PyTorch loop", "peer_value": round(found["bare"], 1),
        "parts": {"data_wait_share": round(sum(waits) / len(waits), 4)},
    }  # fmt: skip
