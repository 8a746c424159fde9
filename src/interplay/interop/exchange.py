"""What every target library needs from this one: problems by index, a gold that travels as one string, scores of a text.

The gold string is the problem's row as JSON. It survives Arrow, pandas and message queues, and it is all that judging
needs; nothing here imports torch. A completion should reach `scores` whole: a harness that cuts the number out of its
answer tag leaves nothing of the steps to judge.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from interplay.data.gsm_infinite import reference_of
from interplay.data.mixture import Mixture, World
from interplay.data.stream import Split, Stream
from interplay.world.graph import Mode
from interplay.world.problem import Problem, to_row
from interplay.world.reference import Reference
from interplay.world.said import said_answer
from interplay.world.verify import Verdict, verify

RULES = ("strict", "exact", "sound", "paper_v1", "answer_correct", "said_correct", "process_accuracy")


def problems(
    ops: Sequence[int],
    *,
    context: str = "zoo",
    mode: Mode = "forward",
    style: str = "full",
    scale: str = "",
    split: Split = "train",
    seed: int = 0,
) -> Stream:
    """An endless stream of problems, the given ops equally often. Raises ValueError for what no world has.

    A checkpoint of a scale answers problems made as that scale makes them: `scale` brings its style, numbers and distractors.
    """
    axes: dict[str, Any] = {"style": style}
    if scale:
        from interplay.studies.scales import regime_of  # what belongs to studies loads more than a problem needs

        *_, axes = regime_of(scale, "id")
    return Stream(
        world=World.model_validate(axes), split=split, seed=seed,
        mixture=Mixture.uniform(ops, (context,), (mode,)),
    )  # fmt: skip


def gold_of(problem: Problem) -> str:
    """Everything that judging needs, as one JSON string."""
    return json.dumps(to_row(problem), ensure_ascii=False, separators=(",", ":"))


def judged(gold: str, text: str) -> Verdict:
    """The verdict on a completion. Raises ValueError where `gold` is no gold string."""
    return verify(_reference(gold), text)


def scores(gold: str, text: str) -> dict[str, float]:
    """Every rule as a number from 0 to 1, by the names of RULES.

    `said_correct` reads the answer as general models write it (`\\boxed{14}`); like `answer_correct` it can be guessed.
    """
    verdict = judged(gold, text)
    by_rule = {rule: float(getattr(verdict, rule)) for rule in RULES if hasattr(verdict, rule)}
    said = said_answer(text)
    return {**by_rule, "said_correct": float(said is not None and said == _reference(gold).answer)}


def score(gold: str, text: str, rule: str = "strict") -> float:
    """One rule of `scores`. Raises ValueError for an unknown rule."""
    check_rule(rule)
    return scores(gold, text)[rule]


def check_rule(rule: str) -> None:
    """Raises ValueError naming the rules that there are."""
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, got {rule!r}")


@lru_cache(maxsize=4096)
def _reference(gold: str) -> Reference:
    try:
        row = json.loads(gold)
    except json.JSONDecodeError as error:
        raise ValueError(f"not a gold string: {error.msg} at character {error.pos}") from None
    if not isinstance(row, dict):
        raise ValueError(f"not a gold string: a JSON object is needed, got {type(row).__name__}")
    return reference_of(row)
