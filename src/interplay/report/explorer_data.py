"""What the explorer's page holds: columns of numbers and shared texts, small enough to travel in one file.

A text that several samples of a problem have is there once, with its verdict and steps (a *solution*); a sample is its
arm, seed, number and solution. Places in a text are counted as browsers count them, in UTF-16 units. A quantity is its
number among its problem's nodes; one that the problem does not have is its name; the tail of a reverse solution is -1.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from interplay.report import samples as shown_samples
from interplay.report import wording
from interplay.report.explorer_read import Explored
from interplay.report.theme import ArmStyle
from interplay.schema.sampled import ClaimedStep, KeptProblem, KeptSample, Place
from interplay.schema.verdicts import NO_ERROR, RULES
from interplay.world.graph import Graph, Rule
from interplay.world.verify import EQUATION

GROUPS = ("arm", "seed", "regime", "op", "context", "mode", "outcome", "error")

Columns = dict[str, list[object]]


def page_data(explored: Explored, styles: Mapping[str, ArmStyle]) -> dict[str, object]:
    """Everything the page's script reads."""
    kept = [Nodes(graph) for graph in explored.graphs]
    samples, solutions = explored.samples, explored.solutions
    groups = _groups(explored, styles)
    of_problem = {problem.problem_id: place for place, problem in enumerate(explored.problems)}
    codes = {name: {value: code for code, (value, _) in enumerate(choices)} for name, choices in groups.items()}
    arm, seed = codes["arm"], codes["seed"]
    problem_of = [of_problem[solution.problem_id] for solution in solutions]
    spelled = [_solution(row, place, kept[place]) for row, place in zip(solutions, problem_of, strict=True)]
    order = sorted(
        range(len(samples)),
        key=lambda i: (problem_of[explored.solution_of[i]], arm[samples[i].arm], samples[i].seed, samples[i].sample),
    )
    return {
        "groups": {name: [list(choice) for choice in choices] for name, choices in groups.items()},
        "rules": list(RULES),
        "errors": {error: wording.ERRORS.get(error, wording.error_name(error)) for error, _ in groups["error"]},
        "problems": _problems(explored, kept, codes),
        "solutions": _coded(spelled, codes),
        "samples": {
            "arm": [arm[samples[i].arm] for i in order],
            "seed": [seed[str(samples[i].seed)] for i in order],
            "sample": [samples[i].sample for i in order],
            "solution": [explored.solution_of[i] for i in order],
        },
    }


def packed(data: dict[str, object]) -> str:
    """The data as base64 of gzip: no character of it means anything to HTML."""
    spelled = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(spelled, mtime=0)).decode()


class Nodes:
    """The quantities of one problem by number, in text order."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.place = {name: number for number, name in enumerate(graph.rules)}

    def refer(self, name: str) -> int | str:
        """The number of a quantity, -1 for the equation, else the name itself."""
        return -1 if name == EQUATION else self.place.get(name, name)

    def columns(self, values: Mapping[str, str]) -> Columns:
        """Names, parents, rules and values, and who is needed or derived without a fact."""
        rules = self.graph.rules
        needed = set(self.graph.order)
        return {
            "name": list(rules),
            "parents": [[self.place[parent] for parent in dict.fromkeys(rule.operands)] for rule in rules.values()],
            "rule": [rule_text(rule) for rule in rules.values()],
            "value": [values.get(name, "") for name in rules],
            "needed": [int(name in needed) for name in rules],
            "implicit": [int(rule.implicit) for rule in rules.values()],
        }


def rule_text(rule: Rule) -> str:
    """A quantity's definition as a formula."""
    if rule.combine == "unknown":
        return "x, the number asked"
    if rule.combine == "constant":
        return str(rule.literal)
    operands = list(rule.operands)
    if rule.combine == "products":
        operands = [f"{count} × {average}" for count, average in zip(operands[::2], operands[1::2], strict=True)]
    combined = (" − " if rule.combine == "difference" else " + ").join(operands)
    if rule.literal is None:
        return combined
    if rule.join == "*":
        return f"{rule.literal} × ({combined})" if len(operands) > 1 else f"{rule.literal} × {combined}"
    return f"{rule.literal} + ({combined})" if rule.combine == "difference" else f"{rule.literal} + {combined}"


def subject(fact: str, names: Mapping[str, int]) -> int:
    """The quantity a fact is about: the first one it names; -1 if none."""
    found = [(fact.find(name), -len(name), number) for name, number in names.items() if name in fact]
    return min(found)[2] if found else -1


def first_fault(sample: KeptSample, graph: Graph) -> tuple[int, str]:
    """Where the fault of the whole verdict lies: a step (or -1) and the quantity concerned (or "")."""
    if sample.error is None:
        return -1, ""
    for number, step in enumerate(sample.steps):
        if sample.faulty_from is not None and sample.faulty_from <= step.start:
            return -1, ""
        if step.error is not None:
            return number, step.name
    if sample.faulty_from is not None:
        return -1, ""
    derived = {step.name for step in sample.steps}
    missing = next((name for name in graph.order if name not in derived), graph.asked)
    return -1, missing if sample.error in ("missing_node", "truncated") else graph.asked


def utf16(text: str) -> Callable[[int], int]:
    """From a place counted in characters to the same place in UTF-16 units."""
    if text.isascii() or max(text) <= "\uffff":
        return lambda place: place
    return lambda place: place + sum(letter > "\uffff" for letter in text[:place])


def _groups(explored: Explored, styles: Mapping[str, ArmStyle]) -> dict[str, list[tuple[str, str]]]:
    """Name and label of every choice of every filter, in the order in which they are shown."""
    met = {sample.arm for sample in explored.samples}
    errors = {solution.error or NO_ERROR for solution in explored.solutions}
    errors |= {step.error for solution in explored.solutions for step in solution.steps if step.error is not None}
    seeds = sorted({sample.seed for sample in explored.samples})
    ops = sorted({problem.op for problem in explored.problems})
    outcomes = {solution.outcome for solution in explored.solutions}
    groups = {
        "arm": [(name, style.label) for name, style in styles.items() if name in met],
        "seed": [(str(seed), str(seed)) for seed in seeds],
        "op": [(str(op), str(op)) for op in ops],
        "outcome": [(name, label) for name, label in wording.OUTCOMES.items() if name in outcomes],
        "error": [
            (error, "no fault" if error == NO_ERROR else wording.error_name(error))
            for error in sorted(errors, key=lambda error: (error != NO_ERROR, error))
        ],
    }
    for name in ("regime", "context", "mode"):
        groups[name] = [(value, value) for value in dict.fromkeys(getattr(row, name) for row in explored.problems)]
    return {name: groups[name] for name in GROUPS}


def _problems(explored: Explored, kept: Sequence[Nodes], codes: Mapping[str, dict[str, int]]) -> Columns:
    rows = explored.problems
    return {
        "id": [row.problem_id for row in rows],
        **{
            name: [codes[name][str(getattr(row, name))] for row in rows] for name in ("regime", "op", "context", "mode")
        },
        "facts": [_facts(row, nodes) for row, nodes in zip(rows, kept, strict=True)],
        "question": [row.question for row in rows],
        "gold": [row.solution for row in rows],
        "answer": [row.answer for row in rows],
        "asked": [nodes.place[nodes.graph.asked] for nodes in kept],
        "nodes": [nodes.columns(row.values) for row, nodes in zip(rows, kept, strict=True)],
        "steps": [_places(row.steps, row.solution, nodes) for row, nodes in zip(rows, kept, strict=True)],
    }


def _facts(row: KeptProblem, nodes: Nodes) -> list[list[object]]:
    return [[fact, subject(fact, nodes.place)] for fact in shown_samples.facts(row.problem)]


def _places(steps: Sequence[Place], text: str, nodes: Nodes) -> list[list[object]]:
    at = utf16(text)
    return [[nodes.refer(step.name), at(step.start), at(step.end)] for step in steps]


def _solution(sample: KeptSample, problem: int, nodes: Nodes) -> dict[str, object]:
    at = utf16(sample.text)
    step, quantity = first_fault(sample, nodes.graph)
    return {
        "problem": problem,
        "text": sample.text,
        "answer": sample.answer,
        "rules": [int(flag) for flag in (getattr(sample, column) for column in RULES.values())],
        "accuracy": round(sample.process_accuracy, 4),
        "outcome": sample.outcome,
        "error": sample.error or NO_ERROR,
        "junk": -1 if sample.faulty_from is None else at(sample.faulty_from),
        "faultStep": step,
        "faultNode": nodes.refer(quantity) if quantity else -1,
        "steps": [_step(claimed, at, nodes) for claimed in sample.steps],
    }


def _step(step: ClaimedStep, at: Callable[[int], int], nodes: Nodes) -> list[object]:
    parents = [nodes.refer(parent) for parent in step.parents]
    return [nodes.refer(step.name), at(step.start), at(step.end), step.error, parents, step.value]


def _coded(solutions: list[dict[str, Any]], codes: Mapping[str, dict[str, int]]) -> Columns:
    """Rows as columns; what can be filtered by becomes the number of its choice."""
    if not solutions:
        return {}
    columns = {name: [row[name] for row in solutions] for name in solutions[0]}
    for name in ("outcome", "error"):
        columns[name] = [codes[name][value] for value in columns[name]]
    for step in (step for steps in columns["steps"] for step in steps):
        step[3] = -1 if step[3] is None else codes["error"][step[3]]
    return columns
