"""Words after a value: only a clause that says where a quantity comes from, `= 9, as F was found before`.

Any other words could take the value back ("= 18, but actually nineteen"), so they are a fault. The clause names one
letter or quantity, and the verifier asks whether it is defined.
"""

from __future__ import annotations

import re

_CLAUSE = re.compile(
    r"(?:as|since|because) (\S.*?) (?:is|are|was|were) (?:already )?"
    r"(?:found|defined|computed|calculated|known|given|stated)(?: before| above| earlier| already)?"
)
_MAX_CHARS = 200


def split_clause(segment: str) -> tuple[str, str | None]:
    """The value and what the clause names; the whole segment and None where there is no such clause."""
    value, comma, words = segment.rpartition(", ")
    match = _CLAUSE.fullmatch(words.strip()) if comma and len(words) <= _MAX_CHARS else None
    return (segment, None) if match is None else (value, match[1])
