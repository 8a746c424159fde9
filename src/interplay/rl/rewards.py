"""What a rollout earns, from its verdict alone.

outcome    1 when the final answer is right
process    share of the gold steps that are right, no outcome gate: partial work always pays
mixed      alpha * outcome + (1 - alpha) * process
gated      mixed, but 0 when the answer is wrong (the released code's variant, which is never dense)
strict     1 when the whole derivation is right
steps      per-step credit: a step's tokens carry that step's verdict, the rest of the text the strict one
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from interplay.config import Config
from interplay.world.verify import VERIFIER_VERSION, Verdict

REWARD_VERSION = "1"  # raised by hand when a verdict is paid otherwise
RewardKind = Literal["outcome", "process", "mixed", "gated", "strict", "steps"]


class RewardConfig(Config):
    """Which reward; `alpha` is the outcome's share in `mixed` and `gated`."""

    kind: RewardKind = "strict"
    alpha: float = Field(default=0.5, ge=0, le=1)

    def depends_on(self) -> Mapping[str, str]:
        """The code that judges, and the code that pays."""
        return {"verifier": VERIFIER_VERSION, "reward": REWARD_VERSION}


def reward(verdict: Verdict, config: RewardConfig) -> float:
    """The rollout's scalar reward, in [0, 1]. For `steps` it is the strict one; `step_rewards` refines it."""
    outcome, process = float(verdict.answer_correct), verdict.process_accuracy
    blend = config.alpha * outcome + (1 - config.alpha) * process
    match config.kind:
        case "outcome":
            return outcome
        case "process":
            return process
        case "mixed":
            return blend
        case "gated":
            return blend if verdict.answer_correct else 0.0
        case "strict" | "steps":
            return float(verdict.strict)


def step_rewards(verdict: Verdict, starts: list[int]) -> list[float]:
    """Reward of each token by the character it starts at: its step's verdict, outside all steps the strict one."""
    rewards = [float(verdict.strict)] * len(starts)
    for step in verdict.steps:
        for token, start in enumerate(starts):
            if step.start <= start < step.end:
                rewards[token] = float(step.error is None)
    return rewards
