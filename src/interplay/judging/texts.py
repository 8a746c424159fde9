"""A text to judge and its verdict, which always arrives: a verifier that raises costs its own text the verdict.

The verifier of this package raises nothing; one of a user's own may. This module and its process import the standard
library and `world` alone, so that a judging process starts at once and holds no model library.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from interplay.world.verify import Reference, ReleasedRule, Verdict, verify

FAILED, TIMED_OUT = "judge_failed", "judge_timed_out"

Verify = Callable[..., Verdict]


class Text(NamedTuple):
    """One solution to judge."""

    reference: Reference
    text: str
    truncated: bool


def judge(text: Text, verify: Verify = verify) -> Verdict:
    """The verdict; where the verifier raises, one that says so."""
    try:
        return verify(text.reference, text.text, truncated=text.truncated)
    except Exception:
        return without_verdict(text, FAILED)


def without_verdict(text: Text, error: str) -> Verdict:
    """What a text gets whose judge did not answer."""
    released = ReleasedRule(text.reference, text.text, False)
    return Verdict(False, False, False, False, 0, False, 0.0, error, error, (), None, {}, released)


def as_it_is(verdict: Verdict) -> Verdict:
    """The whole verdict, for those who need each step's."""
    return verdict
