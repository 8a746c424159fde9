"""Curves per cell: the loss on gold solutions of unseen problems, at every point of the token grid.

The mean over a mixture hides the onset of a skill, because easy cells dominate it. Here every cell has its own curve. Its
problems are of the split `val`, the same at every point and for every arm; their prompts are given, their solutions judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import PositiveInt

from interplay.config import Config
from interplay.data.mixture import Cell, Mixture
from interplay.data.stream import Stream, distinct_problems
from interplay.data.tokenizer import encode_document

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from interplay.model.likelihood import Document

CURVES = "curves.jsonl"


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
        self.documents: dict[str, list[Document]] = {}
        for cell in dict.fromkeys(cells):
            documents = [encode_document(tokenizer, p) for p in distinct_problems(source, cell, config.problems)]
            fitting = [(prompt, gold) for prompt, gold in documents if len(prompt) + len(gold) <= longest]
            if not fitting:
                raise ValueError(f"no validation problem of {cell} fits the model's {longest} positions")
            self.documents[str(cell)] = fitting

    def measure(self, model: PreTrainedModel) -> dict[str, dict[str, float]]:
        """For each cell: loss per solution token, nats per whole solution, and how many of both."""
        from interplay.model.likelihood import nll_sums

        was_training = model.training
        model.eval()
        found = {}
        for cell, documents in self.documents.items():
            tokens = sum(len(gold) for _, gold in documents)
            nats = sum(nll_sums(model, documents))
            found[cell] = {
                "loss": nats / tokens,
                "solution_nll": nats / len(documents),
                "problems": len(documents),
                "tokens": tokens,
            }
        model.train(was_training)
        return found
