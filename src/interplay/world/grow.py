"""Growing a skeleton to exactly the asked op, by bookkeeping and not by trying.

A spine with one quantity per level is laid first: it fixes the length of the longest chain and costs the least that
such a chain can cost. What is left of op is then spent level by level: a literal costs 1, one more use of an existing
quantity 1, a new quantity 2 (the use and its own constant). A rest that the last level could not take is spent
wherever it fits. What a quantity of the spine needs in order not to be a copy is owed to it and spent on no other.
"""

from __future__ import annotations

from .graph import Kind
from .shape import Limits, Shape, Uniform

INNER = 0.45  # chance that a new quantity is derived itself, where there are levels left for it


class NoRoom(Exception):
    """The limits cannot hold the asked op; the message names the bound that stopped it."""


def draw_shape(limits: Limits, uniform: Uniform) -> Shape:
    """A random skeleton of exactly `limits.op`. Raises NoRoom when the limits cannot hold it."""
    shape = Shape(limits, uniform)
    cost, owed = lay_spine(shape)
    slack = limits.op - cost - sum(owed)
    depth = limits.depth
    for level in range(1, depth):
        row = shape.rows[level]
        i = 0
        while i < len(row):  # the row is complete: growing adds to deeper levels only
            waiting = len(row) - i + depth - 1 - level
            allowance = slack if waiting == 1 else min(slack, int(2 * uniform() * slack / waiting + 0.5))
            due = owed[level - 1] if i == 0 else 0  # the spine's quantity is the first of its row
            slack -= grow(shape, row[i], allowance + due) - due
            i += 1
    while slack:
        spent = spend(shape, slack) or promote(shape) or trade(shape)
        if not spent:
            raise NoRoom(
                f"op {limits.op} is more than depth {depth}, fan_in {limits.fan_in} and {limits.names} can hold"
            )
        slack -= spent
    return shape


def lay_spine(shape: Shape) -> tuple[int, list[int]]:
    """One quantity per level, each the first operand of the one above.

    Returns the op they cost at least and, by level, what they must be given beyond it so as not to be copies.
    """
    limits, uniform = shape.limits, shape.uniform
    depth = limits.depth
    cost = shape.spine = depth
    owed = owed_to_spine(shape)
    above = -1
    products: list[tuple[int, int]] = []
    has_average = limits.d == 2  # d = 3 asks for at least one
    for level in range(1, depth + 1):
        if above >= 0 and shape.entities[above] < 0:
            location = shape.places[above]
            kind: Kind = "count"
            if shape.kinds[above] == "total3":
                kind = "average" if uniform() < 0.5 else "count"
                products.append((above, level - 1))
            number = shape.place(kind, location, shape.take(shape.free_counts[location]), level)
        else:
            total = _spine_total(shape, level, cost, owed)
            if total == "total3":
                cost += 2
                owed[level - 1] = 0
            elif total and owed[level - 1]:
                owed[level - 1] = 2
            if total == "total" and level == depth - 1 and not has_average:
                total = None  # its member would end the spine with a count
            if total:
                number = shape.new_total(level, total)
            else:
                number = shape.new_plain(level, kind="average" if level == depth and not has_average else None)
            if number < 0:
                raise NoRoom(f"op {limits.op} at depth {depth} needs more than {limits.names}")
        has_average = has_average or shape.kinds[number] in ("average", "total3")
        if above >= 0:
            shape.operands[above].append(number)
        above = number
    for total_number, member in products:  # after the spine, whose quantities are numbered by level
        entity, location = shape.entities[member], shape.places[member]
        if shape.kinds[member] == "count":
            shape.operands[total_number].append(shape.place("average", location, entity, depth, clean=True))
        else:
            shape.operands[total_number].insert(0, shape.place("count", location, entity, depth, clean=True))
    return cost, owed


def owed_to_spine(shape: Shape) -> list[int]:
    """One more in-edge for each derived quantity of the spine that may not be a copy, as long as op can pay."""
    op, depth = shape.limits.op, shape.limits.depth
    owed = [0] * depth
    for level in range(depth - 1):
        if depth + sum(owed) < op and not shape.may_copy():
            owed[level] = 1
    return owed


def _spine_total(shape: Shape, level: int, cost: int, owed: list[int]) -> Kind | None:
    """Whether the spine has a total on this level, and which."""
    limits = shape.limits
    depth = limits.depth
    if level == depth or shape.uniform() >= limits.totals or not shape.can_total(depth - level):
        return None
    left = limits.op - cost - sum(owed) + owed[level - 1]
    third = limits.d == 3 and left >= 2 and shape.uniform() < 0.5
    if depth == 2 and left % (4 if third else 2) != (2 if third else 0):
        return None  # alone with its constant members, a total costs a multiple of 2, the second total one of 4
    if not third and left < 2 * owed[level - 1]:
        return None
    return "total3" if third else "total"


def grow(shape: Shape, number: int, allowance: int) -> int:
    """Give a quantity its operands and literal; returns what that cost beyond its minimum, at most `allowance`."""
    if shape.entities[number] < 0:
        return _grow_total(shape, number, allowance)
    spent = 0
    uniform = shape.uniform
    operands, literals = shape.operands[number], shape.literals
    if not operands:
        # Its constant (1) gives way to a first operand (1 for an existing one, 2 for a new one with its own constant).
        kept = 0 if shape.may_copy() else 1  # so as not to be a copy
        if allowance < kept:
            return 0
        if allowance > kept and uniform() < 0.6 and (cost := _use_new(shape, number, allowance + 1 - kept)):
            spent = cost - 1
        elif not shape.use_existing(number):
            return 0
    fan_in = shape.limits.fan_in
    while spent < allowance:
        left = allowance - spent
        cost = 0
        if len(operands) < fan_in and (literals[number] or uniform() < 0.6):
            if left >= 2 and uniform() < 0.65:
                cost = _use_new(shape, number, left)
            if not cost:
                cost = int(shape.use_existing(number))
        if not cost:
            if literals[number]:
                break
            literals[number] = True
            cost = 1
        spent += cost
    return spent


def _grow_total(shape: Shape, number: int, allowance: int) -> int:
    spent = 0
    price = 2 if shape.kinds[number] == "total" else 4
    while allowance - spent >= price:
        cost = shape.add_member(number, _deeper_level(shape, shape.levels[number]))
        if not cost:
            break
        spent += cost
    return spent


def _use_new(shape: Shape, number: int, allowance: int) -> int:
    """Make a new quantity one more operand: what that costs, or 0 when there is no name for it."""
    limits, uniform = shape.limits, shape.uniform
    level = _deeper_level(shape, shape.levels[number])
    clean = shape.clean[number]
    if level < limits.depth and allowance >= 3 and uniform() < limits.totals and shape.can_total():
        several = not shape.may_copy()
        third = limits.d == 3 and allowance >= 5 and uniform() < 0.5
        if third or not several or (allowance >= 5 and limits.entities > 1):
            total = shape.new_total(level, "total3" if third else "total", clean)
            shape.operands[number].append(total)
            cost = 1 + shape.add_member(total, _deeper_level(shape, level))
            return cost + (shape.add_member(total, _deeper_level(shape, level)) if several and not third else 0)
    new = shape.new_plain(level, clean)
    if new < 0:
        return 0
    shape.operands[number].append(new)
    return 2


def _deeper_level(shape: Shape, level: int) -> int:
    """A level for a new operand; on the deepest one it is a constant."""
    depth = shape.limits.depth
    uniform = shape.uniform
    if level + 1 >= depth or uniform() >= INNER:
        return depth
    return level + 1 + int(uniform() * (depth - level - 1))


def spend(shape: Shape, slack: int) -> int:
    """Spend part of a rest anywhere in the skeleton: what was spent, or 0 when nothing can take it."""
    n = len(shape.kinds)
    start = int(shape.uniform() * n)
    limits = shape.limits
    for number in [*range(start, n), *range(start)]:
        operands = shape.operands[number]
        if not operands:
            continue
        if shape.entities[number] < 0:
            price = 2 if shape.kinds[number] == "total" else 4
            if slack >= price and (cost := shape.add_member(number, limits.depth)):
                return cost
            continue
        if len(operands) < limits.fan_in and (slack >= 2 or shape.literals[number]):
            if slack >= 2 and (new := shape.new_plain(limits.depth, shape.clean[number])) >= 0:
                operands.append(new)
                return 2
            if shape.use_existing(number):
                return 1
        if not shape.literals[number]:
            shape.literals[number] = True
            return 1
    return 0


def promote(shape: Shape) -> int:
    """Spend 1 by making a constant a derived quantity, right below its lowest user: 1, or 0 when none can move."""
    levels, depth = shape.levels, shape.limits.depth
    lowest_user = [0] * len(levels)
    for user, operands in enumerate(shape.operands):
        for number in operands:
            lowest_user[number] = max(lowest_user[number], levels[user])
    for number in range(shape.spine, len(levels)):
        old, level = levels[number], lowest_user[number] + 1
        if shape.operands[number] or level >= depth:
            continue
        levels[number] = level
        new = shape.new_plain(depth, shape.clean[number]) if shape.may_copy() else -1
        if new >= 0:
            shape.operands[number].append(new)
        elif shape.use_existing(number):
            shape.literals[number] = True
        else:
            levels[number] = old
            continue
        shape.rows[old].remove(number)
        shape.rows[level].append(number)
        return 1
    return 0


def trade(shape: Shape) -> int:
    """Spend 1 by giving up a literal (1) for a new operand (2): 1, or 0 when that fails."""
    for number, operands in enumerate(shape.operands):
        if operands and shape.literals[number] and len(operands) < shape.limits.fan_in:
            new = shape.new_plain(shape.limits.depth, shape.clean[number])
            if new >= 0:
                operands.append(new)
                shape.literals[number] = False
                return 1
    return 0
