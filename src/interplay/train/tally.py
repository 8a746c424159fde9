"""What was really served, counted while it is trained on, and held against the mixture that was asked for.

A mixture is a promise about shares of documents. The release broke it unseen; here every stage says what share each cell
got, and how many standard errors that is from what chance gives when documents are drawn independently.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from interplay.data.mixture import Mixture
from interplay.data.packing import Block


@dataclass(frozen=True)
class Tally:
    """Documents by cell, their tokens, the (query, key) pairs attention sees in them, and what fitted in no row."""

    documents: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    pairs: int = 0
    dropped: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.documents + other.documents,
            self.tokens + other.tokens,
            self.pairs + other.pairs,
            self.dropped + other.dropped,
        )

    @classmethod
    def of(cls, block: Block) -> Tally:
        """What one block holds."""
        return cls(block.documents, block.tokens, block.pairs, block.dropped)

    def to_json(self) -> str:
        """One JSON object."""
        return json.dumps(vars(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Tally:
        """What `to_json` gave."""
        found = json.loads(text)
        return cls(**{**found, "documents": Counter(found["documents"])})


def served(mixture: Mixture, documents: Mapping[str, int]) -> dict[str, object]:
    """Asked and served share of every cell, with the deviation in standard errors, and the largest of them.

    A cell's served count is binomial, so its share has the standard error sqrt(w (1 - w) / n). Where a mixture has one
    cell there is nothing to deviate.
    """
    asked: dict[str, float] = {}
    for share in mixture.shares:
        asked[str(share.cell)] = asked.get(str(share.cell), 0.0) + share.weight
    n = sum(documents.values())
    cells: dict[str, dict[str, float | None]] = {}
    for cell, weight in sorted(asked.items()):
        found = documents.get(cell, 0) / n if n else 0.0
        error = math.sqrt(weight * (1 - weight) / n) if n else 0.0
        cells[cell] = {"asked": weight, "served": found, "errors": (found - weight) / error if error else None}
    deviations = [abs(cell["errors"]) for cell in cells.values() if cell["errors"] is not None]
    return {"cells": cells, "largest_errors": max(deviations, default=0.0)}
