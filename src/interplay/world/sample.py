"""A dependency graph with exactly the asked operation count, every other axis of difficulty set independently.

Three steps, each of which keeps what the one before it fixed: `shape` draws which quantities there are and which follow
from which, `values` gives them numbers and operations that stay in bounds, and this module names them, adds the
distractors and puts everything into a random order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from .context import Context, Names
from .decoys import add_distractors
from .graph import MAX_OP, Graph, Mode, Rule
from .shape import Limits, NoRoom, Shape, Uniform, draw_shape
from .values import Bounds, Numbers, Step, assign, between, shuffle

Span = int | tuple[int, int]
DEFAULT_FAN_IN = 4
TRIES = 24


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What a problem must be. `None` leaves an axis free; a pair is an inclusive range to draw from.

    distractors  facts the answer does not need: exactly so many, whatever op is
    depth        quantities on the longest chain from a constant to the target
    fan_in       most operands of a stated rule
    locations, entities   most different ones in a problem
    names        draw locations and entities from the first so many of the context
    numbers      literals; multipliers: literals that multiply, and the averages that are constants
    max_value    every needed value is in 1..max_value
    unknown      range of the reverse answer
    totals       chance that a derived quantity is a total, wherever a location is free for one
    """

    op: int
    mode: Mode = "forward"
    d: int = 2
    distractors: Span = 0
    depth: Span | None = None
    fan_in: int | None = None
    locations: int | None = None
    entities: int | None = None
    names: int | None = None
    numbers: tuple[int, int] = (1, 20)
    multipliers: tuple[int, int] = (2, 5)
    max_value: int = 1000
    unknown: tuple[int, int] = (1, 20)
    totals: float = 0.35

    def __post_init__(self) -> None:
        check_spec(self)

    @property
    def bounds(self) -> Bounds:
        return Bounds(self.numbers, self.multipliers, self.unknown, self.max_value)


def check_spec(spec: Spec) -> None:
    """Raise ValueError naming the bound that a spec breaks."""
    if spec.mode not in ("forward", "reverse"):
        raise ValueError(f"mode must be 'forward' or 'reverse', got {spec.mode!r}")
    if spec.d not in (2, 3):
        raise ValueError(f"d must be 2 or 3, got {spec.d!r}")
    least = 2 if spec.mode == "reverse" else 1
    if not least <= spec.op <= MAX_OP:
        raise ValueError(f"op must be in {least}..{MAX_OP} in {spec.mode} mode, got {spec.op}")


def sample_graph(spec: Spec, context: Context, style: str, rng: random.Random) -> Graph:
    """A random graph of exactly `spec.op`. Raises ValueError when the spec's bounds leave no room for one."""
    uniform = rng.random
    names = context.names(style)
    reason = ""
    for _ in range(TRIES):
        distractors = _draw(spec.distractors, uniform)
        limits = draw_limits(spec, context, distractors, uniform)
        try:
            shape = draw_shape(limits, uniform)
        except NoRoom as error:
            reason = str(error)
            continue
        unknown = pick_unknown(shape, uniform) if limits.reverse else -1
        numbers = assign(shape, spec.bounds, unknown, uniform)
        if numbers is None:
            reason = f"max_value {spec.max_value} is too small for op {spec.op} with numbers {spec.numbers}"
            continue
        return _build(spec, context, names, shape, numbers, unknown, distractors, uniform)
    raise ValueError(f"no problem fits: {reason}")


def _draw(span: Span, uniform: Uniform) -> int:
    return span if isinstance(span, int) else between(*span, uniform)


def draw_limits(spec: Spec, context: Context, distractors: int, uniform: Uniform) -> Limits:
    """This problem's share of what the spec leaves free."""
    op = spec.op
    most_entities = min(spec.names or len(context.entities), len(context.entities))
    most_locations = min(spec.names or len(context.locations), len(context.locations))
    entities = spec.entities or 3 + int(4 * uniform()) + (op + distractors) // 15
    entities = min(entities, most_entities)
    locations = min(spec.locations or most_locations, most_locations)
    fan_in = spec.fan_in or DEFAULT_FAN_IN
    if spec.depth is not None:
        depth = _draw(spec.depth, uniform)
    else:
        least = _least_depth(op, fan_in)
        most = max(least, min(op, 2 + op * 3 // 5, locations * entities - distractors))
        depth = least + int((most - least + 1) * uniform() ** 2)
    return Limits(
        op=op, d=spec.d, reverse=spec.mode == "reverse", depth=depth, fan_in=fan_in,
        locations=locations, entities=entities, spare=distractors, totals=spec.totals,
    )  # fmt: skip


def _least_depth(op: int, fan_in: int) -> int:
    """The depth at which a full tree holds about twice the asked op, so that there is room to draw in."""
    if op == 1:
        return 1
    depth, capacity = 2, 2 * fan_in + 1
    while capacity < min(2 * op - 4, op + 8):
        depth += 1
        capacity = fan_in + 1 + fan_in * capacity
    return min(depth, op)


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


def _build(
    spec: Spec, context: Context, names: Names, shape: Shape, numbers: Numbers, unknown: int, distractors: int, uniform: Uniform
) -> Graph:
    """Names for all quantities, distractors, random orders."""
    order = random_order(shape, uniform)
    locations = choose(shape.limits.locations, min(spec.names or 10**6, len(context.locations)), uniform)
    entities = choose(shape.limits.entities, min(spec.names or 10**6, len(context.entities)), uniform)
    decoys = add_distractors(shape, numbers, spec.bounds, distractors, uniform)
    words: list[str] = []
    for kind, place, entity in zip(shape.kinds, shape.places, shape.entities, strict=True):
        where = locations[place]
        if kind == "count":
            words.append(names.counts[where][entities[entity]])
        elif kind == "average":
            words.append(names.averages[where][entities[entity]])
        else:
            words.append(names.totals[where] if kind == "total" else names.totals3[where])
    steps = numbers.steps
    stated = [number for number in range(len(words)) if shape.entities[number] >= 0]
    shuffle(stated, uniform)
    stated += [number for number in order if shape.entities[number] < 0]
    rules = {words[number]: _rule(shape, steps[number], number, words) for number in stated}
    assert len(rules) == len(words), "two quantities share a name"
    assert len(decoys) == distractors, "a distractor is missing"
    target = order[-1]
    if unknown < 0:
        return Graph(spec.mode, spec.d, rules, tuple([words[i] for i in order]), words[target], numbers.values[target])
    return Graph(
        spec.mode, spec.d, rules, tuple([words[i] for i in order]), words[target], numbers.values[unknown],
        unknown=words[unknown], given=numbers.values[target],
    )  # fmt: skip


def _rule(shape: Shape, step: Step | None, number: int, words: list[str]) -> Rule:
    assert step is not None, "a quantity without a rule"
    return Rule(shape.kinds[number], step.combine, tuple([words[i] for i in step.operands]), step.literal, step.join)


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
    assert len(order) == n and order[-1] == 0, "the target is not the only end"
    return order


def choose(count: int, pool: int, uniform: Uniform) -> list[int]:
    """`count` different numbers below `pool`, in random order."""
    items = list(range(pool))
    for i in range(count):
        j = i + int(uniform() * (pool - i))
        items[i], items[j] = items[j], items[i]
    return items[:count]
