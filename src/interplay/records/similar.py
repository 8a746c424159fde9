"""similarity.csv: how alike solved problems are in structure to what pre-training served in another context.

Beside those solved stand all that were asked: only where the two differ does similarity say what was solved, and not what the
task is. Pre-training may have served millions of graphs, so the problems are laid beside a sample of them, whose size is in
the table: in a larger one the nearest is nearer. The stream makes the served problems anew.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from interplay.data.packing import learned_from
from interplay.data.similarity import nearest
from interplay.evals.evaluation import read_problems
from interplay.records.evaluated import Evaluated
from interplay.schema.measured import SIMILARITY_PARTS
from interplay.stages.kinds import PretrainStage
from interplay.stages.stage import upstream
from interplay.studies.settings import Settings
from interplay.studies.study import Study
from interplay.world.graph import Graph, from_dict

SERVED = 1_000  # graphs that each problem is laid beside
LOOKED_AT = 10 * SERVED  # served problems that are made to find those of the context


class Beside(NamedTuple):
    """How many graphs the sample of a pre-training has, and the part of the scale that each problem falls into."""

    served: int
    parts: list[int]


def similarity_rows(study: Study, found: Sequence[Evaluated]) -> Iterator[dict[str, Any]]:
    """Rows of every arm of one seed; none for a study that does not ask it. All arms were asked the same problems."""
    if not study.beside:
        return
    table = read_problems(found[0].folder, ("op", "regime", "context", "graph")).to_pydict()
    others = [number for number, context in enumerate(table["context"]) if context != study.beside]
    graphs = [from_dict(json.loads(table["graph"][number])) for number in others]
    known: dict[str, Beside] = {}
    for one in found:
        base = next((stage for stage in upstream(one.arm.checkpoint) if isinstance(stage, PretrainStage)), None)
        if base is None:
            continue
        if base.address not in known:
            known[base.address] = _beside(graphs, served_graphs(base, study.beside))
        beside, right = known[base.address], one.counts["strict"].c
        cells = [(table["regime"][n], table["op"][n], part) for n, part in zip(others, beside.parts, strict=True)]
        solved = Counter(cell for n, cell in zip(others, cells, strict=True) if right[n])
        for cell, asked in sorted(Counter(cells).items()):
            regime, op, part = cell
            yield {
                "arm": one.arm.name, "seed": one.arm.seed, "regime": regime, "op": op,
                "op_range": range_of(study.settings, op), "served_context": study.beside, "served": beside.served,
                "similarity": part / SIMILARITY_PARTS, "asked": asked, "solved": solved[cell],
            }  # fmt: skip


def served_graphs(base: PretrainStage, context: str, most: int = SERVED) -> list[Graph]:
    """Graphs of a context that a finished pre-training learned from: a sample that its seed fixes, all where it has no more."""
    summary = json.loads((base.folder / "summary.json").read_text(encoding="utf-8"))
    documents = sum(summary["documents"].values()) + summary["dropped_documents"]
    whole = max(1, base.config.rows // base.config.packing.rows)
    graphs: list[Graph] = []
    for item in learned_from(whole, documents, LOOKED_AT, base.config.stream.seed):
        problem = base.config.stream[item]
        if problem.context == context:
            graphs.append(problem.graph)
        if len(graphs) == most:
            break
    return graphs


def range_of(chosen: Settings, op: int) -> str:
    """The name of the op range that an op is in."""
    ranges = {"id": chosen.id_ops, "edge": chosen.edge_ops, "hard": chosen.hard_ops}
    return next((name for name, ops in ranges.items() if op in ops), "")


def _beside(asked: Sequence[Graph], served: Sequence[Graph]) -> Beside:
    """A value that is the end of a part, up to rounding, belongs to the part that begins there."""
    return Beside(len(served), [int(SIMILARITY_PARTS * value + 1e-9) for value in nearest(asked, served)])
