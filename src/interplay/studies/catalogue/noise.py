"""noise: how far do two trainings of one setting differ?

base     pre-training on the id ops, with a trace of edge ops where the scale asks for it
rl_edge  GRPO on the edge ops, from base

Nothing but the seed differs between replicates. The spread of the effect between them, per regime and k, is what every plan
needs and no single training shows; `--plan` reads its records (`foresight`). Studies of the same seeds share its stages.
"""

from __future__ import annotations

from interplay.studies.recipe import Recipe, pairs
from interplay.studies.settings import Settings
from interplay.studies.study import Arm, Study, Workplace

REPLICATES = tuple(range(8))


def arms_of_seed(recipe: Recipe, seed: int) -> list[Arm]:
    """One replicate of both arms."""
    base = recipe.base(seed)
    reinforced = recipe.reinforced(base, recipe.regimes["edge"], seed, "base on edge")
    return [
        recipe.arm("base", "Base", "pre-training alone", seed, base),
        recipe.arm("rl_edge", "RL on edge", "GRPO on edge ops", seed, reinforced, start="base"),
    ]


def noise(chosen: Settings, place: Workplace) -> Study:
    """Replicates, eight where no seeds are asked for; one alone has no spread, and others can be added to it."""
    recipe = Recipe(chosen, place)
    pair = [("rl_edge", "base", "RL on edge")]
    contrasts = {contrast.name: contrast for k in chosen.ks for contrast in pairs(pair, recipe.regimes, (k,))}
    return Study(
        name="noise",
        title="How far do two trainings of one setting differ?",
        question="How much does the effect of RL on the edge move when nothing but the seed is another?",
        settings=chosen,
        arms=recipe.every_seed(arms_of_seed),
        contrasts=tuple(contrasts.values()),
        claims=(),
    )
