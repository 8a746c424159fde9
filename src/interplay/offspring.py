"""A process that works for this one: it leaves Ctrl-C and a closed terminal, which reach all processes of it, to its
parent, and goes when its parent goes, however that ended.

The module is light on purpose. A spawned process first imports the module of the function that it runs; were that one
which loads a model library, the process would not notice for seconds that nobody waits for it any more.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from importlib import import_module


def serve(module: str, function: str, *arguments: object) -> None:
    """Target of such a process: watches the parent, and only then imports what it is to run."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    getattr(import_module(module), function)(*arguments)


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
