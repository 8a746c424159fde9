"""process_reward: do step rewards beat outcome rewards, and do they reduce reward hacking?

base        the start of all others
outcome     the final answer alone
mixed_20    0.2 outcome + 0.8 process
mixed_50    0.5 outcome + 0.5 process
mixed_80    0.8 outcome + 0.2 process
process     share of right gold steps, whatever the answer
gated       the released code's variant: nothing when the answer is wrong
strict      1 for a derivation without any fault, else 0
steps       per-step credit: each step's tokens carry that step's verdict
"""

from __future__ import annotations

from interplay.rl.rewards import RewardConfig
from interplay.studies.recipe import Recipe, compared
from interplay.studies.settings import Settings
from interplay.studies.study import Arm, Claim, Contrast, Study, Workplace

NOT_STRICT = ("hacked", "shortened", "unreadable")

REWARDS: dict[str, tuple[str, RewardConfig]] = {
    "outcome": ("Outcome", RewardConfig(kind="outcome")),
    "mixed_20": (".2 outcome + .8 process", RewardConfig(kind="mixed", alpha=0.2)),
    "mixed_50": (".5 outcome + .5 process", RewardConfig(kind="mixed", alpha=0.5)),
    "mixed_80": (".8 outcome + .2 process", RewardConfig(kind="mixed", alpha=0.8)),
    "process": ("Process", RewardConfig(kind="process")),
    "gated": ("Gated", RewardConfig(kind="gated")),
    "strict": ("Strict", RewardConfig(kind="strict")),
    "steps": ("Per-step credit", RewardConfig(kind="steps")),
}


def arms_of_seed(recipe: Recipe, seed: int) -> list[Arm]:
    """One base and an arm for each reward, on the edge ops."""
    base, edge = recipe.base(seed), recipe.regimes["edge"]
    arms = [recipe.arm("base", "Base", "pre-training alone", seed, base)]
    for name, (label, reward) in REWARDS.items():
        trained = recipe.reinforced(base, edge, seed, f"base for {name}", reward=reward)
        what = f"GRPO on edge ops, reward: {label}"
        arms.append(recipe.arm(name, label, what, seed, trained, start="base", factors={"reward": label}))
    return arms


def hacking() -> tuple[Contrast, ...]:
    """What right answers that are not strictly right are made of, each reward against outcome: only `hacked` is cheating."""
    return tuple(
        Contrast(f"{name}-outcome-{regime}-{kind}", f"{REWARDS[name][0]} against {REWARDS['outcome'][0]}, {kind}",
                 name, "outcome", regime, 1, kind)
        for name in REWARDS
        for regime in ("id", "edge", "hard")
        for kind in NOT_STRICT
        if name != "outcome"
    )  # fmt: skip


def process_reward(chosen: Settings, place: Workplace) -> Study:
    """The paper's section 6, with the ungated rewards its equations describe and per-step credit."""
    recipe = Recipe(chosen, place)
    others = [name for name in REWARDS if name != "outcome"]
    arms = recipe.every_seed(arms_of_seed)
    asked = [(name, "base") for name in REWARDS] + [(name, "outcome") for name in others]
    asked += [("steps", "strict"), ("process", "gated")]
    return Study(
        name="process_reward",
        title="Do step rewards beat outcome rewards?",
        question="Which reward raises verified accuracy most, and which leaves right answers with wrong derivations?",
        settings=chosen,
        arms=arms,
        contrasts=(*compared(arms, asked, chosen.ks), *hacking()),
        claims=(
            *(Claim(f"{REWARDS[name][0]} beats outcome on the edge, pass@1", f"{name}-outcome-edge-1", "T4", "paper")
              for name in ("mixed_20", "mixed_50", "strict")),
            Claim("A strict reward hacks less than outcome: fewer right answers with a wrong derivation on the edge",
                  "strict-outcome-edge-hacked", "T4", "paper", "down"),
            Claim("A process reward without outcome beats outcome on the edge, pass@1", "process-outcome-edge-1"),
            Claim("Per-step credit beats outcome on the edge, pass@1", "steps-outcome-edge-1"),
            Claim("Per-step credit beats the strict reward on the edge, pass@1", "steps-strict-edge-1"),
        ),
    )  # fmt: skip
