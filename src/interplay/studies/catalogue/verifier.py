"""verifier: what do the released verifier's faults do to the conclusions?

The same samples under the three rules. Nothing is trained here that another study does not train: base, RL by the answer, RL
by the strict rule, all on the edge ops. The contrasts are of three kinds: one arm under two rules, one effect by each rule, and
right answers by a false derivation, arm against arm. The released rule's own parsing concerns the `full` style; in `terse`
only its leniencies are applied, so there it is not asked whether it rejects what is right.
"""

from __future__ import annotations

from interplay.rl.rewards import RewardConfig
from interplay.studies.recipe import Recipe, pairs
from interplay.studies.settings import Settings
from interplay.studies.study import Arm, Claim, Contrast, Study, Workplace

ARMS = {"outcome": "RL by the answer", "strict": "RL by the strict rule"}
OTHERS = ("paper_v1", "exact", "answer")


def arms_of_seed(recipe: Recipe, seed: int) -> list[Arm]:
    """Base and two RL arms."""
    base, edge = recipe.base(seed), recipe.regimes["edge"]
    outcome = recipe.reinforced(base, edge, seed, "base for outcome", reward=RewardConfig(kind="outcome"))
    strict = recipe.reinforced(base, edge, seed, "base for strict", reward=RewardConfig(kind="strict"))
    return [
        recipe.arm("base", "Base", "pre-training alone", seed, base),
        recipe.arm("outcome", ARMS["outcome"], "GRPO on edge ops, reward: the answer", seed, outcome, start="base"),
        recipe.arm("strict", ARMS["strict"], "GRPO on edge ops, reward: strict", seed, strict, start="base"),
    ]


def verifier(chosen: Settings, place: Workplace) -> Study:
    """Effects that move with the rule, and by how much."""
    recipe = Recipe(chosen, place)
    asked = [("outcome", "base", "RL by the answer"), ("strict", "base", "RL by the strict rule"),
             ("strict", "outcome", "strict against outcome")]  # fmt: skip
    contrasts = list(pairs(asked, recipe.regimes, chosen.ks))
    for rule in OTHERS:
        contrasts += [
            contrast._replace(name=f"{contrast.name}-{rule}", label=f"{contrast.label}, {rule}", rule=rule)
            for contrast in pairs(asked, recipe.regimes, chosen.ks)
        ]
        contrasts += [
            Contrast(f"{arm}-{rule}-strict-{regime}", f"{rule} minus strict, {arm}", arm, arm, regime, 1, rule,
                     control_rule="strict")
            for arm in ("base", *ARMS)
            for regime in recipe.regimes
        ]  # fmt: skip
    contrasts += [
        Contrast(
            f"{one}-{other}-{regime}-hacked", f"{label}, right by a false derivation", one, other, regime, 1, "hacked"
        )
        for one, other, label in (*asked, ("outcome", "strict", "outcome against strict"))
        for regime in recipe.regimes
    ]
    return Study(
        name="verifier",
        title="What the released verifier's faults do to the conclusions",
        question="Do the effects of RL keep their sign and size when the same samples are scored by the released rule?",
        settings=chosen,
        arms=recipe.every_seed(arms_of_seed),
        contrasts=tuple(contrasts),
        claims=claims(chosen),
    )


def claims(chosen: Settings) -> tuple[Claim, ...]:
    """Fixed before any run."""
    full = chosen.world.style == "full"
    released = "the released rule" if full else "the leniencies of the released rule"
    lower = Claim("The released rule scores the base lower than the repaired one on id", "base-paper_v1-strict-id",
                  "framework", "paper", "down")  # fmt: skip
    return (
        *((lower,) if full else ()),
        Claim("RL by the answer is paid for false derivations: on the edge more of its samples are right by one than of the "
              "base's", "outcome-base-edge-hacked"),
        Claim("RL by the answer leaves more right answers by a false derivation on the edge than RL by the strict rule",
              "outcome-strict-edge-hacked"),
        Claim(f"The effect of strict RL on the edge shows by {released} too", "strict-base-edge-1-paper_v1"),
    )  # fmt: skip
