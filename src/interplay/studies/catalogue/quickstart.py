"""quickstart: does the whole chain work here? Base, mid-training and RL on the edge of competence, each with its effect.

base      pre-training on the id ops, with a trace of edge ops
base_rl   GRPO on the edge ops, from base
mid       mid-training on id and edge ops, from base
mid_rl    GRPO on the edge ops, from mid

Mid-training and RL are not equal in compute here; what each took is in the record (`midtraining` divides one budget).
"""

from __future__ import annotations

from interplay.data.mixture import blend
from interplay.studies.recipe import Recipe, pairs
from interplay.studies.settings import Settings
from interplay.studies.study import Arm, Claim, Study, Workplace


def arms_of_seed(recipe: Recipe, seed: int) -> list[Arm]:
    """The four arms of one seed; the tokenizer is shared by all seeds."""
    chosen, mixes = recipe.chosen, recipe.regimes
    share = chosen.midtrain.edge_share
    base = recipe.base(seed)
    mid = recipe.midtrained(
        base, blend([(mixes["id"], 1 - share), (mixes["edge"], share)]), chosen.midtrain.tokens, seed
    )
    base_rl = recipe.reinforced(base, mixes["edge"], seed, "base on edge")
    mid_rl = recipe.reinforced(mid, mixes["edge"], seed, "mid on edge")
    return [
        recipe.arm("base", "Base", f"pre-training on id with {chosen.pretrain.edge_share:.2g} of edge", seed, base),
        recipe.arm("base_rl", "Base + RL", "pre-training, then GRPO on edge", seed, base_rl, start="base"),
        recipe.arm("mid", "Mid", "pre-training, mid-training on id and edge", seed, mid, start="base"),
        recipe.arm("mid_rl", "Mid + RL", "pre-training, mid-training, then GRPO on edge", seed, mid_rl, start="mid"),
    ]


def quickstart(chosen: Settings, place: Workplace) -> Study:
    """The study of the main job."""
    recipe = Recipe(chosen, place)
    top = max(chosen.ks)
    asked = [
        ("base_rl", "base", "RL from base"),
        ("mid", "base", "mid-training"),
        ("mid_rl", "mid", "RL from mid"),
        ("mid_rl", "base_rl", "mid-training before RL"),
        ("mid", "base_rl", "mid-training instead of RL"),
    ]
    return Study(
        name="quickstart",
        title="From scratch to RL: what each stage adds",
        question="Does the whole chain work here, and does RL on the edge of competence raise verified accuracy there?",
        settings=chosen,
        arms=recipe.every_seed(arms_of_seed),
        contrasts=pairs(asked, recipe.regimes, chosen.ks),
        claims=(
            Claim("RL on edge problems raises verified edge pass@1 above its start after mid-training",
                  "mid_rl-mid-edge-1"),
            Claim("RL on edge problems raises verified edge pass@1 above its start without mid-training",
                  "base_rl-base-edge-1"),
            Claim(f"RL from base adds capability on edge problems: verified pass@{top} rises",
                  f"base_rl-base-edge-{top}"),
        ),
    )  # fmt: skip
