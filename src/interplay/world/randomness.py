"""Named random streams: a stream is a hash of its names, so no two names ever share a sequence.

There is no global state and no `seed + i`: neighbouring seeds or indices give unrelated streams.
"""

from __future__ import annotations

import hashlib
import json
import random


def derive(*names: str | int | float) -> int:
    """A 64-bit integer that depends on every name and on their order."""
    spelled = json.dumps(names, separators=(",", ":"), ensure_ascii=True).encode()
    return int.from_bytes(hashlib.sha256(spelled).digest()[:8], "big")


def stream(*names: str | int | float) -> random.Random:
    """A fresh generator for the stream of that name."""
    return random.Random(derive(*names))
