"""midtraining: how should a fixed budget be divided between mid-training and RL?

For every budget T and RL share b: mid-training on (1 - b) T tokens of id and edge ops, then RL on the edge ops with what is
left, one RL sample charged 5/3 of `sample_tokens`. Each arm has a complete schedule of its own; the released arms were
checkpoints of one run, most of them inside its warm-up. Budgets are nominal, as the paper's are: RL was measured to take less
than it is charged, and what was really spent is in the record of every stage; `sample_tokens` decides by which of the two the
arms are matched.
"""

from __future__ import annotations

from interplay.data.mixture import blend
from interplay.stages.rates import quantity
from interplay.studies.budget import rl_steps, rl_tokens
from interplay.studies.recipe import Recipe, compared
from interplay.studies.settings import Settings
from interplay.studies.study import Arm, Claim, Study, Workplace, measured
from interplay.studies.values import percent

NAMES = {0.0: "Full mid", 0.2: "Light RL", 0.5: "Medium RL", 0.8: "Heavy RL", 1.0: "Full RL"}


def arms_of_seed(recipe: Recipe, seed: int) -> list[Arm]:
    """The base, and one arm per budget and RL share."""
    base = recipe.base(seed)
    arms = [recipe.arm("base", "Base", "pre-training alone", seed, base)]
    for budget in recipe.chosen.midtraining.budgets:
        for share in recipe.chosen.midtraining.rl_shares:
            arms.append(divided(recipe, seed, budget, share))
    return arms


def divided(recipe: Recipe, seed: int, budget: int, share: float) -> Arm:
    """One division of a budget."""
    chosen, mixes, base = recipe.chosen, recipe.regimes, recipe.base(seed)
    middle = blend([(mixes["id"], 1 - chosen.midtrain.edge_share), (mixes["edge"], chosen.midtrain.edge_share)])
    tokens, steps = round((1 - share) * budget), rl_steps(chosen, share * budget)
    if share and not steps:
        raise ValueError(
            f"midtraining: {share:g} of a budget of {quantity(budget)} tokens is less than half an RL step, which counts as "
            f"{quantity(rl_tokens(chosen, 1))}: larger midtraining.budgets or midtraining.rl_shares"
        )
    name = arm_name(budget, share)
    trained = recipe.midtrained(base, middle, tokens, seed, name) if share < 1 else base
    ended = recipe.reinforced(trained, mixes["edge"], seed, name, steps=steps) if steps else trained
    label = f"{NAMES.get(share, f'RL share {share:g}')}, {quantity(budget)}"
    what = f"{tokens:,} tokens of mid-training, then {steps} RL steps"
    factors: dict[str, float | str] = {"RL share": share, "budget": quantity(budget)}
    return recipe.arm(name, label, what, seed, ended, start="base", factors=factors)


def arm_name(budget: int, share: float) -> str:
    """`rl_20_of_700k`."""
    return f"rl_{percent(share)}_of_{quantity(budget)}"


def midtraining(chosen: Settings, place: Workplace) -> Study:
    """The paper's section 5, every arm with its own schedule."""
    recipe, top = Recipe(chosen, place), max(chosen.ks)
    shares, claims, asked = chosen.midtraining.rl_shares, [], []
    arms = recipe.every_seed(arms_of_seed)
    for budget in chosen.midtraining.budgets:
        names = {share: arm_name(budget, share) for share in shares}
        most, least = names[shares[-1]], names[shares[0]]
        asked += [(name, "base") for name in names.values()]
        asked += [(name, most) for name in names.values()]
        asked += [(name, least) for share, name in names.items() if share < shares[-1]]
        both = [share for share in shares if 0 < share < 1]
        if not both:
            continue
        light, alone, without = both[0], arm_name(budget, 1.0), arm_name(budget, 0.0)
        named = NAMES.get(light, f"an RL share of {light:g}")
        called = named[0].lower() + named[1:]
        claims += [
            Claim(f"Mid-training and RL beat RL alone on hard, pass@{top}, nominal budget {quantity(budget)}",
                  f"{names[both[-1]]}-{alone}-hard-{top}", "T3", "paper"),
            Claim(f"Mid-training and {called} beat RL alone on the edge, pass@1, nominal budget {quantity(budget)}",
                  f"{names[light]}-{alone}-edge-1", "T3", "paper"),
            Claim(f"Mid-training and {called} beat mid-training alone on the edge, pass@1, nominal budget {quantity(budget)}",
                  f"{names[light]}-{without}-edge-1", "T8", "paper"),
        ]  # fmt: skip
    contrasts = compared(arms, asked, chosen.ks)
    return Study(
        name="midtraining",
        title="How to divide a fixed budget between mid-training and RL",
        question="At equal nominal compute, which share of RL after mid-training gives the highest verified accuracy?",
        settings=chosen,
        arms=arms,
        contrasts=contrasts,
        claims=measured(claims, contrasts),
        x="RL share",
        by="budget",
    )
