"""Problems to evaluate on from a file of rows, ours or GSM-Infinite's. Their ids are digests of the text.

GSM-Infinite ids are not unique and say nothing. A row whose gold solution does not follow from its problem is left out and
counted: there is nothing to score against.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from interplay.data.gsm_infinite import GoldDefect, reference_of
from interplay.evals.evaluate import Asked
from interplay.world.problem import Problem


class FileProblems(NamedTuple):
    """(regime, problem) pairs, a regime per op, and how many rows were left out and why."""

    asked: Asked
    defective: int
    repeated: int


def problems_of_rows(rows: Iterable[object]) -> FileProblems:
    """The distinct problems of the rows, in their order. Raises ValueError naming the row that is not a problem."""
    asked: dict[str, tuple[str, Problem]] = {}
    defective = repeated = 0
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            raise ValueError(f"row {number} is not a JSON object")
        missing = [field for field in ("problem", "question", "solution", "op") if field not in row]
        if missing:
            raise ValueError(f"row {number} lacks {', '.join(missing)}")
        try:
            reference = reference_of(row)
        except GoldDefect:
            defective += 1
            continue
        problem = _problem(row, reference.graph)
        repeated += problem.id in asked
        asked.setdefault(problem.id, (f"op{row['op']}", problem))
    if not asked:
        raise ValueError("no problem to evaluate on: every row was empty or defective")
    return FileProblems(list(asked.values()), defective, repeated)


def _problem(row: Mapping[str, object], graph: object) -> Problem:
    texts = [str(row[field]).strip() for field in ("problem", "question", "solution")]
    spelled = "\n".join(texts).encode()
    return Problem(
        hashlib.blake2b(spelled, digest_size=8).hexdigest(),
        str(row.get("template", "")),
        str(row.get("style", "full")),
        graph,  # type: ignore[arg-type]
        *texts,
    )
