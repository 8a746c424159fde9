"""Controlled experiments on what pre-training, mid-training and RL each add to a language model's reasoning.

>>> rows = interplay.dataset(context="zoo", op=7, n=100)
>>> verdict = interplay.score(rows[0], rows[0]["solution"])
>>> verdict.strict, [step.error for step in verdict.steps]

These names are stable. Importing the package loads none of them: each brings what it needs when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# where each name lives
_HOMES = {
    "Dataset": "interplay.api.rows",
    "Problem": "interplay.world.problem",
    "Stream": "interplay.data.stream",
    "Verdict": "interplay.world.verify",
    "compare": "interplay.evals.compare",
    "dataset": "interplay.api.rows",
    "evaluate": "interplay.api.models",
    "generate": "interplay.api.rows",
    "load_results": "interplay.api.studies",
    "pass_at_k": "interplay.evals.pass_at_k",
    "run": "interplay.api.studies",
    "sample": "interplay.api.models",
    "score": "interplay.api.judging",
}

__all__ = [
    "Dataset",
    "Problem",
    "Stream",
    "Verdict",
    "compare",
    "dataset",
    "evaluate",
    "generate",
    "load_results",
    "pass_at_k",
    "run",
    "sample",
    "score",
]

if TYPE_CHECKING:
    from interplay.api.judging import score
    from interplay.api.models import evaluate, sample
    from interplay.api.rows import Dataset, dataset, generate
    from interplay.api.studies import load_results, run
    from interplay.data.stream import Stream
    from interplay.evals.compare import compare
    from interplay.evals.pass_at_k import pass_at_k
    from interplay.world.problem import Problem
    from interplay.world.verify import Verdict


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'interplay' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
