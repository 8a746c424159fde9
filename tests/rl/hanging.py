"""A verifier that hangs, importable by a judging process without a model library."""

import time

from interplay.world.verify import verify


def hangs_on_some(reference, text, *, truncated=False):
    """Hangs on about half of what a model may write."""
    if len(text) % 2:
        time.sleep(600)
    return verify(reference, text, truncated=truncated)
