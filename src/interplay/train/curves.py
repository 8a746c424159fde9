"""Curves per cell: the loss on gold solutions of unseen problems, at every point of the token grid.

The mean over a mixture hides the onset of a skill, because easy cells dominate it. Here every cell has its own curve. Its
problems are of the split `val`, the same at every point and for every arm; their prompts are given, their solutions judged.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import PositiveInt
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from interplay.config import Config
from interplay.data.mixture import Cell, Mixture
from interplay.data.packing import IGNORED
from interplay.data.stream import Stream, distinct_problems
from interplay.data.tokenizer import encode_document

CURVES = "curves.jsonl"
ROWS_PER_BATCH = 16


class Validation(Config):
    """How many distinct problems of each cell; `mixture` names the cells where they are not those of training."""

    problems: PositiveInt = 32
    mixture: Mixture | None = None
    seed: int = 0


class Curves:
    """The held-out solutions of every cell, encoded once."""

    def __init__(self, config: Validation, training: Stream, tokenizer: PreTrainedTokenizerFast, longest: int) -> None:
        source = training.model_copy(update={"split": "val", "seed": config.seed})
        cells: tuple[Cell, ...] = (config.mixture or training.mixture).cells
        self.pad: int = tokenizer.pad_token_id
        self.documents: dict[str, list[tuple[list[int], list[int]]]] = {}
        for cell in dict.fromkeys(cells):
            documents = [encode_document(tokenizer, p) for p in distinct_problems(source, cell, config.problems)]
            fitting = [(prompt, gold) for prompt, gold in documents if len(prompt) + len(gold) <= longest]
            if not fitting:
                raise ValueError(f"no validation problem of {cell} fits the model's {longest} positions")
            self.documents[str(cell)] = fitting

    def measure(self, model: Any) -> dict[str, dict[str, float]]:
        """For each cell: loss per solution token, nats per whole solution, and how many of both."""
        was_training = model.training
        model.eval()
        found = {}
        with torch.no_grad():
            for cell, documents in self.documents.items():
                tokens = sum(len(gold) for _, gold in documents)
                nats = sum(
                    self._nats(model, documents[start : start + ROWS_PER_BATCH])
                    for start in range(0, len(documents), ROWS_PER_BATCH)
                )
                found[cell] = {
                    "loss": nats / tokens,
                    "solution_nll": nats / len(documents),
                    "problems": len(documents),
                    "tokens": tokens,
                }
        model.train(was_training)
        return found

    def _nats(self, model: Any, documents: list[tuple[list[int], list[int]]]) -> float:
        """Summed loss of some solutions. Right padding needs no mask: a causal model's real positions do not see it."""
        width = max(len(prompt) + len(gold) for prompt, gold in documents)
        ids_B_T = torch.full((len(documents), width), self.pad)
        labels_B_T = torch.full((len(documents), width), IGNORED)
        for row, (prompt, gold) in enumerate(documents):
            end = len(prompt) + len(gold)
            ids_B_T[row, :end] = torch.tensor(prompt + gold)
            labels_B_T[row, len(prompt) : end] = torch.tensor(gold)
        device = next(model.parameters()).device
        logits_B_T_V = model(input_ids=ids_B_T.to(device), use_cache=False).logits[:, :-1].float()
        targets_BT = labels_B_T[:, 1:].reshape(-1).to(device)
        return float(
            functional.cross_entropy(logits_B_T_V.flatten(0, 1), targets_BT, ignore_index=IGNORED, reduction="sum")
        )
