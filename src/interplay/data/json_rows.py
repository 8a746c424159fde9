"""Rows out of JSON text as people have it: one object a line, an array of objects, or objects spread over lines.

A byte order mark, either kind of line end and blank lines are neither rows nor faults. A line that cannot be read is the
fault of that row alone: it is said with its place, and the next line is read. Memory is bounded whatever a line holds.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TextIO

MAX_ROW_CHARS = 1 << 24
MAX_SKIPPED_CHARS = 1 << 30
MAX_DEPTH = 64
_CHUNK_CHARS = 1 << 16
_BLANK = " \t\r\n\ufeff"
_NOT_BLANK = re.compile(f"[^{_BLANK}]")
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


class Item(NamedTuple):
    """One row of a file: where it stands, and its value or what is wrong with it."""

    place: str
    value: Any
    fault: str | None = None


def read_json(text: TextIO, name: str) -> Iterator[Item]:
    """The rows of a text opened with `errors="surrogateescape"`; ValueError where the rest of it cannot be read."""
    lines = _Lines(text)
    first = lines.next()
    start, whole = lines.number, lines.whole
    second = lines.next() if whole else ""
    if _is_spread(first, second, whole):
        between = "\n" * (lines.number - start - 1) if second else ""
        yield from _values(text, name, first + between + second, start)
        return
    if first and whole:
        yield _item(first, f"{name}, line {start}")
    piece = second or ("" if whole else first)
    while piece:
        place = f"{name}, line {lines.number}"
        if lines.whole:
            yield _item(piece, place)
        else:
            yield Item(place, None, f"longer than {MAX_ROW_CHARS:,} characters")
            lines.skip(place)
        piece = lines.next()


class _Lines:
    """Lines that are not blank, with their numbers. `whole` is False when only the beginning of a line was read."""

    def __init__(self, text: TextIO) -> None:
        self.text, self.number, self.whole = text, 0, True

    def next(self) -> str:
        """The next line, "" at the end."""
        while line := self.text.readline(MAX_ROW_CHARS + 1):
            self.number += self.whole
            self.whole = line.endswith("\n") or len(line) <= MAX_ROW_CHARS
            if line.strip(_BLANK):
                return line
        return ""

    def skip(self, place: str) -> None:
        """Throw away the rest of a line. ValueError when it does not end within reason."""
        skipped = 0
        while not self.whole and (piece := self.text.readline(MAX_ROW_CHARS + 1)):
            self.whole = piece.endswith("\n") or len(piece) <= MAX_ROW_CHARS
            skipped += len(piece)
            if skipped > MAX_SKIPPED_CHARS:
                raise ValueError(f"{place}: a line of more than {skipped:,} characters; the rest is not read")


def _is_spread(first: str, second: str, whole: bool) -> bool:
    """Whether the values of a text do not stand one on a line. A list among lines is a row of its own, and a bad one."""
    opening = first.strip(_BLANK)
    if not whole:
        return opening.startswith("[")
    if opening in ("[", "{"):
        return True
    if not opening.startswith("["):
        return False
    if not second.strip(_BLANK):
        return True
    return _item(first, "").fault is not None and (opening.endswith(",") or _item(second, "").fault is not None)


def _values(text: TextIO, name: str, buffer: str, line: int) -> Iterator[Item]:
    """Values one after the other, with brackets and commas around them or without."""
    scan, number = _Scanner(text, buffer, line), 0
    in_array = scan.peek() == "["
    if in_array:
        scan.advance(1)
    while char := scan.peek():
        if in_array and char in ",]":
            in_array = char == ","
            scan.advance(1)
            continue
        number += 1
        place = f"{name}, line {scan.line}, row {number}"
        try:
            value, raw = scan.value()
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{place}: {_reason(error)}; the rest is not read") from None
        yield Item(place, value, _fault(value, raw))
    if in_array:
        raise ValueError(f"{name}: the array is not closed after row {number}; the file is cut short")


class _Scanner:
    """A window on a text that is read on as values need it."""

    def __init__(self, text: TextIO, buffer: str, line: int) -> None:
        self.text, self.buffer, self.at, self.line, self.ended = text, buffer, 0, line, False

    def peek(self) -> str:
        """The next character that is not blank, "" at the end."""
        while (found := _NOT_BLANK.search(self.buffer, self.at)) is None and not self.ended:
            self.advance(len(self.buffer) - self.at)
            self._read_on(_CHUNK_CHARS)
        if found is None:
            return ""
        self.advance(found.start() - self.at)
        return found[0]

    def advance(self, count: int) -> None:
        """Leave characters behind."""
        self.line += self.buffer.count("\n", self.at, self.at + count)
        self.at += count
        if self.at > _CHUNK_CHARS:
            self.buffer, self.at = self.buffer[self.at :], 0

    def value(self) -> tuple[object, str]:
        """The value that begins here, and its text. Raises what the decoder raises."""
        while True:
            try:
                value, end = DECODER.raw_decode(self.buffer, self.at)
                if end < len(self.buffer) or self.ended:  # a number at the edge may go on
                    break
            except json.JSONDecodeError:
                if self.ended or len(self.buffer) - self.at > MAX_ROW_CHARS:
                    raise
            self._read_on(max(_CHUNK_CHARS, len(self.buffer) - self.at))
        raw = self.buffer[self.at : end]
        self.advance(len(raw))
        return value, raw

    def _read_on(self, count: int) -> None:
        more = self.text.read(count)
        self.ended = not more
        self.buffer += more


def _item(line: str, place: str) -> Item:
    raw = line.strip(_BLANK)
    try:
        value = DECODER.decode(raw)
    except (ValueError, RecursionError) as error:
        return Item(place, None, _not_unicode(raw) or _reason(error))
    return Item(place, value, _fault(value, raw))


def _fault(value: object, raw: str) -> str | None:
    """What keeps a value that was read from being used, copied or printed."""
    if (fault := _not_unicode(raw)) is not None:
        return fault
    if raw.count("{") + raw.count("[") > MAX_DEPTH and _is_deep(value):
        return f"nested more than {MAX_DEPTH} deep"
    if _HALF_CHARACTER.search(raw):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            return f"half a character, \\u{ord(error.object[error.start]):04x}, is not Unicode text"
    return None


def _not_unicode(raw: str) -> str | None:
    if raw.isascii():
        return None
    try:
        raw.encode()
    except UnicodeEncodeError as error:
        byte = ord(error.object[error.start]) & 0xFF
        return f"not UTF-8: the byte 0x{byte:02x} after {error.start} characters"
    return None


def _is_deep(value: object) -> bool:
    layer = [value]
    for _ in range(MAX_DEPTH):
        inner: list[object] = []
        for one in layer:
            if isinstance(one, (dict, list)):
                inner += one.values() if isinstance(one, dict) else one
        layer = inner
    return any(isinstance(one, (dict, list)) for one in layer)


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON ({error.msg}, column {error.colno})"
    if isinstance(error, RecursionError):
        return f"nested more than {MAX_DEPTH} deep"
    if "digits" in str(error):  # the interpreter's limit, quadratic work otherwise
        return "a number of more than 4,300 digits"
    return str(error)


def _float(text: str) -> float:
    if math.isinf(value := float(text)):
        raise ValueError(f"the number {text[:40]} is out of range")
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice = next(name for place, (name, _) in enumerate(pairs) if name in dict(pairs[:place]))
        raise ValueError(f"the field {twice!r} stands twice")
    return fields


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float)
