"""The compact style: a fact is an equation, a step repeats it, puts the values in and computes until one value
stands.

Every token stands between blanks. Each printed segment does one operation, from the left, brackets first, so that a
small model never has to do two things at once.
"""

from __future__ import annotations

from .graph import Graph, Linear, Rule, apply_rule
from .shape import Uniform


def render_terse(graph: Graph, uniform: Uniform) -> tuple[str, str, str]:
    """Problem, question and solution."""
    rules = graph.rules
    formulas = {name: formula(rule) for name, rule in rules.items()}
    facts = [f"{name} = {formulas[name]} ." for name, rule in rules.items() if not rule.implicit]
    values: dict[str, Linear] = {}
    steps = []
    for name in graph.order:
        rule = rules[name]
        values[name] = value = apply_rule(rule, values)
        if rule.operands:
            steps.append(f"{name} = {formulas[name]} = {_chain(rule, values, value)} .")
        else:
            steps.append(f"{name} = {formulas[name]} .")
    if graph.unknown is not None:
        facts.insert(int(uniform() * (len(facts) + 1)), f"{graph.target} = {graph.given} .")
        assert graph.given is not None, "a reverse problem without its given value"
        steps.append(tail(values[graph.target], graph.given, graph.answer))
    return " ".join(facts), f"{graph.asked} ?", f"{' '.join(steps)} Answer: {graph.answer}."


def formula(rule: Rule) -> str:
    """The rule with names: what a fact states and what a step begins with."""
    operands = rule.operands
    if not operands:
        return "x" if rule.combine == "unknown" else str(rule.literal)
    if rule.combine == "products":
        return " + ".join(f"{a} * {b}" for a, b in zip(operands[::2], operands[1::2], strict=True))
    joined = (" - " if rule.combine == "difference" else " + ").join(operands)
    if rule.literal is None:
        return joined
    if len(operands) == 1:
        return f"{rule.literal} {rule.join} {joined}"
    return f"{rule.literal} {rule.join} ( {joined} )"


def linear(value: Linear) -> str:
    """`3 * x + 4`, `x - 2`, `- 2 * x + 7`, `5`."""
    slope, constant = value
    if not slope:
        return str(constant) if constant >= 0 else f"- {-constant}"
    size = abs(slope)
    text = "x" if size == 1 else f"{size} * x"
    if slope < 0:
        text = f"- {text}"
    if constant > 0:
        return f"{text} + {constant}"
    return f"{text} - {-constant}" if constant else text


def _chain(rule: Rule, values: dict[str, Linear], value: Linear) -> str:
    """The values put in, then one operation a segment until the final value stands."""
    operands = rule.operands
    if len(operands) == 1 and rule.literal is None:
        return linear(value)
    segments: list[str] = []
    terms = [values[name] for name in operands]
    if rule.combine == "products":
        pairs = list(zip(terms[::2], terms[1::2], strict=True))
        segments.append(" + ".join(f"{_factor(a)} * {_factor(b)}" for a, b in pairs))
        terms = [Linear(a.slope * b.constant + b.slope * a.constant, a.constant * b.constant) for a, b in pairs]
    minus = rule.combine == "difference"
    bracket = rule.literal is not None and len(operands) > 1
    while True:
        if rule.literal is None:
            segments.append(_joined(terms, minus, first=True))
        elif bracket and len(terms) > 1:
            segments.append(f"{rule.literal} {rule.join} ( {_joined(terms, minus, first=True)} )")
        elif rule.join == "*":
            segments.append(f"{rule.literal} * {_factor(terms[0])}")
        else:
            segments.append(f"{rule.literal} + {_joined(terms, minus, first=False)}")
        if len(terms) == 1:
            break
        a, b = terms[0], terms[1]
        sign = -1 if minus else 1
        terms[:2] = [Linear(a.slope + sign * b.slope, a.constant + sign * b.constant)]
    if segments[-1] != linear(value):
        segments.append(linear(value))
    distinct = segments[:1]
    for segment in segments[1:]:  # "3 * x" put in is already the value 3 * x
        if segment != distinct[-1]:
            distinct.append(segment)
    return " = ".join(distinct)


def _joined(terms: list[Linear], minus: bool, first: bool) -> str:
    """Terms with + or - between them; brackets where a leading minus or a subtraction would change the meaning."""
    texts = []
    for term in terms:
        text = linear(term)
        if not first and (term.slope < 0 or (minus and term.slope and term.constant)):
            text = f"( {text} )"
        texts.append(text)
        first = False
    return (" - " if minus else " + ").join(texts)


def _factor(value: Linear) -> str:
    """A value as a factor: in brackets unless it is a single token."""
    text = linear(value)
    return f"( {text} )" if " " in text else text


def tail(value: Linear, given: int, answer: int) -> str:
    """The equation, x isolated, the division."""
    slope, constant = value
    rest = given - constant
    spelled, divisor = _signed(rest), _signed(slope)
    return f"{linear(value)} = {given} . {divisor} * x = {spelled} . x = {spelled} / {divisor} = {answer} ."


def _signed(number: int) -> str:
    return str(number) if number >= 0 else f"- {-number}"
