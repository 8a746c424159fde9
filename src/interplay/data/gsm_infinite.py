"""GSM-Infinite rows in and out: the gold graph of a row, and a verdict on a solution beside it.

Our own rows carry their graph. A row of the public files has only text, so its graph is read from the facts of the
problem, the needed part is taken from the gold solution by the same strict reader that reads models, and the two are
held against each other: a gold that is not an exact derivation from its own problem raises `GoldDefect`. About three in
ten reverse problems of the public generator at op 10 and above have lost a fact; they are marked, never scored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from interplay.data.row_fields import candidates, find, graph_of, texts, whole
from interplay.world import trace
from interplay.world.answer import read_answer
from interplay.world.expression import number, rule_form
from interplay.world.facts import Facts, NotOfTheGrammar, asked, read_facts, totals
from interplay.world.graph import Graph, Rule, needed_order
from interplay.world.render_terse import formula
from interplay.world.verify import EQUATION, Reference, Verdict, verify

RULES = ("strict", "exact", "sound", "paper_v1")
EXTRA_STEP = "extra_step"  # strict, but not exact
OTHER_THAN_GOLD = "other_than_gold"  # strict, but not what the released rule compares with
_COLUMNS = ("strict", "exact", "sound", "paper_v1", "answer_correct", "process_accuracy")


NOT_OF_THE_GRAMMAR = "this text is not of the grammar"
_SYMBOLIC = re.compile(r"\bassign V[0-9]+ = ")
_TERSE = re.compile(r"\s*[^.=]+ = [^.=]+ \.")
_MODULAR = re.compile(r"\bmod(?:ulo)? [0-9]+|\bThe number of each [^.]*'s ")


class GoldDefect(ValueError):
    """The gold solution of a row does not follow from its problem, or the row is of a kind that is not read.

    The message says why; `detail` is what it is about, where that is a text.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.detail = detail


def reference_of(row: Mapping[str, object], gold_field: str = "solution") -> Reference:
    """The gold of a row. Raises GoldDefect where it does not follow, ValueError where the row lacks something."""
    try:
        graph = graph_of(row)
        if graph is not None:
            gold = find(row, gold_field)
            return Reference.from_graph(graph, gold if isinstance(gold, str) else None)
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"the graph cannot be used: {error!r}") from None  # JSON of whatever shape
    return _reference_of_text(*texts(row, gold_field), whole(find(row, "d")) or 2)


@lru_cache(maxsize=256)
def _reference_of_text(problem: str, question: str, gold: str, d: int) -> Reference:
    """Rows of one problem often follow each other, with one candidate each."""
    reference = Reference.from_graph(graph_of_text(problem, question, gold, d), gold)
    verdict = verify(reference, gold)
    if not verdict.exact:
        raise GoldDefect(_defect(reference, verdict))
    return reference


def _defect(reference: Reference, verdict: Verdict) -> str:
    wrong = next((step for step in verdict.steps if step.error), None)
    if wrong is not None and wrong.error == "undefined_variable" and reference.resolve(wrong.name) is None:
        return f"fact missing: the gold solution defines {wrong.name!r}, of which the problem says nothing"
    fault = verdict.error or "a step that is not needed"
    return f"the gold solution is not a derivation of its problem: {fault}{f' at {wrong.name!r}' if wrong else ''}"


def graph_of_text(problem: str, question: str, gold: str, d: int = 2) -> Graph:
    """The graph of a problem that comes as text. Raises GoldDefect where text and gold do not fit together."""
    try:
        facts, name = read_facts(problem), asked(question)
    except NotOfTheGrammar as error:
        raise GoldDefect(_kind_not_read(problem, gold), str(error)) from None
    reverse = name in facts.unknowns()
    target, given = _stated_value(gold) if reverse else (name, None)
    rules, set_aside = _rules(facts, name, target, given)
    try:
        graph = Graph(
            mode="reverse" if reverse else "forward",
            d=max(d, 3 if any(rule.kind in ("average", "total3") for rule in rules.values()) else 2),
            rules=rules,
            order=needed_order(rules, target),
            target=target,
            answer=_gold_answer(gold),
            unknown=name if reverse else None,
            given=given,
        )
        Reference.from_graph(graph)
    except KeyError as error:
        needed = str(error.args[0])
        raise GoldDefect(set_aside.get(needed, f"fact missing: no fact about {needed!r}")) from None
    except GoldDefect:
        raise
    except ValueError as error:
        lost = _without_fact(gold, rules)
        reason = f"fact missing: no fact about {lost!r}" if lost else f"the gold solution does not fit: {error}"
        raise GoldDefect(reason) from None
    return graph


def _without_fact(gold: str, rules: Mapping[str, Rule]) -> str | None:
    """A quantity that the gold solution defines and the problem does not have."""
    return next((step.name for step in trace.read(gold).steps if step.name not in rules), None)


def _kind_not_read(problem: str, gold: str) -> str:
    if _SYMBOLIC.search(problem):
        return "the symbolic subset is not supported"
    if _MODULAR.search(problem) or _MODULAR.search(gold):
        return "modular arithmetic (iGSM style) is not supported"
    if _TERSE.match(problem):
        return "a problem in the terse style is judged by the field graph of its row, which is missing"
    return NOT_OF_THE_GRAMMAR


def _rules(facts: Facts, name: str, target: str, given: int | None) -> tuple[dict[str, Rule], dict[str, str]]:
    """One rule for each quantity, and the quantities set aside with the reason: they matter only if they are needed.

    In reverse the target has its value stated as well, which is not its rule. Padding of long problems may state one
    quantity in two ways.
    """
    derived = totals(dict.fromkeys((*facts.mentioned, name, target)))
    rules: dict[str, Rule] = {}
    set_aside: dict[str, str] = {}
    for quantity, stated in facts.rules.items():
        if quantity in derived:
            if any(not _states_value(rule, quantity, target, given) for rule in stated):
                set_aside[quantity] = f"a value is stated for the total {quantity!r}"
            continue
        definitions = [rule for rule in stated if not _states_value(rule, quantity, target, given)]
        forms = [rule_form(rule) for rule in definitions]
        if any(form != forms[0] for form in forms):
            set_aside[quantity] = f"repeated with another value: {quantity!r} is stated in {len(forms)} ways"
        elif definitions and definitions[0].combine == "unknown" and quantity != name:
            set_aside[quantity] = f"fact missing: the problem only says that {quantity!r} exists"
        elif definitions:
            rules[quantity] = definitions[0]
    if given is not None and not any(_states_value(r, target, target, given) for r in facts.rules.get(target, ())):
        raise GoldDefect(f"fact missing: the problem does not state that {target!r} is {given}")
    return rules | {total: rule for total, rule in derived.items() if total not in set_aside}, set_aside


def _states_value(rule: Rule, name: str, target: str, given: int | None) -> bool:
    return name == target and rule.combine == "constant" and rule.literal == given


def _stated_value(gold: str) -> tuple[str, int]:
    """The quantity and the value in "We know V = N" of a reverse gold."""
    solution = trace.read(gold)
    if solution.tail is None or solution.tail.known is None:
        raise GoldDefect("a reverse solution without its equation")
    letter, stated = solution.tail.known
    names = [step.name for step in solution.steps if step.letter == letter]
    given = number(stated)
    if len(names) != 1 or given is None:
        raise GoldDefect(f"the equation is about {letter!r}, which names {len(names)} quantities")
    return names[0], given


def _gold_answer(gold: str) -> int:
    answers = trace.read(gold).answers
    answer = read_answer(answers[0], None) if len(answers) == 1 else None
    if answer is None:
        raise GoldDefect("no answer in the gold solution")
    return answer


def verify_candidates(
    row: object,
    gold_field: str = "solution",
    candidate_field: str = "candidate",
    rule: str = "strict",
    *,
    steps: bool = False,
) -> list[dict[str, object]]:
    """A verdict on every candidate of a row as JSON values; where the field is a list, each has its place there, `sample`.

    `error` is the class of the first fault by `rule`, None where the rule accepts. A row that cannot be judged has `error`
    "bad_row: ..." or "gold_defect: ..." and null verdicts. Raises ValueError for an unknown rule; nothing in a row raises.
    """
    rule = rule.replace("-", "_")
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, got {rule!r}")
    if not isinstance(row, Mapping):
        return [not_judged(f"bad_row: not an object but {type(row).__name__}")]
    try:
        if not isinstance(find(row, gold_field), str):
            texts(row, gold_field)
        solutions, several = candidates(row, candidate_field)
        reference = reference_of(row, gold_field)
    except GoldDefect as error:
        detail = {"detail": error.detail} if error.detail else {}
        return [not_judged(f"gold_defect: {error}") | detail]
    except ValueError as error:
        return [not_judged(f"bad_row: {error}")]
    judged = []
    for sample, solution in enumerate(solutions):
        place = {"sample": sample} if several else {}
        if solution.fault is not None:
            judged.append({**place, **not_judged(f"bad_row: {solution.fault}")})
            continue
        verdict = verify(reference, solution.text, truncated=solution.truncated)
        listed = {"steps": step_rows(reference, solution.text, verdict)} if steps else {}
        judged.append({**place, **_columns(verdict, rule), **listed})
    return judged


def _columns(verdict: Verdict, rule: str) -> dict[str, object]:
    return {name: getattr(verdict, name) for name in _COLUMNS} | {"error": _fault(verdict, rule)}


def _fault(verdict: Verdict, rule: str) -> str | None:
    if getattr(verdict, rule):
        return None
    if rule == "sound":
        return verdict.unsound
    return verdict.error or (EXTRA_STEP if rule == "exact" else OTHER_THAN_GOLD)


def step_rows(reference: Reference, text: str, verdict: Verdict) -> list[dict[str, object]]:
    """Every step that was read: where it stands in the text, its fault, and the rule that the problem gives."""
    rules = reference.graph.rules
    listed: list[dict[str, object]] = [
        {
            "name": step.name, "start": step.start, "end": step.end, "needed": step.needed, "error": step.error,
            "text": text[step.start : step.end], "expected": _expected(reference, step.name),
        }
        for step in verdict.steps
    ]  # fmt: skip
    written = {step.name for step in verdict.steps}
    return listed + [
        {"name": name, "start": None, "end": None, "needed": True, "error": "missing_node", "text": None,
         "expected": formula(rules[name])}
        for name in reference.graph.order
        if name not in written
    ]  # fmt: skip


def _expected(reference: Reference, name: str) -> str | None:
    if name == EQUATION:
        return f"{reference.graph.target} = {reference.graph.given}"
    rule = reference.graph.rules.get(name)
    return None if rule is None else formula(rule)


def not_judged(error: str) -> dict[str, object]:
    """What is said of a row that has no verdict."""
    return {**dict.fromkeys(_COLUMNS), "error": error}
