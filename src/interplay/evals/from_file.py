"""Problems to evaluate on from a file of rows, ours or GSM-Infinite's. Their ids are digests of the text.

GSM-Infinite ids are not unique and say nothing. A row that is no problem, or whose gold solution does not follow from its
problem, is left out and counted, as `verify` and `data stats` do: there is nothing to score against.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from interplay.data.gsm_infinite import GoldDefect, reference_of
from interplay.data.json_rows import Item
from interplay.data.row_fields import find, texts, whole
from interplay.data.row_files import fault_of
from interplay.world.problem import Problem


class FileProblems(NamedTuple):
    """(regime, problem) pairs, a regime per op; how many rows were left out, and the place and fault of the first of them."""

    asked: list[tuple[str, Problem]]
    defective: int
    repeated: int
    bad: int
    first_fault: str

    @property
    def left_out(self) -> str:
        """The rows that are not asked in one line, "" where all are."""
        counts = [
            (self.bad, "rows that are no problems"),
            (self.defective, "rows whose gold does not follow from the problem"),
            (self.repeated, "repeated rows"),
        ]
        told = ", ".join(f"{count:,} {what}" for count, what in counts if count)
        first = f"; the first fault: {self.first_fault}" if self.first_fault else ""
        return f"left out: {told}{first}" if told else ""


def problems_of_items(items: Iterable[Item]) -> FileProblems:
    """The distinct problems of the rows, in their order. Raises ValueError with the first fault where there are none."""
    asked: dict[str, tuple[str, Problem]] = {}
    defective = repeated = bad = 0
    first_fault = ""
    for item in items:
        try:
            if (fault := fault_of(item)) is not None:
                raise ValueError(fault)
            problem = problem_of(item.value)
        except GoldDefect as error:
            defective += 1
            first_fault = first_fault or f"{item.place}: gold_defect: {error}"
            continue
        except ValueError as error:
            bad += 1
            first_fault = first_fault or f"{item.place}: {error}"
            continue
        repeated += problem.id in asked
        op = whole(find(item.value, "op"))
        asked.setdefault(problem.id, (f"op{problem.op if op is None else op}", problem))
    if not asked:
        raise ValueError(f"no problem to evaluate on; {first_fault or 'there are no rows'}")
    return FileProblems(list(asked.values()), defective, repeated, bad, first_fault)


def problem_of(row: Mapping[str, object]) -> Problem:
    """The problem of a row of any layout. Raises GoldDefect where its gold does not follow, ValueError for what it lacks."""
    reference = reference_of(row)
    words = [text.strip() for text in texts(row)]
    spelled = "\n".join(words).encode(errors="surrogatepass")
    about = [str(find(row, field) or otherwise) for field, otherwise in (("template", ""), ("style", "full"))]
    return Problem(hashlib.blake2b(spelled, digest_size=8).hexdigest(), *about, reference.graph, *words)  # type: ignore[call-arg,arg-type]
