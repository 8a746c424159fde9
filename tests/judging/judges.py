"""Verifiers that misbehave, importable by a worker process."""

import os
import time

from interplay.world.verify import verify


def misbehaving(reference, text, *, truncated=False):
    """Hangs, dies or raises when the text says so."""
    if "hang" in text:
        time.sleep(60)
    if "die" in text:
        os._exit(3)
    if "raise" in text:
        raise RuntimeError("no verdict")
    return verify(reference, text, truncated=truncated)
