"""A task for inspect_ai: problems as samples, every rule as a metric, pass@k through epochs.

```sh
inspect eval src/interplay/interop/inspect_ai.py@interplay -T op=2,3,4 -T n=50 -T samples=8 --model openai/NAME
```

`epochs` draws each problem `samples` times, and the reducers `pass_at_k` are unbiased. inspect_ai's standard error covers the
problems; it has no paired comparison of two runs and no rule for trainings, for which see `interplay compare`.
"""

from __future__ import annotations

from typing import Any

from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser
from inspect_ai.scorer import Score, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState, generate

from interplay.data.instructions import Message, chat, examples, solution_of
from interplay.interop.exchange import RULES, gold_of, judged, problems, scores
from interplay.world.problem import Problem

_TURNS = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


@task
def interplay(
    op: str | int | list[int] = "2,3,4",
    n: int = 100,
    samples: int = 1,
    shots: int = 3,
    context: str = "zoo",
    mode: str = "forward",
    style: str = "full",
    scale: str = "",
    split: str = "test",
    seed: int = 0,
) -> Task:
    """`n` problems, each asked `samples` times; `op` is a number or several, comma-separated."""
    ops = [op] if isinstance(op, int) else [int(each) for each in (op.split(",") if isinstance(op, str) else op)]
    which: dict[str, Any] = {"context": context, "mode": mode, "split": split, "seed": seed}
    which |= {"style": style, "scale": scale}
    asked = [_sample(problem, shots) for problem in problems(ops, **which).first(n)]
    ks = [k for k in (1, 2, 4, 8, 16, 32, 64, 128) if k <= samples]
    return Task(
        dataset=MemoryDataset(asked, name="interplay"), solver=generate(), scorer=steps(),
        epochs=Epochs(samples, ["mean", *(f"pass_at_{k}" for k in ks)]),
    )  # fmt: skip


@scorer(metrics={rule: [mean(), stderr()] for rule in RULES})
def steps() -> Any:
    """Every rule of a completion, 0 to 1; the explanation names the first fault."""

    async def judge(state: TaskState, target: Target) -> Score:
        gold, text = state.metadata["gold"], state.output.completion
        verdict = judged(gold, text)
        return Score(
            value={**dict.fromkeys(RULES, 0.0), **scores(gold, text)}, answer=verdict.answer,
            explanation=verdict.error or "every step is right",
        )  # fmt: skip

    return judge


def _sample(problem: Problem, shots: int) -> Sample:
    return Sample(
        id=problem.id, input=[_turn(message) for message in chat(problem, examples(problem, shots))],
        target=solution_of(problem), metadata={"gold": gold_of(problem), "op": problem.op},
    )  # fmt: skip


def _turn(message: Message) -> Any:
    return _TURNS[message["role"]](content=message["content"])
