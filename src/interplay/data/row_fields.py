"""What a row means, however its maker laid it out.

A field stands at the top, under a dotted name, or inside what trainers put around a row: `extra_info` and `reward_model`
of verl, `info`, `metadata`, `doc`. Problem and question may be the user's turn of a chat, a candidate may be a text, a
chat, an answer of an API, or a list of any of these.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from interplay.world.graph import Graph, from_dict

Row = Mapping[str, Any]

HOLDERS = ("extra_info", "reward_model", "ground_truth", "metadata", "info", "doc", "row", "task")
CHATS = ("prompt", "messages")
CUT = ("length", "max_tokens", "max_output_tokens", "model_length")
_TAGGED = re.compile(r"<question>(.*?)</question>", re.S)
_QUESTION = re.compile(r"(?:What is the |How many )[^?]*\?$|(?<= \. )[^.?]* \?$")


class Candidate(NamedTuple):
    """A solution to judge. `truncated`: its writer was stopped by a limit; `fault`: why there is no text to judge."""

    text: str
    truncated: bool = False
    fault: str | None = None


def find(row: Row, name: str) -> Any:
    """The value of a field, None where there is none."""
    value = row.get(name)
    if value is None and "." in name:
        value = _along(row, name.split("."))
    if value is None:
        value = next((inner[name] for inner in _inside(row) if inner.get(name) is not None), None)
    return value


def texts(row: Row, gold_field: str = "solution") -> tuple[str, str, str]:
    """(problem, question, gold solution). Raises ValueError naming what is missing or not text."""
    gold = find(row, gold_field)
    if gold is None and isinstance(row.get("reward_model"), Mapping):
        gold = row["reward_model"].get("ground_truth")
    problem, question = find(row, "problem"), find(row, "question")
    if problem is None or question is None:
        problem, question = _from_chat(row) or (problem, question)
    for name, text in (("problem", problem), ("question", question), (gold_field, gold)):
        if not isinstance(text, str):
            raise ValueError(f"the field {name!r} is {'missing' if text is None else 'not text'}")
    return problem, question, gold


def graph_of(row: Row) -> Graph | None:
    """The row's graph, None for a row without one. It may be an object or JSON text. Raises ValueError for a damaged one."""
    data = find(row, "graph")
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            raise ValueError("a row's graph is text, but not JSON") from None
    if data is None:
        return None
    if not isinstance(data, Mapping):
        raise ValueError(f"a row's graph must be an object, got {type(data).__name__}")
    return from_dict(data)


def whole(value: object) -> int | None:
    """A whole number however a file spells it: 2, 2.0, "2". None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,15}\s*", value):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def candidates(row: Row, field: str) -> tuple[list[Candidate], bool]:
    """(the solutions in a field, whether they are several). Raises ValueError where there is no such field."""
    value = find(row, field)
    if value is None:
        raise ValueError(f"the field {field!r} is {'null' if field in row else 'missing'}")
    several = isinstance(value, Sequence) and not isinstance(value, str) and not _is_chat(value)
    if isinstance(value, Mapping):
        inner = next((value[name] for name in ("choices", "outputs") if isinstance(value.get(name), list)), None)
        several, value = inner is not None and len(inner) != 1, value if inner is None else inner
    listed = list(value) if isinstance(value, list) and not _is_chat(value) else [value]
    if not listed:
        raise ValueError(f"the field {field!r} is an empty list")
    reasons = _reasons(row, len(listed))
    return [_candidate(one, reason, field) for one, reason in zip(listed, reasons, strict=True)], several


def _candidate(value: object, reason: object, field: str) -> Candidate:
    while isinstance(value, Mapping):
        reason = value.get("finish_reason", value.get("stop_reason", reason))
        names = ("message", "content", "text", "generated_text", "completion", "response")
        value = next((value[name] for name in names if value.get(name) is not None), None)
    if isinstance(value, list):
        if _is_chat(value):
            return _candidate(value[-1], reason, field)
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in value]
        if parts and all(isinstance(part, str) for part in parts):
            value = "".join(map(str, parts))
    if not isinstance(value, str):
        kind = "null" if value is None else "not text"
        return Candidate("", fault=f"the field {field!r} is {kind}")
    return Candidate(value, reason in CUT)


def _reasons(row: Row, count: int) -> list[object]:
    """Why each of the writers stopped, where the row itself says so."""
    said = row.get("finish_reason", row.get("finish_reasons", row.get("stop_reason")))
    if isinstance(said, list):
        return said if len(said) == count else [None] * count
    return [said] * count


def _is_chat(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(m, Mapping) and "role" in m for m in value)


def _from_chat(row: Row) -> tuple[str, str] | None:
    for name in CHATS:
        asked = find(row, name)
        if _is_chat(asked):
            asked = next((_said(message) for message in reversed(asked) if message["role"] == "user"), None)
        if isinstance(asked, str):
            tagged = _TAGGED.search(asked)
            text = (tagged[1] if tagged else asked).strip()
            if (question := _QUESTION.search(text)) is not None:
                return text[: question.start()], question[0]
    return None


def _said(message: Row) -> str | None:
    said = _candidate(message, None, "content")
    return None if said.fault else said.text


def _along(row: object, names: list[str]) -> object:
    for name in names:
        if isinstance(row, list) and name.isdigit() and int(name) < len(row):
            row = row[int(name)]
        elif isinstance(row, Mapping):
            row = row.get(name)
        else:
            return None
    return row


def _inside(row: Row, depth: int = 3) -> Iterator[Row]:
    """The objects that trainers put a row's fields into, the outer ones first."""
    for name in HOLDERS:
        inner = row.get(name)
        if isinstance(inner, str) and inner.startswith("{"):
            try:
                inner = json.loads(inner)
            except (ValueError, RecursionError):
                continue
        if isinstance(inner, Mapping):
            yield inner
            if depth > 1:
                yield from _inside(inner, depth - 1)
