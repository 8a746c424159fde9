"""Digests see what makes two problems different, and nothing else."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interplay.world.digest import LEVELS, digest
from interplay.world.graph import Graph, Rule
from interplay.world.problem import make
from interplay.world.randomness import stream
from interplay.world.sample import Spec


@st.composite
def made_graphs(draw: st.DrawFn) -> Graph:
    spec = Spec(
        op=draw(st.integers(2, 30)),
        mode=draw(st.sampled_from(("forward", "reverse"))),
        d=draw(st.sampled_from((2, 3))),
        distractors=(0, 4),
    )
    return make(spec, "zoo", "terse", stream(draw(st.integers()))).graph


def rename(graph: Graph, names: dict[str, str]) -> Graph:
    rules = {names[n]: r._replace(operands=tuple(names[o] for o in r.operands)) for n, r in graph.rules.items()}
    unknown = None if graph.unknown is None else names[graph.unknown]
    return graph._replace(
        rules=rules, order=tuple(names[n] for n in graph.order), target=names[graph.target], unknown=unknown
    )


def reorder(graph: Graph, rng: random.Random) -> Graph:
    """Other orders of sentences, addends and pairs; other distractors."""
    rules: dict[str, Rule] = {}
    items = [(name, rule) for name, rule in graph.rules.items() if name in graph.order]
    rng.shuffle(items)
    for name, rule in items:
        operands = list(rule.operands)
        if rule.combine == "products":
            pairs = list(zip(operands[::2], operands[1::2], strict=True))
            rng.shuffle(pairs)
            operands = [operand for pair in pairs for operand in pair]
        elif rule.combine != "difference":
            rng.shuffle(operands)
        rules[name] = rule._replace(operands=tuple(operands))
    rules["yak in Attic"] = Rule("count", "constant", (), 7)
    return graph._replace(rules=rules)


@given(made_graphs(), st.randoms(use_true_random=False))
def test_order_and_distractors_are_not_seen(graph: Graph, rng: random.Random) -> None:
    for level in LEVELS:
        assert digest(reorder(graph, rng), level) == digest(graph, level)


@given(made_graphs(), st.randoms(use_true_random=False))
def test_names_are_seen_at_one_level_only(graph: Graph, rng: random.Random) -> None:
    numbers = list(range(len(graph.rules)))
    rng.shuffle(numbers)
    other = rename(graph, {name: f"q{number}" for name, number in zip(graph.rules, numbers, strict=True)})
    assert digest(other, "structure") == digest(graph, "structure")
    assert digest(other, "names") != digest(graph, "names")


@given(made_graphs(), st.data())
def test_any_needed_number_is_seen(graph: Graph, data: st.DataObject) -> None:
    holders = [name for name in graph.order if graph.rules[name].literal is not None]
    if not holders:
        return
    name = data.draw(st.sampled_from(holders))
    rule = graph.rules[name]
    assert rule.literal is not None
    other = graph._replace(rules={**graph.rules, name: rule._replace(literal=rule.literal + 1)})
    for level in LEVELS:
        assert digest(other, level) != digest(graph, level)


def test_letters_are_not_seen() -> None:
    made = make(Spec(op=9), "zoo", "full", stream(0))
    again = make(Spec(op=9), "zoo", "full", stream(0))
    assert {digest(p.graph) for p in (made, again)} == {digest(made.graph)}


def forward(rules: dict[str, Rule], order: tuple[str, ...]) -> Graph:
    return Graph("forward", 2, rules, order, order[-1], 0)


def test_one_shared_constant_is_not_two_equal_ones() -> None:
    one, copy = Rule("count", "constant", (), 3), Rule("count", "copy", ("a",))
    copy_b, copy_c = Rule("count", "copy", ("b",)), Rule("count", "sum", ("c", "d"))
    shared = forward({"a": one, "c": copy, "d": copy, "e": copy_c}, ("a", "c", "d", "e"))
    apart = forward({"a": one, "b": one, "c": copy, "d": copy_b, "e": copy_c}, ("a", "b", "c", "d", "e"))
    assert digest(shared, "structure") != digest(apart, "structure")


def test_the_order_of_a_difference_is_seen() -> None:
    rules = {
        "a": Rule("count", "constant", (), 3),
        "b": Rule("count", "copy", ("a",), 2, "+"),
        "c": Rule("count", "difference", ("b", "a")),
    }
    other = {**rules, "c": Rule("count", "difference", ("a", "b"))}
    for level in LEVELS:
        assert digest(forward(rules, ("a", "b", "c")), level) != digest(forward(other, ("a", "b", "c")), level)


def test_which_quantity_is_asked_is_seen() -> None:
    rules = {"a": Rule("count", "unknown"), "b": Rule("count", "copy", ("a",))}
    reverse = Graph("reverse", 2, rules, ("a", "b"), "b", 4, "a", 4)
    assert digest(reverse) != digest(reverse._replace(given=5, answer=5))


def test_the_same_structure_has_the_same_answer() -> None:
    answers: dict[str, int] = {}
    for i in range(3_000):
        graph = make(Spec(op=2 + i % 4), "zoo", "terse", stream("same", i)).graph
        assert answers.setdefault(digest(graph, "structure"), graph.answer) == graph.answer
    assert len(answers) < 2_500


def test_an_unknown_level_is_an_error() -> None:
    graph = make(Spec(op=2), "zoo", "terse", stream(0)).graph
    with pytest.raises(ValueError, match="unknown level 'letters'; the levels are names, structure, shape"):
        digest(graph, "letters")  # type: ignore[arg-type]
