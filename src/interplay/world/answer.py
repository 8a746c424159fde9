"""What stands in the answer slot, read as a number: `9`, `9.`, `9.0`, `1,234`, `9 schools`.

A unit must be what the question asks for: the end of its name ("schools", "middle schools", "private middle schools"),
singular or plural, with or without its place. A number of other things is not the answer.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ANSWER = re.compile(r"(-?)(0|[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]*)(?:\.0+)?(?:\s+([^\W\d_].*?))?\.?", re.DOTALL)
_MAX_CHARS = 256
_MAX_DIGITS = 16


def read_answer(text: str, asked: str | None) -> int | None:
    """The number, None for anything else. `asked` is the quantity whose units may follow it; None: none may."""
    if text.isdecimal() and text.isascii() and len(text) <= _MAX_DIGITS and (text[0] != "0" or text == "0"):
        return int(text)
    if len(text) > _MAX_CHARS:
        return None
    match = _ANSWER.fullmatch(text)
    if match is None or len(match[2]) > _MAX_DIGITS:
        return None
    if match[3]:
        unit = " ".join(unicodedata.normalize("NFC", match[3]).lower().split())
        if asked is None or unit not in units_of(asked):
            return None
    number = int(match[2].replace(",", ""))
    return -number if match[1] else number


@lru_cache(maxsize=256)
def units_of(name: str) -> frozenset[str]:
    """What may follow the number that a quantity is: of "total number of schools in Ash" schools, schools in Ash."""
    name = unicodedata.normalize("NFC", name).lower()
    title, _, location = name.rpartition(" in ")
    for begin in ("total number of ", "average number of "):
        title = title.removeprefix(begin)
    titles = [title, *(title.partition(mark)[0] for mark in (" per ", " of all ", " from all ") if mark in title)]
    units: set[str] = set()
    for words in (each.split() for each in titles):
        for start in range(len(words)):
            *others, last = words[start:]
            units |= {" ".join([*others, form]) for form in (last, *_other_numbers(last))}
    return frozenset(units | {f"{unit} in {location}" for unit in units})


def _other_numbers(word: str) -> list[str]:
    """Plurals of a word, and its singular if it is one itself."""
    forms = [word + "s", word + "es"]
    if word.endswith("y"):
        forms.append(word[:-1] + "ies")
    if word.endswith("f"):
        forms.append(word[:-1] + "ves")
    if word.endswith("s"):
        forms.append(word[:-1])
    return forms
