"""An environment for tinker-cookbook: one problem a conversation, scored by a step rule.

`InterplayEnv` has the four methods that `ProblemEnv` asks for; `InterplayData` deals groups of it as an `RLDataset`. The
cookbook adds a format reward of its own: here the format is right when the text can be read to its answer. It checks an answer
as right or wrong, so of the graded rewards `process_accuracy` cannot be expressed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from tinker_cookbook.rl.problem_env import ProblemEnv, ProblemGroupBuilder
from tinker_cookbook.rl.types import EnvGroupBuilder, RLDataset

from interplay.data.instructions import chat, examples, question_of, solution_of
from interplay.data.stream import Stream
from interplay.interop.exchange import check_rule, gold_of, judged, problems, scores
from interplay.world.problem import Problem


class InterplayEnv(ProblemEnv):
    """One problem. `shots` examples come before it, after the instructions."""

    def __init__(self, problem: Problem, renderer: Any, *, rule: str = "strict", shots: int = 0, **env: Any) -> None:
        check_rule(rule)
        self.problem, self.rule, self.gold = problem, rule, gold_of(problem)
        super().__init__(renderer, convo_prefix=chat(problem, examples(problem, shots))[:-1], **env)

    def get_question(self) -> str:
        """The problem as a user puts it."""
        return question_of(self.problem)

    def check_answer(self, sample_str: str) -> bool:
        """The rule accepts the whole completion."""
        return scores(self.gold, sample_str)[self.rule] == 1.0

    def check_format(self, sample_str: str) -> bool:
        """The text can be read to its answer."""
        return judged(self.gold, sample_str).answer is not None

    def get_reference_answer(self) -> str:
        """The gold solution."""
        return solution_of(self.problem)


class InterplayData(RLDataset):
    """Batches of groups: batch `index` holds the next `batch_size` problems, each with `group_size` environments."""

    def __init__(
        self, ops: Sequence[int], renderer: Any, *, batches: int, batch_size: int, group_size: int,
        rule: str = "strict", shots: int = 0, **which: Any,
    ) -> None:  # fmt: skip
        self.problems: Stream = problems(ops, **which)
        self.renderer, self.batches, self.batch_size, self.group_size = renderer, batches, batch_size, group_size
        self.rule, self.shots = rule, shots

    def __len__(self) -> int:
        return self.batches

    def get_batch(self, index: int) -> Sequence[EnvGroupBuilder]:
        """The groups of one step."""
        chosen = (self.problems[index * self.batch_size + offset] for offset in range(self.batch_size))
        return [
            ProblemGroupBuilder(
                env_thunk=partial(InterplayEnv, problem, self.renderer, rule=self.rule, shots=self.shots),
                num_envs=self.group_size, dataset_name="interplay",
            )
            for problem in chosen
        ]  # fmt: skip
