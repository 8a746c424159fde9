"""The dependency graph of one problem: quantities, the rule that defines each, and the operation count.

A quantity is named by the words the text uses for it ("lion in Cedar", "animals in Cedar"), so a graph stands on its
own: no vocabulary is needed to verify against it. `Rule` says how one quantity follows from others. Totals are
implicit: their rule is never in the text, and the reader must infer that a total is the sum of its location's members.

Operation count (op): every needed quantity counts its in-edges, a literal (or the hidden constant) being one edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

Kind = Literal["count", "average", "total", "total3"]
Mode = Literal["forward", "reverse"]
Join = Literal["", "+", "*"]
Combine = Literal["constant", "unknown", "copy", "sum", "difference", "total", "products"]

MAX_OP = 60


class Rule(NamedTuple):
    """One quantity's definition: `literal join (operands combined)`.

    combine    operands                          meaning
    constant   none                              literal
    unknown    none                              the hidden constant of a reverse problem
    copy       A                                 A                 or  literal join A
    sum        A, B, ...                         A + B + ...       or  literal join (A + B + ...)
    difference A, B                              A - B             or  literal join (A - B)
    total      every count of the location       their sum; implicit
    products   count1, average1, count2, ...     sum of count_i * average_i; implicit
    """

    kind: Kind
    combine: Combine
    operands: tuple[str, ...] = ()
    literal: int | None = None
    join: Join = ""

    @property
    def op(self) -> int:
        """In-edges of the quantity; a literal or the hidden constant is one edge."""
        return len(self.operands) + (self.literal is not None or self.combine == "unknown")

    @property
    def implicit(self) -> bool:
        """True for totals: the text never states their rule."""
        return self.combine in ("total", "products")


class Linear(NamedTuple):
    """The exact value `slope * x + constant`; forward values have slope 0."""

    slope: int
    constant: int


class Graph(NamedTuple):
    """One problem without its wording.

    rules   every quantity of the problem, distractors and implicit totals included, by name
    order   the needed quantities in a topological order; the last one is `target`
    target  forward: the quantity asked. reverse: the quantity whose value `given` the text states
    unknown reverse: the quantity asked, whose rule is "unknown"; forward: None
    answer  the number asked for
    """

    mode: Mode
    d: int
    rules: Mapping[str, Rule]
    order: tuple[str, ...]
    target: str
    answer: int
    unknown: str | None = None
    given: int | None = None

    @property
    def asked(self) -> str:
        """The quantity the question names."""
        return self.target if self.unknown is None else self.unknown

    @property
    def op(self) -> int:
        """Operation count of the problem."""
        return sum(self.rules[name].op for name in self.order)

    @property
    def distractors(self) -> list[str]:
        """Stated quantities that the answer does not need, in text order."""
        needed = set(self.order)
        return [name for name, rule in self.rules.items() if not rule.implicit and name not in needed]


def needed_order(rules: Mapping[str, Rule], target: str) -> tuple[str, ...]:
    """Ancestors of `target` and itself, parents first, each operand worked out before the next one is begun.

    Raises ValueError on a cycle, KeyError on an undefined name.
    """
    order: dict[str, None] = {}
    open_: dict[str, None] = {}  # visited, but not all of its parents are in order yet
    stack: list[tuple[str, bool]] = [(target, False)]
    while stack:
        name, expanded = stack.pop()
        if expanded:
            del open_[name]
            order[name] = None
        elif name in open_:
            raise ValueError(f"the quantity {name!r} depends on itself")
        elif name not in order:
            open_[name] = None
            stack.append((name, True))
            stack.extend((parent, False) for parent in reversed(rules[name].operands) if parent not in order)
    return tuple(order)


def evaluate(rules: Mapping[str, Rule], order: Iterable[str]) -> dict[str, Linear]:
    """Exact value of each quantity in `order` (parents first), the unknown being x.

    Raises ValueError where a value would not be linear in x.
    """
    values: dict[str, Linear] = {}
    for name in order:
        values[name] = apply_rule(rules[name], values)
    return values


def apply_rule(rule: Rule, values: Mapping[str, Linear]) -> Linear:
    """Value of one rule from its operands' values. Raises ValueError where it would not be linear in x."""
    if rule.combine == "unknown":
        return Linear(1, 0)
    if rule.combine == "constant":
        assert rule.literal is not None, "a constant without its literal"
        return Linear(0, rule.literal)
    operands = [values[name] for name in rule.operands]
    if rule.combine == "products":
        operands = [multiply(a, b) for a, b in zip(operands[::2], operands[1::2], strict=True)]
    slope, constant = operands[0]
    sign = -1 if rule.combine == "difference" else 1
    for operand in operands[1:]:
        slope += sign * operand.slope
        constant += sign * operand.constant
    if rule.literal is None:
        return Linear(slope, constant)
    if rule.join == "*":
        return Linear(slope * rule.literal, constant * rule.literal)
    return Linear(slope, constant + rule.literal)


def multiply(a: Linear, b: Linear) -> Linear:
    """Product of two values. Raises ValueError when both contain x."""
    if a.slope and b.slope:
        raise ValueError("a product of two values that both contain x is not linear")
    return Linear(a.slope * b.constant + b.slope * a.constant, a.constant * b.constant)


def to_dict(graph: Graph) -> dict[str, object]:
    """The graph as JSON values; rules keep the order of the text. `from_dict` reads it back."""
    rules = {
        name: {
            "kind": rule.kind,
            "combine": rule.combine,
            "operands": list(rule.operands),
            "literal": rule.literal,
            "join": rule.join,
        }
        for name, rule in graph.rules.items()
    }
    return graph._asdict() | {"rules": rules, "order": list(graph.order)}


def from_dict(data: Mapping[str, object]) -> Graph:
    """Read what `to_dict` wrote, Arrow's null for other rows' names left out. Raises ValueError naming what is wrong."""
    try:
        fields = dict(data)
        rules = {
            str(name): Rule(r["kind"], r["combine"], tuple(r["operands"]), r["literal"], r["join"])
            for name, r in fields.pop("rules").items()  # type: ignore[attr-defined]
            if r is not None  # what Arrow puts where another row has this name
        }
        order: tuple[str, ...] = tuple(fields.pop("order"))  # type: ignore[arg-type]
        return Graph(rules=rules, order=order, **fields)  # type: ignore[arg-type]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a graph: {error!r}") from error
