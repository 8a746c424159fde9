r"""The answer that a text says it has, in whatever way language models say it.

The step rules read one format. A general model writes `\boxed{14}`, `**Answer:** 14` or `The answer is 14.`, often after
a block of thoughts. This reading is reported beside the step rules and never counts as one of them: it asks whether the
number is right, and a number can be guessed.

Thoughts (`<think> ... </think>`) are no part of what is said. Of several answers the last one counts, since a text may
correct itself; a text that breaks off inside its thoughts says nothing.
"""

from __future__ import annotations

import re

MAX_CHARS = 20_000  # of the end of a text; who has an answer says it there
_NUMBER = r"(-?)\$?([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.0{1,8}(?![0-9]))?(?![0-9.,]*[0-9])"
_WAYS = (
    re.compile(r"<answer>[ \n]{0,8}" + _NUMBER + r"[^<>]{0,64}</answer>"),
    re.compile(r"\\boxed\{[ \n]{0,8}(?:\\text\{|\\mathbf\{)?[ \n]{0,8}" + _NUMBER),
    re.compile(r"####[ ]{0,8}" + _NUMBER),
    re.compile(
        r"\banswer\b[ *_:=\n]{0,12}(?:\b(?:is|to the question is|equals)\b)?[ *_:=\n]{0,12}(?:\\\(|\$)?"
        r"(?:[A-Za-z][ ]{0,2}=[ ]{0,2})?" + _NUMBER,
        re.IGNORECASE,
    ),
)
_MAX_DIGITS = 16


def said_answer(text: str) -> int | None:
    """The number the text gives as its answer, None where it gives none. Never raises; linear in the text.

    >>> said_answer(r"<think> 9? </think> So the total is \\boxed{14}.")
    14
    >>> said_answer("The answer is 1,204 wolves.")
    1204
    """
    spoken = without_thoughts(text)
    if spoken is None:
        return None
    spoken = spoken[-MAX_CHARS:]
    last = max((found for way in _WAYS for found in way.finditer(spoken)), key=lambda m: m.start(), default=None)
    digits = last[2].replace(",", "") if last is not None else ""
    if last is None or len(digits) > _MAX_DIGITS:
        return None
    number = int(digits)
    return -number if last[1] else number


def without_thoughts(text: str) -> str | None:
    """What follows the last block of thoughts; None where such a block was begun and not ended."""
    end = text.rfind("</think>")
    rest = text[end + len("</think>") :] if end >= 0 else text
    return None if "<think>" in rest else rest
