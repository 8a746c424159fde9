"""The released rule of the paper, its leniencies included, so that published numbers can be compared with.

It reads any text in the sentence style: the last definition of a name wins, a step's value is the last thing after its
last `V =` that can be computed (or else the last number in sight), and its parents are the quantities whose letters
occur anywhere on its right-hand sides, words of prose included. That last habit is what rejects most right reverse
solutions: in "We know G = 9, so we have ..." the letters of the prose count as parents of the last quantity.

The behaviour was written down from observation and written anew: no text is executed, a power has no value, and the
time is proportional to the length; where a text has more than any solution needs, the rest is not calculated. Two
scores come of one comparison. *Evaluation*, used for every published pass@k, ignores steps the gold does not have;
*reward* subtracts them.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

from interplay.world.paper_arithmetic import calculate
from interplay.world.paper_headers import headers
from interplay.world.steps import MAX_ASSIGNMENTS

TOLERANCE = 1e-6
MAX_STEPS = 512
MAX_CALCULATED = 1 << 13  # characters of all last segments of one text; a solution of op 60 has about a thousand
_ASSIGNMENT = re.compile(r"([A-Za-z])\s*=\s*([^.;]+)")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_TAG_ANSWER = re.compile(r"<answer>\s*([-+]?\d+(?:\.\d+)?)", re.IGNORECASE)
_SENTENCE_ANSWER = re.compile(r"Answer:\s*([-+]?\d+(?:\.\d+)?)")


class PaperNode(NamedTuple):
    """A quantity as the released rule sees it."""

    value: float | None
    parents: frozenset[str]


class PaperGraph(NamedTuple):
    """A solution as the released rule sees it."""

    nodes: dict[str, PaperNode]
    answer: float | None


class PaperScore(NamedTuple):
    """outcome and process, their released blends, and whether the released evaluation accepts.

    score_blended  0.2 outcome + 0.8 process, or 0 when the answer is wrong
    score_strict   the same, but 0 unless the process is perfect
    """

    outcome: float
    process: float
    score_blended: float
    score_strict: float
    eval_perfect: bool


class Comparison(NamedTuple):
    """How a solution differs from the gold, in quantities."""

    missing: int
    extra: int
    values: int
    parents: int
    answer: bool

    @property
    def perfect(self) -> bool:
        """The released evaluation accepts: no difference but extra quantities."""
        return not (self.missing or self.values or self.parents or self.answer)


def score(gold_solution: str, candidate: str) -> PaperScore:
    """The released scores of what a model wrote (`BODY </solution> <answer> N </answer>`)."""
    gold, found = read(gold_solution), read(candidate)
    difference = compare(gold, found)
    gold_answer = _answer_text(gold_solution) or gold_solution.rpartition("Answer:")[2].strip().rstrip(".")
    outcome = float(bool(gold_answer) and _answer_text(candidate) == gold_answer)
    num_nodes = max(len(gold.nodes), 1)
    penalty = difference.missing + min(difference.extra, num_nodes) + difference.values + difference.parents
    penalty += difference.answer
    process = max(0.0, 1.0 - penalty / num_nodes)
    blended = min(1.0, 0.2 * outcome + 0.8 * process) if outcome else 0.0
    return PaperScore(outcome, process, blended, 0.0 if penalty else blended, difference.perfect)


def accepts(gold: PaperGraph, text: str) -> bool:
    """The released evaluation accepts. A wrong answer settles it, so the steps are not even read then."""
    return _equal(gold.answer, _answer_value(text)) and compare(gold, read(text)).perfect


def compare(gold: PaperGraph, found: PaperGraph) -> Comparison:
    """Count the differences of a solution from the gold, by the names of quantities."""
    shared = gold.nodes.keys() & found.nodes.keys()
    return Comparison(
        missing=len(gold.nodes) - len(shared),
        extra=len(found.nodes) - len(shared),
        values=sum(not _equal(gold.nodes[name].value, found.nodes[name].value) for name in shared),
        parents=sum(gold.nodes[name].parents != found.nodes[name].parents for name in shared),
        answer=not _equal(gold.answer, found.answer),
    )


def _equal(a: float | None, b: float | None) -> bool:
    return a is b if a is None or b is None else not abs(a - b) > TOLERANCE


def read(text: str) -> PaperGraph:
    """A solution as the released rule sees it. Never raises."""
    answer = _answer_value(text)
    body = _without_tags(text).strip()
    found = list(islice(headers(body), MAX_STEPS + 1))
    if len(found) > MAX_STEPS:
        return PaperGraph({}, answer)
    ends = [header.start for header in found[1:]] + [len(body)]
    steps = _Steps()
    for header, end in zip(found, ends, strict=False):
        steps.add(header.name, header.letter, body[header.end : end].partition("Answer:")[0].strip())
    return PaperGraph(steps.nodes(), answer)


def _answer_value(text: str) -> float | None:
    match = None
    tag = text.find("<")
    while tag >= 0 and match is None:
        match = _TAG_ANSWER.match(text, tag)
        tag = text.find("<", tag + 1)
    match = match or _SENTENCE_ANSWER.search(text)
    return None if match is None else float(match[1])


def _answer_text(text: str) -> str:
    """The answer as a string: the first pair of answer tags, or what follows the last open one."""
    lowered = text.lower() if text.isascii() else re.sub("<answer>|</answer>", lambda m: m[0].lower(), text, flags=re.I)
    start = lowered.find("<answer>")
    if start < 0:
        return ""
    end = lowered.find("</answer>", start + len("<answer>"))
    if end >= 0:
        return text[start + len("<answer>") : end].strip().rstrip(".")
    rest = text[lowered.rfind("<answer>") + len("<answer>") :]
    return re.split(r"[<\n]", rest, maxsplit=1)[0].strip().rstrip(".")


def _without_tags(text: str) -> str:
    """Drop everything between angle brackets, the brackets included; an empty pair stays."""
    kept = []
    position = 0
    while (opening := text.find("<", position)) >= 0:
        closing = text.find(">", opening + 2)
        if closing < 0:
            break
        if text[opening + 1] == ">":  # "<>" cannot be a tag; a later "<" may be
            kept.append(text[position : opening + 1])
            position = opening + 1
            continue
        kept.append(text[position:opening])
        position = closing + 1
    kept.append(text[position:])
    return "".join(kept)


class _Step(NamedTuple):
    name: str
    letter: str
    value: float | None
    parents: frozenset[str]
    expressions: list[str]


class _Steps:
    """The steps read so far, with the quantity and the value that each letter has now."""

    def __init__(self) -> None:
        self.steps: list[_Step] = []
        self.owners: dict[str, str] = {}
        self.values: dict[str, float] = {}
        self.assignments_left = MAX_ASSIGNMENTS
        self.characters_left = MAX_CALCULATED

    def add(self, name: str, letter: str, body: str) -> None:
        """Read one step's text."""
        parents: set[str] = set()  # letters; which quantity a letter names does not change within a step
        inherited: dict[str, set[str]] = {}
        expressions: list[str] = []
        value = None
        for match in islice(_ASSIGNMENT.finditer(body), self.assignments_left):
            self.assignments_left -= 1
            target, right = match[1], match[2].strip()
            last_segment = right.rpartition("=")[2].strip()
            sources = self._sources(right, inherited)
            if target == letter:
                parents |= sources
                if last_segment:
                    expressions.append(last_segment)
            else:
                inherited.setdefault(target, set()).update(sources)
            found = self._calculate(last_segment)
            if found is None:
                found = _last_number(match[0])
            if found is not None:
                self.values[target] = found
                value = found if target == letter else value
        if value is None:
            value = _last_number(body)
            if value is not None:
                self.values[letter] = value
        names = frozenset(self.owners[source] for source in parents)
        self.steps.append(_Step(name, letter, value, names, expressions))
        self.owners[letter] = name

    def _calculate(self, expression: str) -> float | None:
        self.characters_left -= len(expression)
        return None if self.characters_left < 0 else calculate(expression, self.values)

    def _sources(self, right: str, inherited: dict[str, set[str]]) -> set[str]:
        characters = set(right)
        sources = characters & self.owners.keys()
        if inherited:
            for letter in characters & inherited.keys():
                sources |= inherited[letter]
        return sources

    def nodes(self) -> dict[str, PaperNode]:
        """The quantities, the last definition of each; a step without a value gets a late one from its letter."""
        nodes = {}
        for step in self.steps:
            value = step.value
            if value is None:
                late = (self._calculate(expression) for expression in reversed(step.expressions))
                value = next((found for found in late if found is not None), self.values.get(step.letter))
            if value is not None:
                self.values[step.letter] = value
            nodes[step.name] = PaperNode(value, step.parents)
        return nodes


def _last_number(text: str) -> float | None:
    numbers = _NUMBER.findall(text)
    return float(numbers[-1]) if numbers else None
