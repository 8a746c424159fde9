"""Similarity of structures: symmetric, in bounds, blind to names and numbers, and what the slow way says it is."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interplay.data.similarity import ROUNDS, histogram, nearest, similarity
from interplay.world.digest import digest
from interplay.world.graph import Graph, Rule
from interplay.world.problem import make
from interplay.world.randomness import stream
from interplay.world.sample import Spec


@st.composite
def graphs(draw: st.DrawFn, most: int = 20) -> Graph:
    op, mode, d = (
        draw(st.integers(2, most)),
        draw(st.sampled_from(("forward", "reverse"))),
        draw(st.sampled_from((2, 3))),
    )
    return make(Spec(op=op, mode=mode, d=d, distractors=(0, 4)), "zoo", "terse", stream(draw(st.integers()))).graph


def told_otherwise(graph: Graph, rng: random.Random) -> Graph:
    """Other names and other numbers, another order of facts and of addends, and one more superfluous fact."""
    numbers = rng.sample(range(1000), len(graph.rules))
    names = {name: f"q{number}" for name, number in zip(graph.rules, numbers, strict=True)}
    rules = {}
    for name, rule in rng.sample(sorted(graph.rules.items()), len(graph.rules)):
        operands = [names[operand] for operand in rule.operands]
        if rule.combine not in ("difference", "products"):
            rng.shuffle(operands)
        literal = None if rule.literal is None else rule.literal + 1
        rules[names[name]] = rule._replace(operands=tuple(operands), literal=literal)
    rules["yak in Attic"] = Rule("count", "constant", (), 7)
    unknown = None if graph.unknown is None else names[graph.unknown]
    order = tuple(names[name] for name in graph.order)
    return graph._replace(rules=rules, order=order, target=names[graph.target], unknown=unknown)


def slowly(one: Graph, other: Graph) -> float:
    """Surroundings spelled out in full, counted, and laid beside each other one by one."""
    a, b = Counter(_surroundings(one)), Counter(_surroundings(other))
    kinds = {*a, *b}
    return sum(min(a[kind], b[kind]) for kind in kinds) / sum(max(a[kind], b[kind]) for kind in kinds)


def _surroundings(graph: Graph) -> list[str]:
    return [repr(_spelled(graph, name, steps)) for steps in range(ROUNDS + 1) for name in graph.order]


def _spelled(graph: Graph, name: str, steps: int) -> object:
    """A quantity and all that is around it, so many steps away."""
    if steps == 0:
        rule = graph.rules[name]
        made = (rule.kind, rule.combine, rule.literal is not None, rule.join)
        return (name == graph.asked, name == graph.target, *made)
    around = []
    for user in graph.order:
        rule = graph.rules[user]
        for place, operand in enumerate(rule.operands):
            role = place if rule.combine == "difference" else place % 2 if rule.combine == "products" else -1
            if user == name:
                around.append(("made of", role, operand))
            if operand == name:
                around.append(("used for", role, user))
                if rule.combine == "products":
                    around.append(("multiplied by", role, rule.operands[place ^ 1]))
    known = [(what, role, _spelled(graph, other, steps - 1)) for what, role, other in around]
    return (_spelled(graph, name, steps - 1), sorted(known, key=repr))


@given(graphs(), graphs(), st.randoms(use_true_random=False))
def test_it_is_symmetric_in_bounds_and_sees_neither_names_nor_numbers(
    one: Graph, other: Graph, rng: random.Random
) -> None:
    found = similarity(one, other)
    assert 0 <= found <= 1
    assert similarity(other, one) == found
    assert similarity(one, one) == 1
    assert similarity(told_otherwise(one, rng), told_otherwise(other, rng)) == found
    assert (found == 1) == (histogram(one) == histogram(other))


@given(graphs(), st.randoms(use_true_random=False))
def test_problems_of_one_shape_are_the_same(graph: Graph, rng: random.Random) -> None:
    other = told_otherwise(graph, rng)
    assert digest(other, "shape") == digest(graph, "shape")
    assert similarity(graph, other) == 1


@settings(max_examples=40)
@given(graphs(12), graphs(12))
def test_it_is_what_the_slow_way_says(one: Graph, other: Graph) -> None:
    assert similarity(one, other) == slowly(one, other)


@settings(max_examples=30)
@given(st.lists(graphs(), max_size=4), st.lists(graphs(), min_size=1, max_size=6))
def test_the_nearest_is_found_among_all_of_them(asked: list[Graph], served: list[Graph]) -> None:
    assert nearest(asked, served) == pytest.approx([max(similarity(one, other) for other in served) for one in asked])


def test_another_structure_is_another_number() -> None:
    """Two problems of one op whose operations are the same ones, differently joined."""
    constant, copy = Rule("count", "constant", (), 3), Rule("count", "copy", ("a",), 2, "+")
    chain = {"a": constant, "b": copy, "c": copy._replace(operands=("b",)), "d": Rule("count", "sum", ("b", "c"))}
    fork = {**chain, "c": copy}
    order = ("a", "b", "c", "d")
    one, other = (Graph("forward", 2, rules, order, "d", 0) for rules in (chain, fork))
    assert 0 < similarity(one, other) < 1
    with pytest.raises(ValueError, match="no graph was served"):
        nearest([one], [])


def test_what_is_the_same_is_of_one_shape_up_to_op_20() -> None:
    """Two rounds are enough: no two shapes among these share a histogram."""
    made = [make(Spec(op=2 + n % 19, distractors=0), "zoo", "terse", stream("shapes", n)).graph for n in range(300)]
    shapes = {digest(graph, "shape") for graph in made}
    assert len({frozenset(histogram(graph).items()) for graph in made}) == len(shapes) > 100
