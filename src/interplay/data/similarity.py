"""How alike two problems are in structure, from 0 to 1: names, numbers and superfluous facts left aside.

The histogram of a graph counts the colours of Weisfeiler and Lehman: at first a quantity's colour says how it is made, then,
round by round, it takes in the colours of what it is made of and of what it is used for. So every quantity is counted with its
surroundings, up to two steps away ("subtree patterns": Shervashidze et al., Weisfeiler-Lehman graph kernels, JMLR 12, 2011).
Two histograms are compared by the sum of the smaller counts over the sum of the larger ones (the min-max kernel: Ralaivola et
al., Graph kernels for chemical informatics, Neural Networks 18, 2005): the share of all surroundings that the two graphs have
in common, 1 where no count differs. The published study shows a "topological similarity" that its text does not define; this
one is our choice. It looks at what the digest "shape" looks at: problems of one shape have similarity 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from interplay.world.graph import Graph, Rule

ROUNDS = 2  # the fewest that told all 2,377 shapes among 3,000 problems of op 2..20 apart; one round told 2,376
Link = tuple[str, str]  # what a neighbour is to a quantity, and its name


def histogram(graph: Graph) -> Counter[str]:
    """How often each colour is met among the needed quantities, over all rounds."""
    links = _links(graph)
    colours = {name: _first(graph, name) for name in graph.order}
    found = Counter(colours.values())
    for _ in range(ROUNDS):
        colours = {
            name: _hash(f"{colour}:{';'.join(sorted(f'{role},{colours[other]}' for role, other in links[name]))}")
            for name, colour in colours.items()
        }
        found.update(colours.values())
    return found


def similarity(one: Graph, other: Graph) -> float:
    """1 for the same structure as far as the histograms see, 0 where they have nothing in common."""
    a, b = histogram(one), histogram(other)
    return (a & b).total() / (a | b).total()


def nearest(asked: Sequence[Graph], served: Sequence[Graph]) -> list[float]:
    """The similarity of each asked graph to the most similar of those served. Raises ValueError where none was served."""
    from scipy import sparse

    if not served:
        raise ValueError("no graph was served that another could be laid beside")
    # a count of 3 is three members of a set, so that what two histograms share is a product of zeros and ones
    sets = [[(colour, n) for colour, count in histogram(g).items() for n in range(count)] for g in (*asked, *served)]
    place: dict[tuple[str, int], int] = {}
    columns = [place.setdefault(member, len(place)) for members in sets for member in members]
    sizes = np.array([len(members) for members in sets], dtype=np.int32)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    ones = sparse.csr_array((np.ones(len(columns), np.int32), columns, ends), shape=(len(sets), len(place)))
    shared = (ones[: len(asked)] @ ones[len(asked) :].T).toarray()
    either = sizes[: len(asked), None] + sizes[None, len(asked) :] - shared
    return [float(best) for best in (shared / either).max(axis=1)]


def _first(graph: Graph, name: str) -> str:
    """How a quantity is made, and whether the question is about it."""
    rule = graph.rules[name]
    asked = f"{name == graph.asked:d}{name == graph.target:d}"
    return f"{asked},{rule.kind},{rule.combine},{rule.literal is not None:d}{rule.join}"


def _links(graph: Graph) -> dict[str, list[Link]]:
    """Of each needed quantity its neighbours: operands, users, and the partner that a sum of products multiplies it by."""
    links: dict[str, list[Link]] = {name: [] for name in graph.order}
    for name in graph.order:
        rule = graph.rules[name]
        for place, operand in enumerate(rule.operands):
            role = _role(rule, place)
            links[name].append((f"of{role}", operand))
            links[operand].append((f"for{role}", name))
            if rule.combine == "products":
                links[operand].append((f"times{role}", rule.operands[place ^ 1]))
    return links


def _role(rule: Rule, place: int) -> str:
    """The place of an operand, where it matters: a difference has two, a sum of products counts and averages."""
    return {"difference": str(place), "products": str(place % 2)}.get(rule.combine, "")


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
