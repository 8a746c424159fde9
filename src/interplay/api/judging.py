"""One text judged against one problem."""

from __future__ import annotations

from collections.abc import Mapping

from interplay.data.gsm_infinite import reference_of
from interplay.world.problem import Problem
from interplay.world.verify import Reference, Verdict, verify


def score(
    row_or_problem: Mapping[str, object] | Problem, text: str, *, gold_field: str = "solution", truncated: bool = False
) -> Verdict:
    """The verdict on a solution: every rule, the first fault, and for every step its place and its fault.

    The problem is a row of ours (its graph an object or JSON text), of the public files, of verl or a chat, or what
    `generate` gives. `truncated` says that the writer was stopped by a limit. Nothing in the text raises; ValueError says
    what a row lacks, or that its own gold solution does not follow from its problem.
    """
    if not isinstance(text, str):
        raise ValueError(f"a solution is text, got {type(text).__name__}")
    if isinstance(row_or_problem, Problem):
        reference = Reference.from_graph(row_or_problem.graph, row_or_problem.solution)
    elif isinstance(row_or_problem, Mapping):
        reference = reference_of(row_or_problem, gold_field)
    else:
        raise ValueError(f"score takes a row or a problem, got {type(row_or_problem).__name__}")
    return verify(reference, text, truncated=truncated)
