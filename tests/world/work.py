"""Work, counted: how many lines of this package a call executes. The same number on every machine, however busy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import interplay
from interplay.world import arithmetic, trace_full, trace_terse

T = TypeVar("T")
_PACKAGE = str(Path(interplay.__file__).parent)


def counted(call: Callable[..., T], *arguments: Any) -> tuple[int, T]:
    """Executed lines, and what the call returns."""
    lines = 0

    def within(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return within

    def entered(frame: FrameType, event: str, argument: Any) -> Any:
        return within if frame.f_code.co_filename.startswith(_PACKAGE) else None

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        found = call(*arguments)
    finally:
        sys.settrace(before)
    return lines, found


def forget_what_was_read() -> None:
    """Empty the caches of the parsers, so that work counts in full."""
    for module in (arithmetic, trace_full, trace_terse):
        for function in vars(module).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()
