"""Properties over generated problems: gold is accepted, what stays true stays accepted, and every change of one number,
operator, operand, parent or name is refused unless a slow exact judge says that the result is a true derivation still.
"""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import is_true_derivation

from interplay.world import context, trace
from interplay.world.graph import apply_rule, evaluate
from interplay.world.problem import Problem, make
from interplay.world.randomness import stream
from interplay.world.sample import Spec
from interplay.world.verify import Reference, verify

CONTEXTS = context.names()
_TOKEN = re.compile(r"[0-9]+|[A-Za-z]\w*|[^\sA-Za-z0-9]")
_LETTERS = "abcdeghkmpqtxyzABDKQZ"


@st.composite
def problems(draw, max_op: int = 20) -> Problem:
    spec = {
        "op": draw(st.integers(2, max_op)),
        "mode": draw(st.sampled_from(("forward", "reverse"))),
        "d": draw(st.sampled_from((2, 3))),
        "distractors": draw(st.integers(0, 4)),
    }
    style = draw(st.sampled_from(("full", "terse")))
    name = draw(st.sampled_from(CONTEXTS))
    return make(Spec(**spec), name, style, stream("verify", style, name, *spec.values(), draw(st.integers(0, 10**6))))


def reference_of(problem: Problem) -> Reference:
    return Reference.from_graph(problem.graph, problem.solution)


@given(problems(max_op=60))
@settings(max_examples=150)
def test_gold_is_accepted(problem):
    reference = reference_of(problem)
    for text in (problem.solution, problem.completion, problem.text):
        verdict = verify(reference, text)
        assert verdict.exact
        assert verdict.paper_v1
        assert verdict.process_accuracy == 1.0
    assert is_true_derivation(problem.graph, problem.style, problem.solution)


def steps_of(problem: Problem) -> tuple[list[str], str]:
    """The steps of the gold, and what follows them."""
    verdict = verify(reference_of(problem), problem.solution)
    spans = [(step.start, step.end) for step in verdict.steps][: len(problem.graph.order)]
    return [problem.solution[start:end] for start, end in spans], problem.solution[spans[-1][1] :]


@given(problems(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_independent_steps_does_not_matter(problem, rng):
    steps, rest = steps_of(problem)
    texts = dict(
        zip([step.name for step in verify(reference_of(problem), problem.solution).steps], steps, strict=False)
    )
    placed: list[str] = []
    waiting = list(problem.graph.order)
    while waiting:
        ready = [n for n in waiting if all(p in placed for p in problem.graph.rules[n].operands)]
        if problem.graph.mode == "reverse" and problem.graph.unknown in waiting:
            ready = [str(problem.graph.unknown)]  # x is used in values as soon as one of them depends on it
        placed.append(rng.choice(ready))
        waiting.remove(placed[-1])
    assert verify(reference_of(problem), " ".join(texts[name] for name in placed) + rest).exact


@given(problems(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_letters_do_not_matter(problem, rng):
    if problem.style == "terse":
        return
    body, tail, end = problem.solution.partition("We know ")
    letters = sorted(set(re.findall(r"(?:; |so | as )([A-Za-z]\w*)(?= =|;)", body)) - ({"x"} if tail else set()))
    pool = [f"v{i}" for i in range(len(letters))] + list("acegikmoqsuwyBDFHJL")
    new = dict(zip(letters, rng.sample(pool, len(letters)), strict=True))
    names = sorted(problem.graph.rules, key=len, reverse=True)
    marked = body
    for number, name in enumerate(names):
        marked = marked.replace(f"Define {name} as", f"Define <{number}> as")
    marked = re.sub(r"(?<!')\b[A-Za-z]\w*\b", lambda m: new.get(m[0], m[0]), marked)
    for number, name in enumerate(names):
        marked = marked.replace(f"<{number}>", name)
    if tail:
        letter, equals, end = end.partition(" =")
        end = new.get(letter, letter) + equals + end
    assert verify(reference_of(problem), marked + tail + end).exact


def extra_step(problem: Problem, rng: random.Random, error: int) -> str | None:
    """A step for a distractor, written from its rule; `error` is added to its value. None if none can be written."""
    graph = problem.graph
    letters = {step.name: step.letter for step in trace.read(problem.solution).steps}
    able = [n for n in graph.distractors if all(operand in letters for operand in graph.rules[n].operands)]
    if not able:
        return None
    name = rng.choice(able)
    rule = graph.rules[name]
    formula = (" - " if rule.combine == "difference" else " + ").join(letters[operand] for operand in rule.operands)
    if rule.literal is not None and rule.operands:
        formula = f"{rule.literal} {rule.join} ( {formula} )"
    slope, constant = apply_rule(rule, evaluate(graph.rules, graph.order))
    value = f"{slope} * x + {constant + error}" if slope else str(constant + error)
    chain = f"{formula} = {value}" if formula else value
    return f"Define {name} as extra; so extra = {chain}." if problem.style == "full" else f"{name} = {chain} ."


@given(problems(), st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_a_right_step_too_many_is_strict_and_a_wrong_one_is_not(problem, rng):
    steps, rest = steps_of(problem)
    for error in (0, 1):
        extra = extra_step(problem, rng, error)
        if extra is not None:
            verdict = verify(reference_of(problem), " ".join([*steps, extra]) + rest)
            assert (verdict.strict, verdict.exact) == (not error, False), extra
            assert verdict.process_accuracy == 1.0


def change_one(problem: Problem, rng: random.Random) -> str:
    """The gold with one number, operator, letter or name replaced, or one step dropped or doubled."""
    solution = problem.solution
    kind = rng.choice(("number", "operator", "letter", "name", "step", "segment"))
    if kind == "name":
        name = rng.choice(problem.graph.order)
        places = [m.start() for m in re.finditer(re.escape(name), solution)]
        at, new = rng.choice(places), rng.choice([*problem.graph.rules, f"{name}land", "ghost in the machine"])
        return solution[:at] + new + solution[at + len(name) :]
    if kind == "step":
        steps, rest = steps_of(problem)
        at = rng.randrange(len(steps))
        changed = steps[:at] + steps[at + 1 :] if rng.random() < 0.5 else steps[: at + 1] + steps[at:]
        return " ".join(changed) + rest
    if kind == "segment":
        segments = solution.split(" = ")
        at = rng.randrange(1, len(segments) - 1) if len(segments) > 2 else 0
        return " = ".join(segments[:at] + segments[at + 1 :])
    wanted = {
        "number": str.isdecimal,
        "operator": lambda t: t in "+-*",
        "letter": lambda t: t.isalpha() and len(t) == 1,
    }
    tokens = [m for m in _TOKEN.finditer(solution) if wanted[kind](m[0])]
    if not tokens:
        return solution
    token = rng.choice(tokens)
    if kind == "number":
        new = str(rng.choice((int(token[0]) + 1, abs(int(token[0]) - 1), rng.randrange(30))))
    else:
        new = rng.choice("+-*" if kind == "operator" else _LETTERS)
    return solution[: token.start()] + new + solution[token.end() :]


def check_changes(problem: Problem, rng: random.Random, num_changes: int) -> None:
    reference = reference_of(problem)
    for _ in range(num_changes):
        text = change_one(problem, rng)
        verdict = verify(reference, text)
        assert verdict.strict == is_true_derivation(problem.graph, problem.style, text), (text, verdict)
        assert 0.0 <= verdict.process_accuracy <= 1.0
        assert verdict.strict or verdict.error is not None


@given(problems(max_op=14), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_one_change_is_refused_unless_it_stays_true(problem, rng):
    check_changes(problem, rng, num_changes=12)


@pytest.mark.slow
def test_many_changes_are_refused_unless_they_stay_true():
    rng = stream("many changes")
    for index in range(3_000):
        mode, d = ("forward", "reverse")[index % 2], 2 + index // 2 % 2
        spec = Spec(op=2 + index % 19, mode=mode, d=d, distractors=index % 5)
        problem = make(spec, CONTEXTS[index % len(CONTEXTS)], ("full", "terse")[index // 4 % 2], rng)
        check_changes(problem, rng, num_changes=40)
