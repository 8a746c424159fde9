"""What the YAML tasks name: the problems, their prompts, and the scores of the repeats of one problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datasets import Dataset

from interplay.data.instructions import examples, instructions, question_of, solution_of, with_stop
from interplay.interop.exchange import gold_of, problems, scores


def load(
    ops: Sequence[int] = (2, 3, 4),
    n: int = 100,
    context: str = "zoo",
    mode: Any = "forward",
    style: str = "full",
    scale: str = "",
    seed: int = 0,
    shots: int | None = None,
    **_: object,
) -> dict[str, Dataset]:
    """The split `test`, `n` problems. Change them with `--metadata '{"ops": [2, 3], "n": 50, "style": "terse"}'`."""
    stream = problems(ops, context=context, mode=mode, style=style, scale=scale, split="test", seed=seed)
    style = stream.world.style
    rows = []
    for problem in stream.first(n):
        prompt = problem.prompt
        if shots is not None:
            shown = (f"{question_of(each)}\n{solution_of(each)}" for each in examples(problem, shots))
            prompt = "\n\n".join([instructions(style, reverse=mode == "reverse"), *shown, question_of(problem)]) + "\n"
        rows.append({"prompt": prompt, "target": problem.completion, "gold": gold_of(problem), "op": problem.op})
    return {"test": Dataset.from_list(rows)}


def load_chat(**asked: Any) -> dict[str, Dataset]:
    """The same with instructions and three examples."""
    return load(**{"shots": 3, **asked})


def process_results(doc: Mapping[str, Any], results: Sequence[Sequence[str]]) -> dict[str, float]:
    """Every rule, the mean of a problem's repeats, and whether any of them is strict (pass@k at k = repeats)."""
    repeats = [scores(doc["gold"], with_stop(text)) for text in results[0]]
    means = {rule: sum(each[rule] for each in repeats) / len(repeats) for rule in repeats[0]}
    return {**means, "strict_pass_at_all": max(each["strict"] for each in repeats)}
