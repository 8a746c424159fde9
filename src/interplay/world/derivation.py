"""The steps of a solution, judged one after the other, each against the rule of the quantity it defines.

The formal meaning of an assignment is its first segment; every further segment must be equal to it and the last one be
a finished value. A letter means what was last bound to it: the letter of an earlier quantity may be declared again for
a new one, an auxiliary letter may serve again in another step.
"""

from __future__ import annotations

from interplay.world.expression import Expression, Meaning, evaluate, number, value
from interplay.world.reference import X_POINT, Node, Reference
from interplay.world.steps import Assignment, Step, Style, Tail

Value = tuple[int, int]  # slope and constant

_MAX_NAME_CHARS = 200


class Reading:
    """What is defined so far.

    meanings  what each letter stands for; a quantity stands for its true value
    claims    the letters to which the solution gave another value, standing for that
    owners    the letters that name a quantity now
    nodes     needed quantities met so far: "right" or the fault
    lenient   needed quantities whose last definition has the right parents and ends in the right value
    """

    def __init__(self, reference: Reference, style: Style) -> None:
        self.reference = reference
        self.terse = style == "terse"
        self.meanings: dict[str, Meaning] = {}
        self.claims: dict[str, Meaning] = {}
        self.owners: dict[str, str] = {}
        self.defined: set[str] = set()
        self.nodes: dict[str, str] = {}
        self.lenient: set[str] = set()
        self.value_names = frozenset("x") if reference.reverse else frozenset()
        if self.terse and reference.reverse:
            self.meanings["x"] = Meaning(1, 0, X_POINT, 0)

    def step(self, step: Step) -> tuple[str, int, int, bool, str | None]:
        """Judge one definition and bind its letter. Returns name, start, end, needed, fault."""
        node = self.reference.resolve(step.name.strip())
        if node is None:
            self._bind(step.letter, self._invention())
            fault = "not_parseable" if step.assignments is None else "undefined_variable"
            return " ".join(step.name[:_MAX_NAME_CHARS].split()), step.start, step.end, False, fault
        letter = node.name if self.terse else step.letter
        self._bind(letter, None)
        error, right_in_the_end, claim = self._definition(step, node)
        if node.name in self.defined or (letter == "x" and self.reference.reverse and not node.unknown):
            error = "duplicate_definition"
        self._bind(letter, node.meaning)
        self.owners[letter] = node.name
        self.defined.add(node.name)
        if claim is not None and claim != node.meaning[:2]:
            self.claims[letter] = node.meaning._replace(slope=claim[0], constant=claim[1])
        if node.needed:
            self.nodes[node.name] = error or "right"
            (self.lenient.add if right_in_the_end else self.lenient.discard)(node.name)
        return node.name, step.start, step.end, node.needed, error

    def _bind(self, letter: str, meaning: Meaning | None) -> None:
        if self.claims:
            self.claims.pop(letter, None)
        if meaning is None:
            self.meanings.pop(letter, None)
            self.owners.pop(letter, None)
        else:
            self.meanings[letter] = meaning

    def _invention(self) -> Meaning:
        """A quantity that the problem does not have: no formula of the problem is made of it."""
        return Meaning(0, 0, X_POINT, 1 << (self.reference.num_bits + 64))

    def _definition(self, step: Step, node: Node) -> tuple[str | None, bool, Value | None]:
        """The fault of a definition, whether its parents and last value are right all the same, and that value."""
        if step.assignments is None:
            return "not_parseable", False, None
        if node.unknown or step.unknown:
            right = node.unknown and step.unknown and (self.terse or step.letter == "x")
            return None if right else "wrong_value", right, None
        *auxiliaries, last = step.assignments
        error = self._auxiliaries(auxiliaries, step.letter) if auxiliaries else None
        meaning, claim, fault = self._chain(last)
        if last.target != step.letter:
            return error or "not_parseable", False, claim
        if meaning is None:
            return error or fault, False, claim
        right = meaning.parents == node.parents and claim == node.meaning[:2]
        if fault != "not_parseable" and fault != "undefined_variable":
            if meaning.parents != node.parents:
                fault = "wrong_parent"
            elif fault is None and not (right and meaning.fingerprint == node.formula):
                fault = "wrong_value"
        return error or fault, right, claim

    def _auxiliaries(self, assignments: list[Assignment], letter: str) -> str | None:
        """Judge and bind the intermediate values of one step; the first fault."""
        error = None
        seen = set(self.value_names)
        for assignment in assignments:
            target = assignment.target
            meaning, claim, fault = self._chain(assignment)
            if target == letter or target in seen or target in self.owners:
                error = error or "duplicate_definition"
                continue
            seen.add(target)
            error = error or fault
            self._bind(target, meaning)
            if fault is not None and meaning is not None and claim is not None:
                self.claims[target] = meaning._replace(slope=claim[0], constant=claim[1])
        return error

    def _chain(self, assignment: Assignment) -> tuple[Meaning | None, Value | None, str | None]:
        """Meaning of the first segment, value of the last one, and the first fault of the chain."""
        segments = assignment.segments
        first = self._evaluate(segments[0])
        if first is None:
            return None, None, "not_parseable" if None in segments else "undefined_variable"
        value = claim = (first[0], first[1])
        fault = None
        for segment in segments[1:]:
            if segment is not None and not segment[1] and not segment[2]:  # a number: no name to look up
                claim = (0, segment[0])
            elif (meaning := self._evaluate(segment)) is not None:
                claim = (meaning[0], meaning[1])
            else:
                return first, None, fault or ("not_parseable" if segment is None else "undefined_variable")
            if claim != value:
                fault = fault or "false_equality"
        last = segments[-1]
        if fault is None and last is not None:
            finished = last.simplified and (not last.linear or last.linear[0][1] in self.value_names)
            fault = None if finished else "wrong_value"
        elif fault == "false_equality" and self.claims and self._true_of_its_claims(assignment):
            fault = "wrong_value"
        return first, claim, fault

    def _evaluate(self, segment: Expression | None) -> Meaning | None:
        if segment is None:
            return None
        meaning = evaluate(segment, self.meanings)
        if meaning is None and self.terse:
            self._learn_aliases(segment)
            meaning = evaluate(segment, self.meanings)
        return meaning

    def _learn_aliases(self, segment: Expression) -> None:
        """In the terse style an operand is a name, and a name may be written with an article."""
        for name in [name for _, name in segment.linear] + [name for _, names in segment.products for name in names]:
            if name not in self.meanings:
                node = self.reference.resolve(name)
                if node is not None and node.name in self.meanings:
                    self.meanings[name] = self.meanings[node.name]

    def _true_of_its_claims(self, assignment: Assignment) -> bool:
        """An error carried on: the chain is true of the values that the solution gave itself."""
        names = self.meanings | self.claims
        values = [None if segment is None else evaluate(segment, names) for segment in assignment.segments]
        first = values[0]
        return first is not None and all(other is not None and other[:2] == first[:2] for other in values)

    def tail(self, tail: Tail) -> str | None:
        """Judge how the equation is solved; the first fault."""
        target, given = self.reference.target, self.reference.graph.given
        if not tail.well_formed or not self.reference.reverse or given is None:
            return "not_parseable"
        if tail.known is not None:
            letter, stated = tail.known
            if self.owners.get(letter) != target.name:
                return "wrong_parent" if letter in self.owners else "undefined_variable"
            if number(stated) != given:
                return "wrong_value"
        elif target.name not in self.defined:
            return "undefined_variable"
        slope, constant = target.meaning[:2]
        sides = [(value(left), value(right)) for left, right in tail.equations]
        if sides[0] not in (((slope, constant), (0, given)), ((0, given), (slope, constant))):
            return "false_equality"
        for left, right in sides:
            if left is None or right is None:
                return "undefined_variable"
            dx, d1 = left[0] - right[0], left[1] - right[1]
            if dx == 0 or dx * (constant - given) != d1 * slope:
                return "false_equality"
        return None if self._division_is_right(tail) else "false_equality"

    def _division_is_right(self, tail: Tail) -> bool:
        """C * x = M, both sides divided by C, gives x = M / C = N."""
        left, right = tail.equations[-1]
        isolated, total = value(left), number(right)
        above, below = (number(side) for side in tail.quotient) if tail.quotient else (None, None)
        solution, divisor = number(tail.solution), number(tail.divisor)
        if isolated is None or isolated[1] or total is None or solution is None:
            return False
        if tail.zero is not None and value(tail.zero[1]) != (0, 0):
            return False
        coefficient = isolated[0]
        return (above, below, divisor) == (total, coefficient, coefficient) and solution * coefficient == total
