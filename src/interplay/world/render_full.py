"""The sentence style of the GSM-Infinite files: English facts, and steps that bind one variable per computed value.

Every assignment, also of an intermediate sum, takes a fresh random letter (a letter with a number once all are used).
In reverse problems x is the unknown, so neither x nor X names anything else, and values are linear expressions in x.
"""

from __future__ import annotations

from string import ascii_letters

from .graph import Graph, Linear, Rule, multiply
from .shape import Uniform

_REVERSE_LETTERS = ascii_letters.replace("x", "").replace("X", "")


class Letters:
    """Fresh variable names in random order: letters, then a1, b1, ... once they have run out."""

    def __init__(self, letters: str, uniform: Uniform) -> None:
        self.letters = letters
        self.left = list(letters)
        self.uniform = uniform
        self.lap = 0

    def fresh(self) -> str:
        left = self.left
        if not left:
            self.lap += 1
            left.extend(f"{letter}{self.lap}" for letter in self.letters)
        i = int(self.uniform() * len(left))
        letter = left[i]
        left[i] = left[-1]
        left.pop()
        return letter


def render_full(graph: Graph, uniform: Uniform) -> tuple[str, str, str]:
    """Problem, question and solution."""
    rules = graph.rules
    phrases = {name: f"the number of {name}" if rule.kind == "count" else f"the {name}" for name, rule in rules.items()}
    facts = [f"T{phrases[name][1:]} {fact(rule, phrases)}. " for name, rule in rules.items() if not rule.implicit]
    reverse = graph.unknown is not None
    if reverse:
        given = f"T{phrases[graph.target][1:]} equals {graph.given}. "
        facts.insert(int(uniform() * (len(facts) + 1)), given)
    return "".join(facts), question(graph), solution(graph, uniform)


def fact(rule: Rule, phrases: dict[str, str]) -> str:
    """What a sentence says about its subject."""
    if rule.combine == "unknown":
        return "exists, and its number is greater than 0" if rule.kind == "count" else "is greater than 0"
    operands = [phrases[name] for name in rule.operands]
    if not operands:
        return f"equals {rule.literal}"
    if len(operands) == 1:
        text = operands[0]
    elif rule.combine == "difference":
        text = f"the difference between {operands[0]} and {operands[1]}"
    elif len(operands) == 2:
        text = f"the sum of {operands[0]} and {operands[1]}"
    else:
        text = f"the sum of {', '.join(operands[:-1])}, and {operands[-1]}"
    if rule.literal is None:
        return f"equals {text}"
    return f"equals {rule.literal} {'plus' if rule.join == '+' else 'times'} {text}"


def question(graph: Graph) -> str:
    """Counts are asked with "How many", everything else with "What is"."""
    asked = graph.asked
    if graph.rules[asked].kind != "count":
        return f"What is the {asked}?"
    entity, location = asked.rsplit(" in ", 1)
    return f"How many {entity} does {location} have?"


def solution(graph: Graph, uniform: Uniform) -> str:
    """All steps, the equation's tail in reverse problems, and the answer."""
    reverse = graph.unknown is not None
    letters = Letters(_REVERSE_LETTERS if reverse else ascii_letters, uniform)
    known: dict[str, tuple[str, Linear]] = {}
    parts = ["The question is difficult, so we use equations to solve it. "] if reverse else []
    for name in graph.order:
        rule = graph.rules[name]
        if rule.combine == "unknown":
            known[name] = ("x", Linear(1, 0))
            parts.append(f"Define {name} as x; we don't know its value yet but will find it out later. ")
        else:
            body, letter, value = step(rule, [known[operand] for operand in rule.operands], letters, reverse)
            known[name] = (letter, value)
            parts.append(f"Define {name} as {letter}; {body}. ")
    if reverse:
        letter, value = known[graph.target]
        assert graph.given is not None, "a reverse problem without its given value"
        parts.append(tail(letter, value, graph.given, graph.answer))
    parts.append(f"Answer: {graph.answer}.")
    return "".join(parts)


def step(rule: Rule, operands: list[tuple[str, Linear]], letters: Letters, reverse: bool) -> tuple[str, str, Linear]:
    """The assignments of one quantity, its letter and its value; the last assignment is the quantity's own."""
    own = letters.fresh()
    if not operands:
        assert rule.literal is not None, "a constant without its literal"
        return f"so {own} = {rule.literal}", own, Linear(0, rule.literal)
    assignments: list[str] = []
    so = ""
    if rule.combine == "products":
        pairs = zip(operands[::2], operands[1::2], strict=True)
        single = len(operands) == 2
        operands = [_binary(own if single else letters.fresh(), a, b, "*", reverse, assignments) for a, b in pairs]
        if single:
            return f"so {assignments[0]}", own, operands[0][1]
    else:
        so = "so "
    sign = "-" if rule.combine == "difference" else "+"
    scaled = rule.literal is not None
    result = operands[0]
    for i in range(1, len(operands)):
        last = i == len(operands) - 1 and not scaled
        result = _binary(own if last else letters.fresh(), result, operands[i], sign, reverse, assignments)
    if len(operands) == 1:
        letter, value = result
        result = (letters.fresh() if scaled else own, value)
        assignments.append(f"{result[0]} = {letter} = {expression(value)}")
    if rule.literal is not None:
        result = _scale(own, rule.literal, rule.join, result, reverse, assignments)
    assignments[-1] = so + assignments[-1]
    return "; ".join(assignments), own, result[1]


def _binary(
    letter: str, left: tuple[str, Linear], right: tuple[str, Linear], sign: str, reverse: bool, assignments: list[str]
) -> tuple[str, Linear]:
    """Append `T = A + B = a + b = c`; reverse problems bracket both sides of - and *."""
    (a, value_a), (b, value_b) = left, right
    if sign == "*":
        value = multiply(value_a, value_b)
    elif sign == "+":
        value = Linear(value_a.slope + value_b.slope, value_a.constant + value_b.constant)
    else:
        value = Linear(value_a.slope - value_b.slope, value_a.constant - value_b.constant)
    text_a, text_b = expression(value_a), expression(value_b)
    if reverse and sign != "+":
        text_a, text_b = f"({text_a})", f"({text_b})"
    assignments.append(f"{letter} = {a} {sign} {b} = {text_a} {sign} {text_b} = {expression(value)}")
    return letter, value


def _scale(
    letter: str, literal: int, join: str, operand: tuple[str, Linear], reverse: bool, assignments: list[str]
) -> tuple[str, Linear]:
    """Append `V = N * T = N * c = r`, the literal applied to the finished operand."""
    name, (slope, constant) = operand
    text = expression(operand[1])
    if join == "*":
        value = Linear(slope * literal, constant * literal)
        put_in = f"({literal}) * ({text})" if reverse else f"{literal} * {text}"
    else:
        value = Linear(slope, constant + literal)
        put_in = f"{literal} + {text}"
    assignments.append(f"{letter} = {literal} {join} {name} = {put_in} = {expression(value)}")
    return letter, value


def expression(value: Linear) -> str:
    """`3*x + 4`, `x - 2`, `11 - x` (a positive constant comes before a negative term), `5`."""
    slope, constant = value
    if not slope:
        return str(constant)
    size = abs(slope)
    text = "x" if size == 1 else f"{size}*x"
    if slope < 0:
        if constant > 0:
            return f"{constant} - {text}"
        text = f"-{text}"
    if constant > 0:
        return f"{text} + {constant}"
    return f"{text} - {-constant}" if constant else text


def tail(letter: str, value: Linear, given: int, answer: int) -> str:
    """The equation solved in the fixed words of the format."""
    slope, constant = value
    equation = f"{expression(value)} = {given}"
    rest = given - constant
    moved = expression(Linear(slope, -rest))
    return (
        f"We know {letter} = {given}, so we have {equation} and we solve it through the following steps: "
        f"Simplifying the equation: {equation}. Move all terms to one side: {moved} = 0. "
        f"Isolate the term with x: {slope}*x = {rest}. Divide both sides by {slope}: x = {rest} / {slope}. "
        f"Solution: x = {answer}. "
    )
