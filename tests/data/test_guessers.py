"""Guessers on rows whose every score is known, and novelty against a comparison written out by hand."""

from __future__ import annotations

import itertools
import math

import pytest

from interplay.data.guessers import Seen, fitted, guesses, seen
from interplay.data.mixture import Mixture, World
from interplay.data.novelty import copies, novelty, served_by
from interplay.data.stats_text import regime_lines
from interplay.data.stream import Stream
from interplay.world.graph import Graph, Rule
from interplay.world.problem import make
from interplay.world.randomness import stream
from interplay.world.sample import Spec


def row(text: str, answer: int, op: int = 3, mode: str = "normalforward") -> dict[str, object]:
    return {"op": op, "problem": text, "answer": str(answer), "mode": mode}


def test_the_simple_guessers_by_hand() -> None:
    rows = [
        row("lion in Cedar = 3 . fox in Cedar = 4 + lion in Cedar .", 7),
        row("lion in Cedar = 3 . fox in Cedar = 4 * lion in Cedar .", 12),
        row("fox in Pine = 9 . wolf in Pine = 2 . lion in Pine = fox in Pine - wolf in Pine .", 7),
        row("fox in Pine = 5 . wolf in Pine = 5 .", 5),
    ]
    (found,) = guesses(rows)
    assert (found.op, found.mode, found.n) == (3, "forward", 4)
    exact = {"most frequent": 0.5, "sum": 0.25, "product": 0.25, "first": 0.25, "last": 0.25, "largest": 0.25,
             "smallest": 0.25, "printed": 0.25}  # fmt: skip
    assert {name: found.scores[name] for name in exact} == exact
    assert found.printed == 0.25


def test_the_same_numbers_are_seen_in_both_styles() -> None:
    for seed in range(40):
        spec = Spec(op=6, distractors=2, mode="reverse" if seed % 2 else "forward")
        terse, full = (make(spec, "zoo", style, stream("guess", seed)) for style in ("terse", "full"))
        ours, theirs = seen(terse.problem, 0), seen(full.problem, 0)
        if spec.mode == "forward":  # a reverse problem says its given value in a random place
            assert ours.numbers == theirs.numbers
        assert sorted(ours.numbers) == sorted(theirs.numbers)
        assert ours.alike == theirs.alike


def test_the_fitted_guesser_learns_what_looks_tell_and_nothing_else() -> None:
    def told(i: int) -> tuple[tuple[int, int], str]:
        return (3 + i % 5, 20 + i * 7 % 31), ("-", "*")[i % 4 // 2]

    def answer(numbers: tuple[int, int], sign: str) -> int:
        return numbers[1] - numbers[0] if sign == "-" else numbers[0] * numbers[1]

    problems = [
        seen(f"a in X = {n[0]} . b in X = {n[1]} . c in X = b in X {sign} a in X .", answer(n, sign))
        for n, sign in map(told, range(400))
    ]
    assert fitted(problems) == 1  # the sign tells which of two expressions
    rng = stream("answers")
    blind = [problem._replace(answer=rng.randrange(1000)) for problem in problems]
    assert fitted(blind) < 0.05
    assert math.isnan(fitted([Seen((1,), (1, 0, 0), 1)]))


def test_modes_are_told_apart() -> None:
    rows = [row("a in X = 1 .", 1), row("a in X = 1 .", 2, mode="forwardreverse"), row("a in X = 2 .", 2, op=4)]
    assert [(found.op, found.mode) for found in guesses(rows)] == [(3, "forward"), (3, "reverse"), (4, "forward")]


def same(a: Graph, b: Graph, numbers: bool) -> bool:
    """Whether some renaming of the needed quantities makes two graphs equal: every bijection is tried."""
    if len(a.order) != len(b.order):
        return False

    def parts(graph: Graph, to: dict[str, str]) -> dict[str, tuple[object, ...]]:
        found = {}
        for name in graph.order:
            rule = graph.rules[name]
            operands = [to[operand] for operand in rule.operands]
            if rule.combine != "difference":
                operands.sort()
            literal = rule.literal if numbers else rule.literal is not None
            found[to[name]] = (rule.kind, rule.combine, tuple(operands), literal, rule.join, name == graph.target)
        return found

    theirs = parts(b, {name: name for name in b.order})
    return any(parts(a, dict(zip(a.order, names, strict=True))) == theirs for names in itertools.permutations(b.order))


@pytest.mark.parametrize("level", ["structure", "shape"])
def test_novelty_is_what_no_renaming_brings_back(level: str) -> None:
    spec = Spec(op=5, copies=0.0, numbers=(1, 2), multipliers=(2, 3), totals=0.0, fan_in=2)
    training, asked = ([make(spec, "zoo", "terse", stream(name, i)).graph for i in range(12)] for name in ("a", "b"))
    (found,) = novelty(asked, served_by(training))
    old = [any(same(graph, other, level == "structure") for other in training) for graph in asked]
    assert found.novel[level] == pytest.approx(1 - sum(old) / len(old))  # type: ignore[index]
    assert sum(old) > 0
    different: list[Graph] = []
    for graph in asked:
        if not any(same(graph, other, level == "structure") for other in different):
            different.append(graph)
    assert found.distinct[level] == len(different)  # type: ignore[index]


def test_novelty_does_not_see_names_or_distractors() -> None:
    spec = Spec(op=6, distractors=(0, 4))
    ours = [make(spec, "zoo", "terse", stream("same", i)).graph for i in range(10)]
    theirs = [make(spec, "school", "full", stream("same", i)).graph for i in range(10)]
    (found,) = novelty(ours, served_by(theirs))
    assert found.novel == {"structure": 0, "shape": 0}
    (alone,) = novelty(ours)
    assert (alone.novel, alone.n) == ({}, 10)


def test_copies_are_counted_among_needed_steps() -> None:
    rules = {
        "a in X": Rule("count", "constant", (), 3),
        "b in X": Rule("count", "copy", ("a in X",)),
        "c in X": Rule("count", "copy", ("a in X",), 2, "*"),
        "d in Y": Rule("count", "copy", ("a in X",)),
        "things in Y": Rule("total", "total", ("d in Y",)),
        "e in X": Rule("count", "sum", ("b in X", "things in Y")),
    }
    graph = Graph("forward", 2, rules, ("a in X", "b in X", "d in Y", "things in Y", "e in X"), "e in X", 6)
    assert copies(graph) == (3, 5)


def test_the_lines_of_a_scale_say_guessers_copies_and_novelty_of_each_regime() -> None:
    world = World(style="terse", names=4, numbers=(1, 3), copies=0.0)
    training = Stream(world=world, mixture=Mixture.uniform([3, 4]))
    lines = list(
        regime_lines({"id": Mixture.uniform([3]), "hard": Mixture.uniform([7])}, training, n=12, documents=150)
    )
    assert [line for line in lines if "problems" in line] == [
        "id: 12 problems, 0.0% of 2.0 steps are copies", next(line for line in lines if line.startswith("hard: 12")),
    ]  # fmt: skip
    told = [line.split() for line in lines if line.rstrip().endswith("%") and "best" not in line]
    known, new = ([row for row in told if row[0] == op and len(row) == 6] for op in ("3", "7"))
    assert float(known[0][5].rstrip("%")) < 50
    assert [row[:2] + row[4:] for row in new] == [["7", "12", "100.0%", "100.0%"]]
    assert int(known[0][3]) <= int(known[0][2]) <= 12
    assert sum("not served by the first 150 documents of pre-training" in line for line in lines) == 2
