"""Is a formula the rule of its quantity, with ancestors replaced by their own rules? The heart of the rule `sound`.

A step for q may name any quantities defined before it. Every other ancestor of q is replaced by its rule, down to the
named ones and the stated constants, and the two polynomials must be equal, term by term. A bare number in the formula
stands for something: a constant that the problem states, or the value of a quantity defined before. So numbers are kept
as symbols here, one for each value, and compared like names: 6 + 6 + 6 is not 12 + 6. Only where a number multiplies a
name is it counted: 4 * a is a + a + 2 * a.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import chain, combinations
from typing import Literal, NamedTuple

from interplay.world import trace_terse
from interplay.world.arithmetic import parse_symbols, tokens_of
from interplay.world.expression import MAX_DEGREE, Form, Meaning, TooMuch, Work
from interplay.world.graph import Rule
from interplay.world.reference import Node, Reference
from interplay.world.steps import Step

X = "\0x"  # the value x as an operand of the terse style: no rule has it, by `sound` it is the unknown
MAX_TRIED = 4  # printed values that may stand in one formula beside names and constants, tried in all combinations
MAX_FACTORS = 64

Key = tuple[tuple[str, ...], tuple[int, ...]]  # the names and the numbers of one term, both sorted
Poly = dict[Key, int]
Finding = Literal["shortened", "folded"] | None


class Formula(NamedTuple):
    """What a step's formula is made of: its polynomial, and every name and number it was written with."""

    poly: Poly
    names: frozenset[str]
    numbers: frozenset[int] = frozenset()


def judge(
    step: Step,
    node: Node,
    reference: Reference,
    meanings: Mapping[str, Meaning],
    defined: Collection[str],
    work: Work,
    *,
    terse: bool,
) -> Finding:
    """ "shortened" where the formula is the rule with ancestors put in; "folded" where it would be if numbers that were
    never printed were allowed; else None. Raises TooMuch."""
    formula = _formula(step, reference, meanings, work, terse=terse)
    if formula is None:
        return None
    ancestors = reference.ancestors(node.name)
    if not formula.names <= ancestors:
        return None
    named = {name for names, _ in formula.poly for name in names}
    plain = _Expansion(node, named, (), reference, work)
    printed = sorted(_printed_instead(formula.numbers, plain.met & ancestors & set(defined), named, reference))
    for stops in _choices(printed):
        expansion = _Expansion(node, named, stops, reference, work) if stops else plain
        if _same(formula.poly, expansion):
            return "shortened"
    return "folded" if _counted(formula.poly, every=True) == _counted(plain.poly, every=True) else None


def _formula(
    step: Step, reference: Reference, meanings: Mapping[str, Meaning], work: Work, *, terse: bool
) -> Formula | None:
    """The last assignment of the step with its auxiliary letters expanded.

    None where it divides by a number, or uses a letter of an earlier step that this step binds anew afterwards.
    """
    assignments = step.assignments or ()
    here: dict[str, Formula | None] = {assignment.target: None for assignment in assignments}
    formula = None
    for assignment in assignments:
        words = trace_terse.tokens_of if terse else tokens_of
        found = parse_symbols(words(assignment.formula))
        if found is None:
            return None
        poly: Poly = {}
        names: set[str] = set()
        numbers: set[int] = set()
        for coefficient, factors in chain(((c, (name,)) for c, name in found.linear), found.products):
            product: Poly = {((), ()): coefficient}
            for factor in factors:
                part = here[factor] if factor in here else _meant(factor, meanings, reference)
                if part is None:
                    return None
                names |= part.names
                numbers |= part.numbers
                product = _times(product, part.poly, work)
            _add(poly, product, 1, work)
        formula = here[assignment.target] = Formula(_without_zeros(poly), frozenset(names), frozenset(numbers))
    return formula


def _meant(token: str, meanings: Mapping[str, Meaning], reference: Reference) -> Formula:
    if token[0] == "#":
        return Formula(_number(int(token[1:])), frozenset(), frozenset((int(token[1:]),)))
    meaning = meanings[token][2]
    if isinstance(meaning, str):
        name = str(reference.graph.unknown) if meaning == X else meaning
        return Formula({((name,), ()): 1}, frozenset((name,)))
    return _of_form(meaning)


def _of_form(form: Form) -> Formula:
    """An auxiliary letter of an earlier step."""
    poly: Poly = {}
    for key, coefficient in form.items():
        if key == "":
            poly.update(_number(coefficient))
        else:
            poly[(key,) if isinstance(key, str) else key, ()] = coefficient
    return Formula(_without_zeros(poly), frozenset(name for names, _ in poly for name in names))


class _Expansion:
    """The rule of `node` with ancestors replaced by their rules, down to what is named, the constants and `stops`."""

    def __init__(
        self, node: Node, named: Collection[str], stops: Collection[str], reference: Reference, work: Work
    ) -> None:
        self.has_products = False
        self.met: set[str] = set()
        polys: dict[str, Poly] = {}
        stack = [node.name]
        while stack:
            name = stack[-1]
            if name in polys:
                stack.pop()
                continue
            rule = reference.nodes[name].rule
            if name != node.name and name in named:
                polys[name] = {((name,), ()): 1}
            elif name in stops:
                polys[name] = _value(reference.nodes[name], str(reference.graph.unknown))
            elif waiting := [operand for operand in rule.operands if operand not in polys]:
                work.spend(len(waiting))
                stack.extend(waiting)
                continue
            else:
                self.met.add(name)
                self.has_products = self.has_products or rule.combine == "products"
                polys[name] = _applied(name, rule, polys, work)
            stack.pop()
        self.poly = _without_zeros(polys[node.name])


def _applied(name: str, rule: Rule, polys: Mapping[str, Poly], work: Work) -> Poly:
    if rule.combine == "unknown":
        return {((name,), ()): 1}
    total: Poly = {}
    if rule.combine == "products":
        for a, b in zip(rule.operands[::2], rule.operands[1::2], strict=True):
            _add(total, _times(polys[a], polys[b], work), 1, work)
    else:
        for place, operand in enumerate(rule.operands):
            _add(total, polys[operand], -1 if place and rule.combine == "difference" else 1, work)
    if rule.literal is None:
        return total
    literal = _number(rule.literal)
    if rule.join == "*":
        return _times(total, literal, work)
    _add(total, literal, 1, work)
    return total


def _printed_instead(
    written: frozenset[int], met: Iterable[str], named: Collection[str], reference: Reference
) -> list[str]:
    """Quantities defined before that the formula does not name but whose printed value it may hold."""
    numbers = written | {1}  # a factor of 1 may be left out
    found = []
    for name in met:
        node = reference.nodes[name]
        slope, constant, _ = node.meaning
        if name not in named and node.rule.operands and (abs(constant) in numbers or (slope and not constant)):
            found.append(name)
    return found


def _choices(printed: list[str]) -> Iterable[tuple[str, ...]]:
    if len(printed) > MAX_TRIED:
        return [tuple(printed), ()]
    return chain.from_iterable(combinations(printed, size) for size in range(len(printed), -1, -1))


def _same(formula: Poly, expansion: _Expansion) -> bool:
    if formula == expansion.poly:
        return True
    return not expansion.has_products and _counted(formula) == _counted(expansion.poly)


def _counted(poly: Poly, every: bool = False) -> Poly:
    """Numbers that multiply a name become part of its coefficient; with `every`, all numbers are worked out."""
    total: Poly = {}
    for (names, numbers), coefficient in poly.items():
        key: Key = (names, numbers)
        if names or every:
            key = (names, ())
            for number in numbers:
                coefficient *= number
        total[key] = total.get(key, 0) + coefficient
    return _without_zeros(total)


def _number(number: int) -> Poly:
    return {((), (abs(number),)): 1 if number > 0 else -1} if number else {}


def _value(node: Node, unknown: str) -> Poly:
    """A value as it is printed: `2*x + 4`."""
    slope, constant, _ = node.meaning
    poly = _number(constant)
    if slope:
        poly[(unknown,), (abs(slope),) if abs(slope) != 1 else ()] = 1 if slope > 0 else -1
    return poly


def _add(total: Poly, poly: Poly, sign: int, work: Work) -> None:
    work.spend(len(poly))
    for key, coefficient in poly.items():
        total[key] = total.get(key, 0) + sign * coefficient


def _times(a: Poly, b: Poly, work: Work) -> Poly:
    product: Poly = {}
    for (names, numbers), coefficient in a.items():
        for (more_names, more_numbers), other in b.items():
            work.spend(1 + len(names) + len(numbers))
            joined_names, joined = tuple(sorted(names + more_names)), numbers + more_numbers
            if len(joined_names) > MAX_DEGREE or len(joined) > MAX_FACTORS:
                raise TooMuch
            if joined:  # a factor of 1 says nothing, a term 1 does
                joined = tuple(sorted([number for number in joined if number != 1])) or (() if joined_names else (1,))
            key = (joined_names, joined)
            product[key] = product.get(key, 0) + coefficient * other
    return product


def _without_zeros(poly: Poly) -> Poly:
    return {key: coefficient for key, coefficient in poly.items() if coefficient}
