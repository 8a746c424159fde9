"""A taskset for verifiers (its v1 interface), for `vf-eval` and for trainers that read tasksets.

```sh
vf-eval interplay_taskset --env.taskset.ops '[2,3]' --env.taskset.n 20 -m NAME -b URL --no-push
```

The reward is one step rule; the others are metrics. A task carries its gold as one string. Rewards are per rollout: credit
per step cannot be expressed, and neither can a pool that follows the policy.
"""

from __future__ import annotations

from collections.abc import Iterable

import verifiers.v1 as vf
from pydantic import Field

from interplay.data.instructions import chat, examples
from interplay.data.stream import Split
from interplay.interop.exchange import check_rule, gold_of, problems, scores
from interplay.world.graph import Mode

__all__ = ["InterplayTaskset"]


class InterplayData(vf.TaskData):
    """One problem; `gold` is what judging needs."""

    gold: str
    rule: str = "strict"


class InterplayTask(vf.Task[InterplayData]):
    """Scored by the step rules."""

    @vf.reward
    async def reward(self, task: InterplayData, trace: vf.Trace) -> float:
        """The chosen rule on the last reply, 0 to 1."""
        return scores(task.gold, trace.last_reply)[task.rule]

    @vf.metric
    async def rules(self, task: InterplayData, trace: vf.Trace) -> dict[str, float]:
        """Every rule under its name."""
        return scores(task.gold, trace.last_reply)


class InterplayConfig(vf.TasksetConfig):
    """Which problems: `--env.taskset.FIELD VALUE`."""

    ops: list[int] = Field(default=[2, 3, 4], min_length=1)
    n: int = Field(default=100, ge=1)
    context: str = "zoo"
    mode: Mode = "forward"
    style: str = "full"
    scale: str = ""
    split: Split = "train"
    seed: int = 0
    shots: int = Field(default=3, ge=0)
    rule: str = "strict"


class InterplayTaskset(vf.Taskset[InterplayTask, InterplayConfig]):
    """The first `n` problems of a stream."""

    def load(self) -> Iterable[InterplayTask]:
        """Tasks in the order of the stream."""
        chosen = self.config
        check_rule(chosen.rule)
        stream = problems(
            chosen.ops,
            context=chosen.context,
            mode=chosen.mode,
            style=chosen.style,
            scale=chosen.scale,
            split=chosen.split,
            seed=chosen.seed,
        )
        for problem in stream.first(chosen.n):
            system, *turns = chat(problem, examples(problem, chosen.shots))
            yield InterplayTask(
                InterplayData(
                    id=problem.id, system_prompt=system["content"], prompt=turns if chosen.shots else turns[-1]["content"],
                    gold=gold_of(problem), rule=chosen.rule,
                ),
                chosen.task,
            )  # fmt: skip
