"""Verdicts on the rows of a file, one by one, and a summary of them: what `interplay verify` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from interplay.data.gsm_infinite import RULES, not_judged, verify_candidates
from interplay.data.json_rows import Item
from interplay.data.row_files import fault_of

COUNTED = (*RULES, "answer_correct")


class Tally:
    """What happened to the rows so far."""

    def __init__(self) -> None:
        self.rows = self.judged = 0
        self.accepted: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.first_reason: str | None = None
        self.fields: tuple[str, ...] = ()

    def lines(self, candidate_field: str) -> list[str]:
        """The summary. Raises ValueError where no row could be judged, with the first reason."""
        if not self.rows:
            raise ValueError("there are no rows to judge")
        if not self.judged:
            missing = "the field" in str(self.first_reason) and f"{candidate_field!r} is missing" in str(
                self.first_reason
            )
            hint = f"; the rows have {', '.join(self.fields[:20])}" if missing and self.fields else ""
            raise ValueError(f"no row could be judged; {self.first_reason}{hint}")
        shares = [f"{name} {self.accepted[name] / self.judged:.1%}" for name in COUNTED]
        lines = [f"judged {self.judged:,} solutions in {self.rows:,} rows: {', '.join(shares)}"]
        if self.faults:
            lines.append(f"first faults: {', '.join(f'{name} {n:,}' for name, n in self.faults.most_common())}")
        if self.first_reason is not None:
            lines.append(f"not judged, the first: {self.first_reason}")
        return lines


def verdicts(
    items: Iterable[Item], tally: Tally, gold_field: str, candidate_field: str, rule: str, *, steps: bool = False
) -> Iterator[dict[str, object]]:
    """One verdict for each candidate, with the `index` of its row; `tally` is brought up to date on the way."""
    for index, item in enumerate(items):
        tally.rows += 1
        fault = fault_of(item)
        if fault is not None:
            judged = [not_judged(f"bad_row: {fault} ({item.place})")]
        else:
            judged = verify_candidates(item.value, gold_field, candidate_field, rule, steps=steps)
        for verdict in judged:
            if verdict["strict"] is None:
                _note_reason(tally, item, str(verdict["error"]))
            else:
                tally.judged += 1
                tally.accepted.update(name for name in COUNTED if verdict[name])
                tally.faults.update([str(verdict["error"])] if verdict["error"] else [])
            yield {"index": index, **verdict}


def _note_reason(tally: Tally, item: Item, reason: str) -> None:
    if tally.first_reason is None:
        tally.first_reason = reason if item.place in reason else f"{item.place}: {reason}"
        tally.fields = tuple(map(str, item.value)) if isinstance(item.value, Mapping) else ()
