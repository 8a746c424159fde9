"""worlds.csv: what the problems that were asked can be had for without reasoning, and how new they are, op by op.

A guesser sees the numbers of a problem and not its graph; a step that is a copy takes no operation; a problem whose structure
was served may be known by heart. Arms may have pre-trainings of their own: what was served is that of the first arm which has
one, named in the table.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from interplay.data.guessers import guesses
from interplay.data.novelty import copies, novelty, served_by
from interplay.data.packing import surely_learned
from interplay.data.served import Kind, graphs_served
from interplay.evals.evaluation import read_problems
from interplay.records.evaluated import Evaluated
from interplay.stages.kinds import PretrainStage
from interplay.stages.stage import upstream
from interplay.world.graph import Graph, from_dict

ASKED = ("regime", "op", "mode", "problem", "answer", "graph")


def world_rows(found: Sequence[Evaluated]) -> Iterator[dict[str, Any]]:
    """A row for each regime, op and mode of one seed. All arms were asked the same problems."""
    cells: defaultdict[tuple[str, Kind], list[dict[str, Any]]] = defaultdict(list)
    for row in read_problems(found[0].folder, ASKED).to_pylist():
        graph = from_dict(json.loads(row["graph"]))
        cells[row["regime"], (graph.op, graph.mode)].append(row | {"graph": graph})
    arm, served = _served(found, {kind for _, kind in cells})
    regimes = list(dict.fromkeys(regime for regime, _ in cells))
    for regime, kind in sorted(cells, key=lambda cell: (regimes.index(cell[0]), cell[1])):
        asked = cells[regime, kind]
        about = {"arm": arm, "seed": found[0].arm.seed, "regime": regime, "op": kind[0], "mode": kind[1]}
        yield about | _guessed(asked) | _structures([row["graph"] for row in asked], served.get(kind))


def _guessed(asked: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The best guesser; none where no answer is a whole number."""
    row: dict[str, Any] = {"problems": len(asked), "guesser": ""}
    for one in guesses(asked):
        row |= {"guesser": one.best[0], "guessed": round(one.best[1], 6)}
    return row


def _structures(graphs: Sequence[Graph], served: Sequence[Graph] | None) -> dict[str, Any]:
    """Of problems of one op and mode; without a training nothing is said of what was served."""
    (told,) = novelty(graphs, None if served is None else served_by(served))
    copied, steps = (sum(column) for column in zip(*map(copies, graphs), strict=True))
    row = {
        "copies": round(copied / steps, 6),
        "structures": told.distinct["structure"],
        "shapes": told.distinct["shape"],
    }
    if served is not None:
        row |= {"served": round(1 - told.novel["structure"], 6), "looked_at": len(served)}
    return row


def _served(found: Sequence[Evaluated], kinds: Collection[Kind]) -> tuple[str, dict[Kind, list[Graph]]]:
    """The first arm that was pre-trained, and graphs that its pre-training served; no arm where there is none."""
    for one in found:
        for stage in upstream(one.arm.checkpoint):
            if isinstance(stage, PretrainStage):
                return one.arm.name, graphs_served(stage.config.stream, items_of(stage), kinds)
    return "", {}


def items_of(base: PretrainStage) -> Iterator[int]:
    """Items of its stream that a finished pre-training learned from."""
    summary = json.loads((base.folder / "summary.json").read_text(encoding="utf-8"))
    documents = sum(summary["documents"].values()) + summary["dropped_documents"]
    return surely_learned(max(1, base.config.rows // base.config.packing.rows), documents)
