"""A dataset for reasoning-gym: importing this module registers `interplay`, so it works alone and inside `composite`.

```python
import interplay.interop.reasoning_gym, reasoning_gym
data = reasoning_gym.create_dataset("interplay", min_op=2, max_op=5, size=100, seed=0)
data.score_answer(data[0]["answer"], data[0])  # 1.0
```

`answer` is the whole gold solution, and `score_answer` wants the whole completion. A trainer that hands over the extracted
number alone has to choose `rule="said_correct"`, since no steps are left to judge. reasoning-gym has no splits: seed and
split are fields of the config. An item depends on (seed, split, index) alone and not on `size`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reasoning_gym.dataset import ProceduralDataset
from reasoning_gym.factory import DATASETS, register_dataset

from interplay.data.instructions import question_of, solution_of
from interplay.data.stream import Stream
from interplay.interop.exchange import check_rule, gold_of, problems, scores

NAME = "interplay"


@dataclass
class InterplayConfig:
    """Which problems, and by which rule they are scored; `rule` is one of `interplay.interop.exchange.RULES`."""

    min_op: int = 2
    max_op: int = 5
    context: str = "zoo"
    mode: str = "forward"
    style: str = "full"
    scale: str = ""
    split: str = "train"
    rule: str = "strict"
    seed: int | None = 0
    size: int = 500

    def validate(self) -> None:
        """Raises ValueError naming the field that is wrong."""
        if not 2 <= self.min_op <= self.max_op:
            raise ValueError(f"min_op and max_op must be a range from 2 up, got {self.min_op} and {self.max_op}")
        if self.size < 1:
            raise ValueError(f"size must be at least 1, got {self.size}")
        check_rule(self.rule)
        self.stream(0)

    def stream(self, seed: int) -> Stream:
        """The problems behind the dataset."""
        fields: dict[str, Any] = {"context": self.context, "mode": self.mode, "split": self.split}
        fields |= {"style": self.style, "scale": self.scale}
        return problems(range(self.min_op, self.max_op + 1), seed=seed, **fields)


class InterplayDataset(ProceduralDataset):
    """Items of `size` problems; `entry["metadata"]["gold"]` is what judging needs."""

    def __init__(self, config: InterplayConfig) -> None:
        super().__init__(config=config, seed=config.seed, size=config.size)

    @cached_property
    def _problems(self) -> Stream:
        stream: Stream = self.config.stream(self.seed)
        return stream

    def __getitem__(self, idx: int) -> dict[str, Any]:
        problem = self._problems[idx]
        return {
            "question": question_of(problem),
            "answer": solution_of(problem),
            "metadata": {
                "source_dataset": NAME, "source_index": idx, "gold": gold_of(problem),
                "difficulty": {"op": problem.op, "mode": problem.mode},
            },
        }  # fmt: skip

    def score_answer(self, answer: str | None, entry: dict[str, Any]) -> float:
        """The score of a whole completion by the config's rule, 0 to 1."""
        if not isinstance(answer, str):
            return 0.0
        return scores(entry["metadata"]["gold"], answer)[self.config.rule]


if NAME not in DATASETS:
    register_dataset(NAME, InterplayDataset, InterplayConfig)
