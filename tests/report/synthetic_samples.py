"""Evaluations that no model made: real problems, gold solutions damaged in the ways in which models fail, real verdicts.

`python tests/report/synthetic_samples.py DIR` writes a study's samples and its explorer for a look at the page.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from interplay.evals.evaluate import problem_rows
from interplay.files import write_table
from interplay.records.explored import write_explored
from interplay.report.explorer import build_explorer
from interplay.report.theme import arm_styles
from interplay.schema import sampled
from interplay.schema.parquet import table_of
from interplay.schema.study import Study
from interplay.schema.verdicts import columns_of
from interplay.world.problem import Problem, make
from interplay.world.randomness import stream
from interplay.world.sample import Spec
from interplay.world.verify import Reference, verify

LABELS = {"base": "Base", "base_rl": "Base + RL", "mid": "Mid", "mid_rl": "Mid + RL"}
REGIMES = {"id": (2, 4), "edge": (6,), "hard": (9, 14)}
Asked = list[tuple[str, Problem]]


class Evaluation(NamedTuple):
    """Where an evaluation lies."""

    folder: Path


class Arm(NamedTuple):
    """What the writer of the record needs of a study's arm."""

    name: str
    seed: int
    evaluation: Evaluation


def steps_of(text: str) -> list[str]:
    """The statements of a body, each with its full stop."""
    mark = " . " if " . " in text else ". "
    return [part if part.rstrip().endswith(".") else part + mark.rstrip() for part in text.split(mark)]


def digit(problem: Problem, rng: random.Random) -> str:
    """One digit is another."""
    text = problem.completion
    place = rng.choice([i for i, letter in enumerate(text) if letter.isdigit()])
    return text[:place] + str((int(text[place]) + rng.randint(1, 9)) % 10) + text[place + 1 :]


def drop(problem: Problem, rng: random.Random) -> str:
    """One step is left out."""
    steps = steps_of(problem.body)
    del steps[rng.randrange(max(1, len(steps) - 1))]
    return closed(steps, problem)


def swap(problem: Problem, rng: random.Random) -> str:
    """The steps stand in the wrong order."""
    return closed(steps_of(problem.body)[::-1], problem)


def rename(problem: Problem, rng: random.Random) -> str:
    """A quantity is taken for another one, or for one that nobody has heard of."""
    names = list(problem.graph.rules)
    old, new = rng.choice(problem.graph.order), rng.choice([*names, "unicorn in Atlantis"])
    return problem.completion.replace(old, new)


def repeat(problem: Problem, rng: random.Random) -> str:
    """A step is there twice."""
    steps = steps_of(problem.body)
    place = rng.randrange(len(steps))
    return closed([*steps[: place + 1], *steps[place:]], problem)


def closed(steps: Sequence[str], problem: Problem) -> str:
    return f" {' '.join(steps)} </solution> <answer> {problem.answer} </answer>"


DAMAGES: dict[str, Callable[[Problem, random.Random], str]] = {
    "digit": digit, "drop": drop, "swap": swap, "rename": rename, "repeat": repeat,
    "cut": lambda problem, rng: problem.completion[: rng.randrange(len(problem.completion))],
    "answer": lambda problem, rng: problem.completion.replace("<answer> ", "<answer> 1"),
    "short": lambda problem, rng: closed(steps_of(problem.body)[:-1], problem),
    "unanswered": lambda problem, rng: f" {problem.body} </solution>",
    "words": lambda problem, rng: problem.completion.replace(" </solution>", " and so it is </solution>"),
}  # fmt: skip


def ask(per_regime: int, contexts: Sequence[str] = ("zoo", "school")) -> Asked:
    """Problems of every regime: both styles, both modes, with distractors."""
    asked: Asked = []
    for regime, ops in REGIMES.items():
        for number in range(per_regime):
            mode = ("forward", "forward", "reverse")[number % 3]
            spec = Spec(op=ops[number % len(ops)], mode=mode, distractors=number % 4)  # type: ignore[arg-type]
            style = "terse" if number % 5 else "full"
            asked.append((regime, make(spec, contexts[number % 2], style, stream("explored", regime, number))))
    return list({problem.id: (regime, problem) for regime, problem in asked}.values())


def solve(problem: Problem, arm: str, seed: int, sample: int) -> str:
    """Gold or damaged, the more often gold the later the arm."""
    skill = 0.25 + 0.15 * list(LABELS).index(arm)
    rng = stream("solution", problem.id, arm, seed, sample)
    if rng.random() < skill:
        return problem.completion
    return DAMAGES[rng.choice(list(DAMAGES))](problem, stream("damage", problem.id, sample % 3))


Solve = Callable[[Problem, str, int, int], str]


def evaluation(folder: Path, asked: Asked, arm: str, seed: int, num_samples: int, solve: Solve = solve) -> Evaluation:
    """Write `problems.parquet` and `samples.parquet` as an evaluation does."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for _, problem in asked:
        reference = Reference.from_graph(problem.graph, problem.solution)
        for sample in range(num_samples):
            text = solve(problem, arm, seed, sample)
            finished = "</answer>" in text
            verdict = verify(reference, text, truncated=not finished)
            rows.append(
                {"problem_id": problem.id, "sample": sample, "text": text, "num_tokens": len(text.split()),
                 "finished": finished} | columns_of(verdict)
            )  # fmt: skip
    write_table(folder / "problems.parquet", table_of(problem_rows(asked), sampled.Problem))
    write_table(folder / "samples.parquet", table_of(rows, sampled.Sample))
    return Evaluation(folder)


def arms(
    folder: Path,
    asked: Asked,
    seeds: Iterable[int],
    num_samples: int,
    solve: Solve = solve,
    labels: Iterable[str] = LABELS,
) -> list[Arm]:
    """Every arm under every seed."""
    return [
        Arm(arm, seed, evaluation(folder / f"{arm}-{seed}", asked, arm, seed, num_samples, solve))
        for arm in labels
        for seed in seeds
    ]


def study(seeds: Sequence[int]) -> Study:
    """What the page says about the study."""
    return Study.model_construct(
        study="quickstart", title="From scratch to RL: what each stage adds", scale="micro", seeds=tuple(seeds),
        version="0.1.0",
    )  # fmt: skip


def page(folder: Path, members: list[Arm], limit: int = 20_000) -> Path:
    """Write the record and the page into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_explored(members, folder, limit)  # type: ignore[arg-type]
    made = build_explorer(folder, study(sorted({arm.seed for arm in members})), arm_styles(LABELS))
    assert made is not None
    return made


if __name__ == "__main__":
    place = Path(sys.argv[1])
    print(page(place, arms(place / "evaluations", ask(40), (0, 1), 4)))
