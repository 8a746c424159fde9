"""The worst strings we know, from `cases/hostile.jsonl`: whatever takes a text must take these.

A row is a text and how often it is repeated, at most 64 KiB in all.
"""

from __future__ import annotations

import json
from pathlib import Path

MAX_CHARS = 1 << 16


def _read() -> dict[str, str]:
    lines = (Path(__file__).parent / "cases" / "hostile.jsonl").read_text(encoding="ascii").splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["kind"]: (row["text"] * row["times"])[:MAX_CHARS] for row in rows}


TEXTS = _read()
SHORT = {kind: text for kind, text in TEXTS.items() if len(text) <= 1_000}
# a surrogate without its pair is no Unicode text: no model emits it, and readers of rows refuse it
UNICODE = {kind: text for kind, text in TEXTS.items() if not any("\ud800" <= letter <= "\udfff" for letter in text)}
