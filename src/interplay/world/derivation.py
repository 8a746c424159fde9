"""The steps of a solution, judged one after the other, each against the rule of the quantity it defines.

The formal meaning of an assignment is its first segment; every further segment must be equal to it and the last one be
a finished value. A letter means what was last bound to it: the letter of an earlier quantity may be declared again for
a new one, an auxiliary letter may serve again in another step.

Two rules are judged in one pass. By `strict` the formula is the quantity's own rule. By `sound` it may also be that
rule with ancestors replaced by theirs (see shortening.py); all else is the same, so a text is read once.
"""

from __future__ import annotations

from collections import ChainMap
from typing import NamedTuple

from interplay.world import equation, shortening
from interplay.world.expression import (
    Expression,
    Form,
    Meaning,
    TooMuch,
    Value,
    Work,
    evaluate,
    quantities,
    understand,
)
from interplay.world.reference import Node, Reference
from interplay.world.steps import Assignment, Step, Style, Tail

EQUATION = "the equation"
_MAX_NAME_CHARS = 200
_INVENTED = "\0"  # a quantity that the problem does not have: no rule has it either


class StepVerdict(NamedTuple):
    """One step, characters start to end of the text. The tail of a reverse solution is the step EQUATION.

    error    the fault by `strict`, None where there is none
    unsound  the fault by `sound`, None where there is none
    folded   its only fault by `sound` is that a derived value stands as a number that was never printed
    """

    name: str
    start: int
    end: int
    needed: bool
    error: str | None
    unsound: str | None
    folded: bool = False


class Reading:
    """What is defined so far.

    meanings   what each letter stands for; a quantity stands for its true value
    claims     the letters to which the solution gave another value, standing for that
    owners     the letters that name a quantity now
    nodes      needed quantities met so far: "right" or the fault
    lenient    needed quantities whose last definition has the right parents and ends in the right value
    unsound    a fault by `sound` was met that is more than a folded number
    """

    def __init__(self, reference: Reference, style: Style) -> None:
        self.reference = reference
        self.terse = style == "terse"
        self.work = Work()
        self.meanings: dict[str, Meaning] = {}
        self.claims: dict[str, Meaning] = {}
        self.owners: dict[str, str] = {}
        self.defined: set[str] = set()
        self.nodes: dict[str, str] = {}
        self.lenient: set[str] = set()
        self.unsound = False
        self.value_names = frozenset("x") if reference.reverse else frozenset()
        if self.terse and reference.reverse:
            self.meanings["x"] = (1, 0, shortening.X)

    def step(self, step: Step) -> StepVerdict:
        """Judge one definition and bind its letter."""
        node = self.reference.resolve(step.name.strip())
        if node is None:
            self.unsound = True
            self._bind(step.letter, (0, 0, _INVENTED))
            fault = "not_parseable" if step.assignments is None else "undefined_variable"
            name = " ".join(step.name[:_MAX_NAME_CHARS].split())
            return StepVerdict(name, step.start, step.end, False, fault, fault)
        letter = node.name if self.terse else step.letter
        self._bind(letter, None)  # while it is being defined it stands for nothing
        error, unsound, right_in_the_end, claim = self._definition(step, node)
        if node.name in self.defined or (letter == "x" and self.reference.reverse and not node.unknown):
            error = unsound = "duplicate_definition"
        folded = False
        if unsound is not None:
            folded = unsound == "folded"
            unsound = error if folded else unsound
            self.unsound = self.unsound or not folded
        self.meanings[letter] = node.meaning
        self.owners[letter] = node.name
        self.defined.add(node.name)
        if claim is not None and claim != node.meaning[:2]:
            self.claims[letter] = (*claim, node.name)
        if node.needed:
            self.nodes[node.name] = error or "right"
            (self.lenient.add if right_in_the_end else self.lenient.discard)(node.name)
        return StepVerdict(node.name, step.start, step.end, node.needed, error, unsound, folded)

    def _bind(self, letter: str, meaning: Meaning | None) -> None:
        if self.claims:
            self.claims.pop(letter, None)
        if meaning is None:
            self.meanings.pop(letter, None)
            self.owners.pop(letter, None)
        else:
            self.meanings[letter] = meaning

    def _definition(self, step: Step, node: Node) -> tuple[str | None, str | None, bool, Value | None]:
        """The fault of a definition by `strict`, the one by `sound` ("folded" if it is no more than that), whether its
        parents and last value are right all the same, and that value."""
        if step.assignments is None:
            return "not_parseable", "not_parseable", False, None
        if node.unknown or step.unknown:
            right = node.unknown and step.unknown and (self.terse or step.letter == "x")
            fault = None if right else "wrong_value"
            unsound = fault
            if "x" in self.meanings and self.terse and step.unknown and not (right or self.unsound):  # a copy of x
                whole = step._replace(assignments=(Assignment(step.letter, (None,), "x"),))
                unsound = self._shortened(whole, node, fault)
            return fault, unsound, right, None
        *auxiliaries, last = step.assignments
        error = self._auxiliaries(auxiliaries, step.letter) if auxiliaries else None
        form, _, claim, fault = self._chain(last)
        if last.target != step.letter:
            fault = error or "not_parseable"
            return fault, fault, False, claim
        if form is None:
            return error or fault, error or fault, False, claim
        if form == node.formula and fault is None:
            return error, error, claim == node.meaning[:2], claim
        parents_right = quantities(form) == quantities(node.formula)
        right = parents_right and claim == node.meaning[:2]
        unsound = error or fault
        if fault != "not_parseable" and fault != "undefined_variable":
            if not parents_right:
                fault = "wrong_parent"
            elif fault is None:
                fault = "wrong_value"
        if unsound is None:  # the same polynomial has the same value
            unsound = fault if self.unsound or claim != node.meaning[:2] else self._shortened(step, node, fault)
        return error or fault, unsound, right, claim

    def _shortened(self, step: Step, node: Node, fault: str | None) -> str | None:
        """The fault by `sound` of a step whose formula is not the rule: None, "folded" or the fault by `strict`."""
        try:
            found = shortening.judge(
                step, node, self.reference, self.meanings, self.defined, self.work, terse=self.terse
            )
        except TooMuch:
            return fault
        return None if found == "shortened" else found or fault

    def _auxiliaries(self, assignments: list[Assignment], letter: str) -> str | None:
        """Judge and bind the intermediate values of one step; the first fault."""
        error = None
        seen = set(self.value_names)
        for assignment in assignments:
            target = assignment.target
            form, first, claim, fault = self._chain(assignment)
            if target == letter or target in seen or target in self.owners:
                error = error or "duplicate_definition"
                continue
            seen.add(target)
            error = error or fault
            self._bind(target, None if first is None or form is None else (*first, form))
            if fault is not None and form is not None and claim is not None:
                self.claims[target] = (*claim, form)
        return error

    def _chain(self, assignment: Assignment) -> tuple[Form | None, Value | None, Value | None, str | None]:
        """Form and value of the first segment, value of the last one, and the first fault of the chain."""
        segments = assignment.segments
        if segments[0] is None:
            return None, None, None, "not_parseable"
        try:
            found = understand(segments[0], self.meanings, self.work)
            if found is None and self.terse:
                self._learn_aliases(segments[0])
                found = understand(segments[0], self.meanings, self.work)
        except TooMuch:
            return None, None, None, "not_parseable"
        if found is None:
            return None, None, None, "not_parseable" if None in segments else "undefined_variable"
        slope, constant, form = found
        first = (slope, constant)
        claim: Value | None = first
        fault = None
        for segment in segments[1:]:
            if segment is not None and not segment[1] and not segment[2]:  # a number: no name to look up
                claim = (0, segment[0])
            elif (claim := self._value(segment)) is None:
                return form, first, None, fault or ("not_parseable" if segment is None else "undefined_variable")
            if claim != first:
                fault = fault or "false_equality"
        last = segments[-1]
        if fault is None and last is not None:
            finished = last.simplified and (not last.linear or last.linear[0][1] in self.value_names)
            fault = None if finished else "wrong_value"
            if assignment.mention is not None and not self._is_known(assignment.mention):
                fault = fault or "not_parseable"
        elif fault == "false_equality" and self.claims and self._true_of_its_claims(assignment):
            fault = "wrong_value"
        return form, first, claim, fault

    def _is_known(self, mention: str) -> bool:
        if mention in self.meanings:
            return True
        node = self.reference.resolve(mention)
        return node is not None and node.name in self.defined

    def _value(self, segment: Expression | None) -> Value | None:
        if segment is None:
            return None
        found = evaluate(segment, self.meanings)
        if found is None and self.terse:
            self._learn_aliases(segment)
            found = evaluate(segment, self.meanings)
        return found

    def _learn_aliases(self, segment: Expression) -> None:
        """In the terse style an operand is a name, and a name may be written with an article."""
        for name in [name for _, name in segment.linear] + [name for _, names in segment.products for name in names]:
            if name not in self.meanings:
                node = self.reference.resolve(name)
                if node is not None and node.name in self.meanings:
                    self.meanings[name] = self.meanings[node.name]

    def _true_of_its_claims(self, assignment: Assignment) -> bool:
        """An error carried on: the chain is true of the values that the solution gave itself."""
        names = ChainMap(self.claims, self.meanings)
        values = [None if segment is None else evaluate(segment, names) for segment in assignment.segments]
        return values[0] is not None and all(other == values[0] for other in values)

    def tail(self, tail: Tail) -> StepVerdict:
        """Judge how the equation is solved."""
        target = self.reference.target
        letter = None if tail.known is None else tail.known[0]
        about = self.owners.get(letter) if letter is not None else target.name if target.name in self.defined else None
        error, unsound = equation.judge(tail, target, self.reference.graph, about)
        return StepVerdict(EQUATION, tail.start, tail.end, True, error, unsound)
