"""A study of one's own: do larger RL groups cost less of what was known? Run it with

interplay run examples/group_size.py --scale micro --store store
"""

from interplay.studies.recipe import Recipe, pairs
from interplay.studies.study import Claim, Study

# samples of a problem: problems of a step; the product is the same
GROUPS = {4: 96, 16: 24}


def study(settings, place):
    recipe = Recipe(settings, place)
    arms = []
    for seed in settings.seeds:
        base = recipe.base(seed)
        arms.append(recipe.arm("base", "Base", "pre-training alone", seed, base))
        for group, prompts in GROUPS.items():
            changes = {"group": group, "prompts": prompts}
            shown = f"groups of {group}"
            rl = recipe.reinforced(base, recipe.regimes["edge"], seed, shown, changes=changes)
            what = f"GRPO on edge ops, {prompts} problems x {group} samples a step"
            arms.append(recipe.arm(f"g{group}", shown.capitalize(), what, seed, rl, start="base"))
    asked = [
        ("g4", "base", "small groups"),
        ("g16", "base", "large groups"),
        ("g16", "g4", "large against small"),
    ]
    return Study(
        name="group_size",
        title="Do larger groups forget less?",
        question="At equal samples, do larger groups keep more of the id problems?",
        settings=settings,
        arms=tuple(arms),
        contrasts=pairs(asked, recipe.regimes, settings.ks),
        claims=(Claim("Groups of 16 keep id pass@1 above groups of 4", "g16-g4-id-1"),),
    )
