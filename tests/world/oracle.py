"""The slow, obvious judge: is a solution a true derivation? Exact polynomials over fractions, Python's own grammar.

It shares nothing with the package but the graph. It knows the gold's way of writing and one-word changes of it, which
is what the property tests ask about; it is no reader of arbitrary text.
"""

from __future__ import annotations

import ast
import re
from fractions import Fraction

from interplay.world.graph import Graph, Rule

Poly = dict[tuple[str, ...], Fraction]
FULL_TAIL = re.compile(
    r"We know (\w+) = (.+), so we have (.+) = (.+) and we solve it through the following steps: "
    r"Simplifying the equation: (.+) = (.+)\. Move all terms to one side: (.+) = (.+)\. "
    r"Isolate the term with x: (.+) = (.+)\. Divide both sides by (.+): x = (.+) / (.+)\. Solution: x = (.+)\."
)
TERSE_TAIL = re.compile(r"(.+) = (.+) \. (.+) = (.+) \. x = (.+) / (.+) = (.+) \.")
PREFACE = "The question is difficult, so we use equations to solve it. "


class No(Exception):
    """The solution is not a true derivation."""


def require(claim: bool) -> None:
    if not claim:
        raise No


def is_true_derivation(graph: Graph, style: str, solution: str) -> bool:
    """The whole solution, `BODY Answer: N.`"""
    try:
        match = re.fullmatch(r"(.*?) Answer: (\d+)\.", solution)
        require(match is not None and int(match[2]) == graph.answer)
        body = match[1].removeprefix(PREFACE)
        (_full if style == "full" else _terse)(_World(graph), body)
    except (No, SyntaxError):
        return False
    return True


class _World:
    """What is true: every quantity's value as a polynomial in x, its rule as a polynomial in its parents."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values: dict[str, Poly] = {}
        waiting = dict(graph.rules)
        while ready := [n for n, rule in waiting.items() if all(p in self.values for p in rule.operands)]:
            for name in ready:
                formula = self.formula(waiting.pop(name))
                self.values[name] = {("x",): Fraction(1)} if formula is None else substitute(formula, self.values)

    def formula(self, rule: Rule) -> Poly | None:
        if rule.combine == "unknown":
            return None
        total: Poly = {}
        if rule.combine == "products":
            for count, average in zip(rule.operands[::2], rule.operands[1::2], strict=True):
                total = add(total, multiply({(count,): Fraction(1)}, {(average,): Fraction(1)}))
        for position, name in enumerate(rule.operands if rule.combine != "products" else ()):
            sign = -1 if rule.combine == "difference" and position else 1
            total = add(total, {(name,): Fraction(sign)})
        if rule.literal is None:
            return total
        number = {(): Fraction(rule.literal)}
        return multiply(total, number) if rule.join == "*" else add(total, number)


def _full(world: _World, body: str) -> None:
    steps, know, tail = body.partition("We know ")
    letters: dict[str, tuple[Poly, set[str]]] = {}
    owners: dict[str, str] = {}
    defined: set[str] = set()
    for chunk in filter(None, re.split(r"(?=Define )", steps.strip())):
        match = re.fullmatch(r"Define (.+) as ([A-Za-z]\w*); ([^.]+)\.\s*", chunk)
        require(match is not None)
        name, letter, statements = match[1], match[2], match[3].split("; ")
        require(name in world.values and name not in defined)
        defined.add(name)
        letters.pop(letter, None)
        owners.pop(letter, None)
        rule = world.graph.rules[name]
        if rule.combine == "unknown":
            require(letter == "x" and match[3] == "we don't know its value yet but will find it out later")
        else:
            require(letter != "x" or world.graph.mode == "forward")
            used = {letter}
            for statement in statements[:-1]:
                target, segments = _split(statement)
                require(target not in used and target not in owners)
                require(target != "x" or world.graph.mode == "forward")
                used.add(target)
                letters[target] = _chain(world, segments, letters)
            target, segments = _split(statements[-1])
            require(target == letter)
            _conclude(world, name, segments, letters)
        letters[letter] = ({(name,): Fraction(1)}, {name})
        owners[letter] = name
    require(set(world.graph.order) <= defined)
    require(bool(know) == (world.graph.mode == "reverse"))
    if know:
        match = FULL_TAIL.fullmatch(know + tail.strip())
        require(match is not None and owners.get(match[1]) == world.graph.target)
        sides = [in_x(side) for side in match.groups()[1:]]
        require(sides[0] == {(): world.graph.given} and sides[6] == {})
        equations = [(sides[i], sides[i + 1]) for i in (1, 3, 5, 7)]
        _tail(world, equations, sides[9], (sides[10], sides[11]), sides[12])


def _terse(world: _World, body: str) -> None:
    defined: set[str] = set()
    lines = [line.strip() for line in re.split(r"(?<= \.) ", body)]
    if world.graph.mode == "reverse":
        match = TERSE_TAIL.fullmatch(" ".join(lines[-3:]))
        require(match is not None)
        sides = [in_x(side) for side in match.groups()]
        _tail(world, [(sides[0], sides[1]), (sides[2], sides[3])], sides[5], (sides[4], sides[5]), sides[6])
        lines = lines[:-3]
    for line in lines:
        require(line.endswith(" ."))
        name, *segments = line[:-2].split(" = ")
        require(name in world.values and name not in defined and bool(segments))
        if world.graph.rules[name].combine == "unknown":
            require(segments == ["x"])
        else:
            spelled = {f"q{i}": known for i, known in enumerate(sorted(defined, key=len, reverse=True))}
            formula = f" {segments[0]} "
            for short, known in spelled.items():
                formula = formula.replace(f" {known} ", f" {short} ")
            letters = {short: ({(known,): Fraction(1)}, {known}) for short, known in spelled.items()}
            require(not re.search(r"\bx\b", formula))
            _conclude(world, name, [formula, *segments[1:]], letters)
        defined.add(name)
    require(set(world.graph.order) <= defined)


def _split(statement: str) -> tuple[str, list[str]]:
    left, *segments = statement.split(" = ")
    target = left.removeprefix("so ")
    require(re.fullmatch(r"[A-Za-z]\w*", target) is not None and bool(segments))
    return target, segments


def _conclude(world: _World, name: str, segments: list[str], letters: dict[str, tuple[Poly, set[str]]]) -> None:
    formula, parents = _chain(world, segments, letters)
    require(formula == world.formula(world.graph.rules[name]))
    require(parents == set(world.graph.rules[name].operands))


def _chain(world: _World, segments: list[str], letters: dict[str, tuple[Poly, set[str]]]) -> tuple[Poly, set[str]]:
    """Polynomial and parents of the first segment; all further ones must be equal to it, the last one finished."""
    reverse = world.graph.mode == "reverse"
    known = dict(letters)
    if reverse and any(poly == {(world.graph.unknown,): 1} for poly, _ in letters.values()):
        known.setdefault("x", ({(world.graph.unknown,): Fraction(1)}, {str(world.graph.unknown)}))
    formula, parents = read(segments[0], letters)
    value = substitute(formula, world.values)
    for segment in segments[1:]:
        require(substitute(read(segment, known)[0], world.values) == value)
    require(finished(ast.parse(segments[-1].strip(), mode="eval").body, {"x"} if reverse else set()))
    return formula, parents


def _tail(world: _World, equations: list, divisor: Poly, quotient: tuple[Poly, Poly], solution: Poly) -> None:
    given = {(): Fraction(world.graph.given)}
    difference = add(world.values[world.graph.target], given, -1)
    require(equations[0] == (world.values[world.graph.target], given))
    for left, right in equations:
        other = add(left, right, -1)
        require(bool(other.get(("x",))))
        scale = other[("x",)] / difference[("x",)]
        require(other == multiply(difference, {(): scale}))
    left, right = equations[-1]
    require(set(left) == {("x",)} and set(right) <= {()})
    coefficient = {(): left[("x",)]}
    require(divisor == coefficient and quotient == (right, coefficient))
    require(multiply(solution, coefficient) == right)


def read(text: str, letters: dict[str, tuple[Poly, set[str]]]) -> tuple[Poly, set[str]]:
    """Polynomial in quantities, and the quantities it was written with."""
    parents: set[str] = set()

    def of(node: ast.expr) -> Poly:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return clean({(): Fraction(node.value)})
        if isinstance(node, ast.Name) and node.id in letters:
            poly, used = letters[node.id]
            parents.update(used)
            return poly
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return multiply(of(node.operand), {(): Fraction(-1)})
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            return add(of(node.left), of(node.right), 1 if isinstance(node.op, ast.Add) else -1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return multiply(of(node.left), of(node.right))
        raise No

    return of(ast.parse(text.strip(), mode="eval").body), parents


def in_x(text: str) -> Poly:
    return read(text, {"x": ({("x",): Fraction(1)}, set())})[0]


def finished(node: ast.expr, names: set[str]) -> bool:
    """A number, a multiple of x, or one of each."""
    kinds = []

    def terms(node: ast.expr) -> None:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            terms(node.left)
            terms(node.right)
        elif isinstance(node, ast.UnaryOp):
            terms(node.operand)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            pair = {type(n.operand if isinstance(n, ast.UnaryOp) else n) for n in (node.left, node.right)}
            kinds.append("x" if pair == {ast.Constant, ast.Name} else "other")
        else:
            kinds.append({ast.Constant: "number", ast.Name: "x"}.get(type(node), "other"))

    terms(node)
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return sorted(kinds) in (["number"], ["x"], ["number", "x"]) and used <= names


def clean(poly: Poly) -> Poly:
    return {names: coefficient for names, coefficient in poly.items() if coefficient}


def add(a: Poly, b: Poly, sign: int = 1) -> Poly:
    total = dict(a)
    for names, coefficient in b.items():
        total[names] = total.get(names, Fraction(0)) + sign * coefficient
    return clean(total)


def multiply(a: Poly, b: Poly) -> Poly:
    total: Poly = {}
    for names, coefficient in a.items():
        for more, other in b.items():
            key = tuple(sorted(names + more))
            total[key] = total.get(key, Fraction(0)) + coefficient * other
    return clean(total)


def substitute(poly: Poly, values: dict[str, Poly]) -> Poly:
    total: Poly = {}
    for names, coefficient in poly.items():
        term: Poly = {(): coefficient}
        for name in names:
            term = multiply(term, values[name])
        total = add(total, term)
    return total
