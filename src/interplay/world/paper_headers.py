"""Where the paper's released rule sees a step begin: `Define NAME as V;`, found leniently and in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}  # keeps every character's place
_AS = re.compile(r"(?<=\s)(?:as|a)(?=\s)", re.IGNORECASE)


class Header(NamedTuple):
    start: int
    name: str
    letter: str
    end: int


def headers(body: str) -> Iterator[Header]:
    """Every `Define NAME as V;`. Words of letters alone may stand between "as" (or "a") and V; the first "as" counts
    from which only such words lead to a single letter and a semicolon."""
    marks = list(_as_marks(body))
    at = 0
    position = 0
    lowered = body.lower() if body.isascii() else body.translate(_LOWER)
    while (define := lowered.find("define", position)) >= 0:
        name_start = position = define + len("define")
        while body[name_start : name_start + 1].isspace():
            name_start += 1
        if name_start == position:
            continue
        while at < len(marks) and marks[at][0] <= name_start:
            at += 1
        if at == len(marks):
            return
        as_start, letter, position = marks[at]
        yield Header(define, _clean_name(body[name_start:as_start]), letter, position)


def _as_marks(body: str) -> Iterator[tuple[int, str, int]]:
    """(place of "as" or "a", letter, end) for every one from which plain words lead to a letter and a semicolon."""
    end = 0
    for piece in body.split(";")[:-1]:
        start, end = end, end + len(piece) + 1
        letter = piece[-1:]
        if not (letter.isascii() and letter.isalpha() and piece[-2:-1].isspace()):
            continue
        marks = []
        word_start = len(piece) - 1
        for mark in reversed(list(_AS.finditer(piece))):
            between = "".join(piece[mark.end() : word_start].split())
            if between and not (between.isascii() and between.isalpha()):
                break
            marks.append((start + mark.start(), letter, end))
            word_start = mark.start()
        yield from reversed(marks)


def _clean_name(raw: str) -> str:
    name = " ".join(raw.split()).replace("\ufffd", "").strip(" .;")
    if "efine" in name.lower():
        name = re.split(r"\bdefine\s+", name, flags=re.IGNORECASE)[-1]
    return name.strip(" .;")
