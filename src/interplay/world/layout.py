"""White space is layout: line breaks, tabs and runs of blanks mean one blank, in both styles and in every part.

The parsers see single blanks. Places in the text are then given back as places in the text as it was written.
"""

from __future__ import annotations

import re
from bisect import bisect_right

_RUN = re.compile(r"\s+")


class Layout:
    """A text with single blanks, and the way back to its places."""

    def __init__(self, written: str) -> None:
        pieces: list[str] = []
        self._starts: list[int] = [0]  # where a shift begins to hold, in the single-blank text
        self._shifts: list[int] = [0]
        position = length = 0
        for run in _RUN.finditer(written):
            pieces += (written[position : run.start()], " ")
            length += run.start() - position + 1
            position = run.end()
            if position - length != self._shifts[-1]:
                self._starts.append(length)
                self._shifts.append(position - length)
        self.text = "".join([*pieces, written[position:]])

    def place(self, position: int) -> int:
        """The place as it was written."""
        return position + self._shifts[bisect_right(self._starts, position) - 1]

    def end(self, position: int) -> int:
        """The same for the end of a passage: right after its last character."""
        return self.place(position - 1) + 1 if position else 0


def needs_layout(text: str) -> bool:
    """Whether there may be white space other than single blanks: all of it but the blank is not printable."""
    return "  " in text or not text.isprintable()
