"""One problem: its graph, its text and its gold solution, and the row that carries it to a file.

The row has the fields of the GSM-Infinite files, plus the answer and the graph, so that nobody needs to read the gold
solution to know what is right.
"""

from __future__ import annotations

import hashlib
import random
from typing import NamedTuple

from .context import Context, load
from .graph import Graph, Mode, to_dict
from .render import render
from .sample import Spec, sample_graph

ROW_MODES: dict[Mode, str] = {"forward": "normalforward", "reverse": "forwardreverse"}
LENGTH = "zero_context"
GENERATOR_VERSION = "1"  # raised by hand when a spec, a context and a stream of chance give another problem


class Problem(NamedTuple):
    """A problem and its gold solution, which ends in "Answer: N."."""

    id: str
    context: str
    style: str
    graph: Graph
    problem: str
    question: str
    solution: str

    @property
    def op(self) -> int:
        return self.graph.op

    @property
    def mode(self) -> Mode:
        return self.graph.mode

    @property
    def answer(self) -> str:
        return str(self.graph.answer)

    @property
    def body(self) -> str:
        """The solution without its answer sentence: what stands between the solution tags."""
        return self.solution.rpartition(" Answer: ")[0]

    @property
    def prompt(self) -> str:
        """What a model is given."""
        return f"<question> {self.problem.strip()} {self.question} </question> <solution>"

    @property
    def completion(self) -> str:
        """What a model should write after the prompt, up to the end token."""
        return f" {self.body} </solution> <answer> {self.graph.answer} </answer>"

    @property
    def text(self) -> str:
        """The whole document a model is trained on, without the end token."""
        return self.prompt + self.completion


def make(spec: Spec, context: str | Context, style: str, rng: random.Random) -> Problem:
    """One problem drawn from `rng`. Raises ValueError for an unknown context or style, or bounds that leave no room."""
    if isinstance(context, str):
        context = load(context)
    graph = sample_graph(spec, context, style, rng)
    text = render(graph, style, rng)
    spelled = f"{text.problem}\n{text.question}\n{text.solution}".encode()
    return Problem(hashlib.blake2b(spelled, digest_size=8).hexdigest(), context.name, style, graph, *text)


def to_row(problem: Problem) -> dict[str, object]:
    """The problem as JSON values, in the fields of the GSM-Infinite files plus `answer`, `style` and `graph`."""
    return {
        "problem": problem.problem,
        "question": problem.question,
        "solution": problem.solution,
        "op": problem.op,
        "id": problem.id,
        "template": problem.context,
        "mode": ROW_MODES[problem.mode],
        "length": LENGTH,
        "d": problem.graph.d,
        "style": problem.style,
        "answer": problem.answer,
        "graph": to_dict(problem.graph),
    }
