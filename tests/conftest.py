"""One thread for every test: on a small shared machine two threads fight for the cores. Set before torch is imported.

Ctrl-C reaches what a test starts, also where the tests were started in the background by a shell that ignores it there.
"""

import os
import signal

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")

from hypothesis import settings

signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("repo", deadline=None, derandomize=True)  # a busy machine is not a failing test
settings.load_profile("repo")
