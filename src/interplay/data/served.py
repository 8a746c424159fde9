"""What a training served of some ops, by its stream alone: the graphs are made anew, without their texts.

An item's op and mode are known before it is made, so only what is asked for is made: of a training of 100,000 documents
that is seconds. Of ops that it showed often some thousand documents are enough, and of a training of millions the first are
looked at, so what is found is some of what was served and never more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice

from interplay.data.stream import Stream
from interplay.world.graph import Graph, Mode

Kind = tuple[int, Mode]
MADE = 4_000  # graphs of one op and mode
PASSED = 200_000  # items that are looked through for them


def graphs_served(
    source: Stream, items: Iterable[int], kinds: Collection[Kind], most: int = MADE
) -> dict[Kind, list[Graph]]:
    """Of each op and mode up to `most` graphs among the items, in their order."""
    found: dict[Kind, list[Graph]] = {kind: [] for kind in kinds}
    mixtures = [source.mixture, *([source.replay.mixture] if source.replay else [])]
    wanted = {(cell.op, cell.mode) for mixture in mixtures for cell in mixture.cells} & set(kinds)
    for item in islice(items, PASSED):
        if not wanted:
            break
        drawn_from, cell, number = source.place(item)
        kind = (cell.op, cell.mode)
        if kind in wanted:
            found[kind].append(drawn_from.draw_graph(cell, number))
            if len(found[kind]) == most:
                wanted.remove(kind)
    return found
