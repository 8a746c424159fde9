"""Rewards and prompts for TRL's `GRPOTrainer`.

```python
from interplay.interop.trl import prompt_dataset, reward
trainer = GRPOTrainer(model, reward_funcs=[reward("strict")], train_dataset=prompt_dataset(ops=(2, 3), n=1000), args=...)
```

A reward reads the column `gold`, which the trainer hands back with each completion, and logs every other rule as a metric. TRL
decodes with special tokens skipped; the tags of checkpoints made here are ordinary tokens, so they survive. TRL gives one
number per completion: credit per step, and pools that follow the policy, are what `interplay rl` has and TRL has not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from datasets import Dataset

from interplay.data.instructions import chat, examples
from interplay.interop.exchange import check_rule, gold_of, problems, scores

Reward = Callable[..., list[float | None]]


def prompt_dataset(ops: Sequence[int], n: int, *, shots: int | None = None, **which: Any) -> Dataset:
    """`n` rows with `prompt` and `gold`; `which` goes to `exchange.problems` (context, mode, style, scale, split, seed).

    Without `shots` a prompt is text with tags, as models trained here read it; with `shots` it is a conversation with
    instructions and so many examples, for chat models.
    """
    rows = []
    for problem in problems(ops, **which).first(n):
        prompt = problem.prompt if shots is None else chat(problem, examples(problem, shots))
        rows.append({"prompt": prompt, "gold": gold_of(problem), "op": problem.op})
    return Dataset.from_list(rows)


def reward(rule: str = "strict") -> Reward:
    """A reward function for `reward_funcs`, 0 to 1 by a rule of `exchange.RULES`. Raises ValueError for an unknown one."""
    check_rule(rule)

    def judge(completions: Sequence[object], gold: Sequence[str], **trainer: Any) -> list[float | None]:
        found = [scores(each, _text(completion)) for completion, each in zip(completions, gold, strict=True)]
        if (log := trainer.get("log_metric")) is not None and found:
            for name in found[0]:
                log(f"interplay/{name}", sum(each[name] for each in found) / len(found))
        return [each[rule] for each in found]

    judge.__name__ = f"interplay_{rule}"  # what TRL's logs call it
    return judge


def _text(completion: Any) -> str:
    """A completion is text, or for conversations a list of messages whose contents are the text."""
    if isinstance(completion, str):
        return completion
    return "".join(str(message.get("content") or "") for message in completion)
