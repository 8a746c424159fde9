"""Shortened solutions, made from a graph: any subset of the steps is left out, and those that used them put in what
stood there. In both styles and both modes, written with brackets or with auxiliary letters."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import NamedTuple

from interplay.world import render_full, render_terse
from interplay.world.graph import Graph, Linear, Rule, evaluate
from interplay.world.problem import Problem

PREFACE = "The question is difficult, so we use equations to solve it. "


class Shortened(NamedTuple):
    """A solution without its answer sentence's surroundings, and which steps stand in it."""

    text: str
    kept: tuple[str, ...]


def cut(problem: Problem, rng: random.Random, share: float, numbers: float = 0.0) -> Shortened:
    """The gold of a problem without a random `share` of its steps. With `numbers`, kept quantities are put in as their
    printed values that often; the lines of a tail are left out at random, one of them stays."""
    graph = problem.graph
    keep = {graph.target} | ({graph.unknown} if graph.unknown and problem.style == "full" else set())
    kept = tuple(name for name in graph.order if name in keep or rng.random() >= share)
    write = _terse if problem.style == "terse" else _full
    return Shortened(f"{write(graph, kept, rng, share, numbers)} Answer: {graph.answer}.", kept)


def _terse(graph: Graph, kept: Collection[str], rng: random.Random, share: float, numbers: float) -> str:
    values = evaluate(graph.rules, graph.order)
    steps = []
    for name in kept:
        put_in = {other for other in kept if rng.random() < numbers}
        words = {other: other for other in kept} | {o: _bracketed(render_terse.linear(values[o])) for o in put_in}
        formula = _formula(graph, graph.rules[name], words)
        value = render_terse.linear(values[name])
        steps.append(f"{name} = {formula} ." if formula == value else f"{name} = {formula} = {value} .")
    if graph.unknown is not None:
        lines = render_terse.tail(values[graph.target], int(graph.given or 0), graph.answer).split(" . ")
        steps.append(" . ".join(_some(lines, rng, share)).removesuffix(" .") + " .")
    return " ".join(steps)


def _formula(graph: Graph, rule: Rule, words: dict[str, str]) -> str:
    """The rule with the words of what stands, brackets round what is put in."""
    if rule.combine in ("constant", "unknown"):
        return "x" if rule.combine == "unknown" else str(rule.literal)
    parts = []
    for name in rule.operands:
        inner = graph.rules[name]
        if name in words:
            parts.append(words[name])
        elif not inner.operands:
            parts.append(_formula(graph, inner, words))
        else:
            parts.append(f"( {_formula(graph, inner, words)} )")
    if rule.combine == "products":
        return " + ".join(f"{a} * {b}" for a, b in zip(parts[::2], parts[1::2], strict=True))
    joined = (" - " if rule.combine == "difference" else " + ").join(parts)
    if rule.literal is None:
        return joined
    return f"{rule.literal} {rule.join} {joined if len(parts) == 1 else f'( {joined} )'}"


def _bracketed(text: str) -> str:
    return f"( {text} )" if " " in text else text


def _full(graph: Graph, kept: Collection[str], rng: random.Random, share: float, numbers: float) -> str:
    values = evaluate(graph.rules, graph.order)
    letters = {name: "x" if name == graph.unknown else f"q{i}" for i, name in enumerate(kept)}
    steps = []
    for name in kept:
        letter, rule = letters[name], graph.rules[name]
        if rule.combine == "unknown":
            steps.append(f"Define {name} as x; we don't know its value yet but will find it out later.")
            continue
        put_in = {other for other in kept if rng.random() < numbers and other != graph.unknown}
        words = letters | {o: _bracketed(render_full.expression(values[o])) for o in put_in}
        statements: list[str] = []
        if rng.random() < 0.5:
            _auxiliaries(graph, rule, words, statements, values)
        formula, value = _formula(graph, rule, words), render_full.expression(values[name])
        statements.append(f"so {letter} = {formula}" + (f" = {value}" if formula != value else ""))
        steps.append(f"Define {name} as {letter}; {'; '.join(statements)}.")
    text = " ".join(steps)
    if graph.unknown is None:
        return text
    tail = render_full.tail(letters[graph.target], values[graph.target], int(graph.given or 0), graph.answer)
    return f"{PREFACE}{text} {_full_tail(tail, rng, share)}"


def _auxiliaries(
    graph: Graph, rule: Rule, words: dict[str, str], statements: list[str], values: dict[str, Linear]
) -> None:
    """What was left out, each under an auxiliary letter."""
    for name in rule.operands:
        if name not in words:
            _auxiliaries(graph, graph.rules[name], words, statements, values)
            letter = f"h{len(statements)}"
            formula, value = _formula(graph, graph.rules[name], words), render_full.expression(values[name])
            statements.append(f"{letter} = {formula}" + (f" = {value}" if formula != value else ""))
            words[name] = letter


def _full_tail(tail: str, rng: random.Random, share: float) -> str:
    first, *sentences = tail.strip().removesuffix(".").split(". ")
    known, rest = first.split(", so we have ")
    equation, simplified = rest.split(" and we solve it through the following steps: ")
    pieces = [known, f"so we have {equation}", simplified, *sentences]
    return ". ".join(_some(pieces, rng, share, sure=1)) + "."


def _some(lines: list[str], rng: random.Random, share: float, sure: int = 0) -> list[str]:
    """Some of the lines in their order, always one that is an equation in x: those from `sure` on are."""
    certain = rng.randrange(sure, len(lines))
    return [line for i, line in enumerate(lines) if i == certain or rng.random() >= share / 2]
