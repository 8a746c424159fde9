"""When does pre-training learn each op? One model from scratch, its likelihood of gold solutions per op on the token grid.

interplay run examples/onset.py --scale mini --store store
"""

from interplay.studies.recipe import Recipe
from interplay.studies.study import Study


def study(settings, place):
    recipe = Recipe(settings, place)
    shown = f"pre-training on id with {settings.pretrain.edge_share:.2g} of edge"
    return Study(
        name="onset",
        title="When does pre-training learn each op?",
        question="In which order do the ops appear in pre-training, and how far beyond the trained ones does likelihood reach?",
        settings=settings,
        arms=tuple(recipe.arm("base", "Base", shown, seed, recipe.base(seed)) for seed in settings.seeds),
        contrasts=(),
        claims=(),
    )
