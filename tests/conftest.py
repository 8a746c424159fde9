"""One thread for every test: on a small shared machine two threads fight for the cores. Set before torch is imported."""

import os

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")

from hypothesis import settings

settings.register_profile("repo", deadline=None, derandomize=True)  # a busy machine is not a failing test
settings.load_profile("repo")
