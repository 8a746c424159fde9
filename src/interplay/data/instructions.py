"""What a model that never saw this format is told: the rules of a solution in words, then examples, then the problem.

Models trained here need none of it. A general model behind an API does, and what it is told changes what it scores, so
it is made in one place and its version stands beside every result. Examples are drawn from the training split of the
same context, mode and style, from a stream of their own, so no test problem is ever shown. Of a context whose words are
not known here, one's own or of somebody else's file, they are told in the words of a built-in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from interplay.data.mixture import Cell, Mixture, World
from interplay.data.stream import Stream
from interplay.world.context import names
from interplay.world.problem import Problem

INSTRUCTIONS_VERSION = "2"
STAND_IN = "zoo"
STOP = "</answer>"  # what a server is told to stop at
Message = dict[Literal["role", "content"], str]

_RULES = {
    "full": (
        "Solve the problem step by step. Write one step for each quantity that you need, in the form `Define QUANTITY as "
        "LETTER; so LETTER = FORMULA = NUMBERS = RESULT.`, with the name of the quantity exactly as in the problem and a "
        "letter of its own. A step may use only letters that were defined before it. The total of a place is the sum of "
        "all its kinds that occur in the problem."
    ),
    "terse": (
        "Solve the problem step by step. Write one step for each quantity that you need, in the form `QUANTITY = FORMULA = "
        "NUMBERS = RESULT .`, with the names of the quantities exactly as in the problem. A step may use only quantities "
        "that were worked out before it. The total of a place is the sum of all its kinds that occur in the problem."
    ),
}
_UNKNOWN = " Where a number is not known, call it x and solve the last equation for x."
_END = " End with `</solution> <answer> NUMBER </answer>` and write nothing after it."


def instructions(style: str, *, reverse: bool = False) -> str:
    """The rules of a solution in words, for a system message. Raises ValueError for an unknown style."""
    if style not in _RULES:
        raise ValueError(f"style must be {' or '.join(_RULES)}, got {style!r}")
    return _RULES[style] + (_UNKNOWN if reverse else "") + _END


def question_of(problem: Problem) -> str:
    """The problem as a user would put it: its facts, then what is asked."""
    return f"{problem.problem.strip()} {problem.question}"


def solution_of(problem: Problem) -> str:
    """The gold solution as an assistant would give it."""
    return problem.completion.strip()


def with_stop(text: str) -> str:
    """The completion with the tag that it ends in: servers and harnesses leave out the string that they stopped at."""
    opened = text.rfind("<answer>")
    return text if opened < 0 or STOP in text[opened:] else f"{text.rstrip()} {STOP}"


def examples(like: Problem, count: int) -> list[Problem]:
    """`count` problems of the context, mode and style of `like`, from the training split, of ops 2 to 4 in turn."""
    told_in = like.context if like.context in names() else STAND_IN
    cells = [Cell(op=op, context=told_in, mode=like.mode) for op in (2, 3, 4)]
    world = World(style="terse" if like.style == "terse" else "full", d=3 if like.graph.d == 3 else 2)
    source = Stream(world=world, mixture=Mixture.of({cell: 1 / len(cells) for cell in cells}))
    return [source.draw(cells[number % len(cells)], "few-shot", number) for number in range(count)]


def told_in_other_words(problems: Iterable[Problem]) -> str:
    """Of which contexts the examples are told in other words, in one line; "" where there are none."""
    unknown = sorted({problem.context for problem in problems} - set(names()))
    shown = ", ".join(repr(name[:40]) for name in unknown[:5]) + (", ..." if len(unknown) > 5 else "")
    return f"the words of {shown} are not known here: examples are told in those of {STAND_IN}" if unknown else ""


def chat(problem: Problem, shown: Sequence[Problem] = ()) -> list[Message]:
    """The messages that ask for `problem`: rules, examples as turns of a conversation, the problem."""
    style = problem.style if problem.style in _RULES else "full"
    messages: list[Message] = [{"role": "system", "content": instructions(style, reverse=problem.mode == "reverse")}]
    for example in shown:
        messages.append({"role": "user", "content": question_of(example)})
        messages.append({"role": "assistant", "content": solution_of(example)})
    messages.append({"role": "user", "content": question_of(problem)})
    return messages
