"""A dependency graph with exactly the asked operation count, every other axis of difficulty set independently.

Each step keeps what the one before it fixed: `grow` draws which quantities there are and which follow from which,
`values` gives them numbers and operations that stay in bounds, `decoys` adds the distractors, and this module names
everything and puts it into a random order.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Mapping

from .context import Context, Names
from .decoys import add_distractors
from .graph import Graph, Kind, Rule, needed_order
from .grow import NoRoom, draw_shape
from .shape import Limits, Shape, Uniform
from .spec import DEFAULT_FAN_IN, Spec, bounds_of, capacity, deepest_without_copies
from .values import Bounds, Numbers, Step, assign, between, choose, shuffle

__all__ = ["Spec", "sample_graph"]

# Ordinary specs fit at the first try (1.0 to 1.1 on average); the rest is for bounds that barely leave room.
TRIES = 256


def sample_graph(spec: Spec, context: Context, style: str, rng: random.Random) -> Graph:
    """A random graph of exactly `spec.op`. Raises ValueError naming the bound when the spec leaves no room for one."""
    uniform = rng.random
    names = context.names(style)
    pools = _pools(spec, context)
    bounds = Bounds(spec.numbers, spec.multipliers, spec.unknown, spec.max_value, spec.differences, spec.products)
    distractors = between(*bounds_of(spec.distractors), uniform)
    for _ in range(TRIES):
        limits = draw_limits(spec, pools, distractors, uniform)
        try:
            shape = draw_shape(limits, uniform)
        except NoRoom as error:
            reason = str(error)
            continue
        unknown = pick_unknown(shape, uniform) if limits.reverse else -1
        numbers = assign(shape, bounds, unknown, uniform)
        if numbers is None:
            reason = f"op {spec.op} does not fit under max_value {spec.max_value} with numbers {spec.numbers}"
            continue
        order = random_order(shape, uniform)
        add_distractors(shape, numbers, bounds, distractors, uniform)
        locations = choose(len(shape.free_counts), pools[0], uniform)
        words = name_all(shape, names, locations, choose(limits.entities, pools[1], uniform))
        return _graph(spec, shape, numbers, order, unknown, words, uniform)
    raise ValueError(f"no problem fits the spec: {reason}")


def _pools(spec: Spec, context: Context) -> tuple[int, int]:
    """How many locations and entities of the context may be used at all."""
    pools = []
    for key, words in (("locations", context.locations), ("entities", context.entities)):
        asked = max(spec.names or 0, getattr(spec, key) or 0)
        if asked > len(words):
            raise ValueError(f"the context {context.name} has {len(words)} {key}, the spec asks for {asked}")
        pools.append(spec.names or len(words))
    return pools[0], pools[1]


def draw_limits(spec: Spec, pools: tuple[int, int], distractors: int, uniform: Uniform) -> Limits:
    """This problem's share of what the spec leaves free."""
    op, fan_in = spec.op, spec.fan_in or DEFAULT_FAN_IN
    locations = spec.locations or pools[0]
    needed = max((op + distractors) // 15, (op + distractors) // locations)  # few locations ask for more entities
    entities = spec.entities or min(pools[1], 3 + int(4 * uniform()) + needed)
    if spec.depth is not None:
        depth = between(*bounds_of(spec.depth), uniform)
    else:
        # The least depth whose fullest tree has room to spare; beyond it the shallow ones are more frequent.
        least = 1 if op == 1 else 2
        while least < op and capacity(least, fan_in) < min(2 * op - 2, 3 * op // 2 + 2):
            least += 1
        least = min(least, max(2, locations * entities - distractors)) if op > 1 else 1
        most = min(op, 2 + op * 3 // 5, locations * entities - distractors)
        if spec.copies is not None and spec.copies < 1:
            most = min(most, deepest_without_copies(op))
            least = min(least, most)
        most = max(least, most)
        u = uniform()
        depth = least + int((most - least + 1) * u * math.sqrt(u))  # sqrt is exact on every machine, ** is not
    return Limits(
        op=op, d=spec.d, reverse=spec.mode == "reverse", depth=depth, fan_in=fan_in,
        locations=locations, entities=entities, spare=distractors, totals=spec.totals, copies=spec.copies,
    )  # fmt: skip


def pick_unknown(shape: Shape, uniform: Uniform) -> int:
    """The constant to hide: any that never meets itself in a product; the end of the spine always qualifies."""
    operands = shape.operands
    constants = [number for number, parents in enumerate(operands) if not parents]
    if shape.limits.d == 2:
        return constants[int(uniform() * len(constants))]
    masks = [0] * len(operands)
    squared = 0  # constants that some product would meet in both factors
    for row in reversed(shape.rows):
        for number in row:
            mask = 0 if operands[number] else 1 << number
            for parent in operands[number]:
                mask |= masks[parent]
            masks[number] = mask
    for number, kind in enumerate(shape.kinds):
        if kind == "total3":
            pairs = operands[number]
            for count, average in zip(pairs[::2], pairs[1::2], strict=True):
                squared |= masks[count] & masks[average]
    allowed = [number for number in constants if not squared >> number & 1]
    assert allowed, "the end of the spine met itself in a product"
    return allowed[int(uniform() * len(allowed))]


def name_all(shape: Shape, names: Names, locations: list[int], entities: list[int]) -> list[str]:
    """The words of every quantity, from the locations and entities chosen for this problem."""
    words = []
    for kind, place, entity in zip(shape.kinds, shape.places, shape.entities, strict=True):
        where = locations[place]
        if kind == "count":
            words.append(names.counts[where][entities[entity]])
        elif kind == "average":
            words.append(names.averages[where][entities[entity]])
        else:
            words.append(names.totals[where] if kind == "total" else names.totals3[where])
    return words


def _graph(
    spec: Spec, shape: Shape, numbers: Numbers, order: list[int], unknown: int, words: list[str], uniform: Uniform
) -> Graph:
    """The graph in words; stated facts in random order, then the totals."""
    text_order = [number for number, entity in enumerate(shape.entities) if entity >= 0]
    shuffle(text_order, uniform)
    text_order += [number for number, entity in enumerate(shape.entities) if entity < 0]
    rules = {words[number]: _rule(shape.kinds[number], numbers.steps[number], words) for number in text_order}
    assert len(rules) == len(words), "two quantities share a name"
    target = order[-1]
    if spec.order == "random":
        names_in_order = tuple([words[i] for i in order])
    else:
        _list_members_as_told(rules)
        names_in_order = needed_order(rules, words[target])
        if spec.order == "ready":
            names_in_order = ready_order(rules, names_in_order)
    graph = Graph(spec.mode, spec.d, rules, names_in_order, words[target], numbers.values[target])
    if unknown < 0:
        return graph
    return graph._replace(unknown=words[unknown], given=graph.answer, answer=numbers.values[unknown])


def ready_order(rules: Mapping[str, Rule], needed: Collection[str]) -> tuple[str, ...]:
    """The needed quantities, each step the first in the order of `rules` of those that are ready."""
    waiting = [name for name in rules if name in needed]
    order: list[str] = []
    while waiting:
        ready = next(name for name in waiting if not any(operand in waiting for operand in rules[name].operands))
        waiting.remove(ready)
        order.append(ready)
    return tuple(order)


def _list_members_as_told(rules: dict[str, Rule]) -> None:
    """Totals list their members in the order in which the text states them."""
    told = {name: place for place, name in enumerate(rules)}
    for name, rule in rules.items():
        width = {"total": 1, "products": 2}.get(rule.combine)
        if width is not None:
            operands = rule.operands
            members = [operands[start : start + width] for start in range(0, len(operands), width)]
            members.sort(key=lambda member: told[member[0]])
            rules[name] = rule._replace(operands=tuple(word for member in members for word in member))


def _rule(kind: Kind, step: Step, words: list[str]) -> Rule:
    return Rule(kind, step.combine, tuple([words[i] for i in step.operands]), step.literal, step.join)


def random_order(shape: Shape, uniform: Uniform) -> list[int]:
    """A random topological order: among the quantities that are ready, each is as likely to come next."""
    operands = shape.operands
    n = len(operands)
    children: list[list[int]] = [[] for _ in range(n)]
    missing = [len(parents) for parents in operands]
    for number, parents in enumerate(operands):
        for parent in parents:
            children[parent].append(number)
    ready = [number for number in range(n) if not missing[number]]
    order = []
    while ready:
        i = int(uniform() * len(ready))
        number = ready[i]
        ready[i] = ready[-1]
        ready.pop()
        order.append(number)
        for child in children[number]:
            missing[child] -= 1
            if not missing[child]:
                ready.append(child)
    assert len(order) == n, "the skeleton has a cycle"
    assert order[-1] == 0, "the target is not the only end"
    return order
