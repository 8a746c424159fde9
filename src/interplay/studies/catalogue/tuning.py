"""tuning: which learning rate and how many steps, for RL, self-training and gold alike?

Every method gets the same factors on the learning rates that its scale has and the same multiples of its steps, gold for the
tokens that so much RL was measured to compute. They are asked problems of the split `val` on seeds from 100 on, so what is
chosen has seen no problem and no training that a study reports. `interplay records tuning` makes the table, and a scale names
in `tuned` the row that its rate and steps come from.
"""

from __future__ import annotations

from interplay.stages.kinds import Checkpointed, PretrainStage
from interplay.studies.catalogue.controls import gold_trained, scaled, self_trained
from interplay.studies.recipe import Recipe, Seed, compared
from interplay.studies.settings import Settings
from interplay.studies.study import Arm, Study, Workplace

APART, FIRST = (100, 101), 100
LABELS = {"rl": "RL", "self_train": "Self-training", "gold": "Gold"}


def arms_of_seed(recipe: Recipe, seed: Seed) -> list[Arm]:
    """The base, and for each method every rate at every length."""
    chosen, base = recipe.chosen, recipe.base(seed)
    arms = [recipe.arm("base", "Base", "pre-training alone", seed, base, split="val")]
    for method in chosen.tuning.methods:
        for steps in dict.fromkeys(max(1, round(length * chosen.rl.steps)) for length in chosen.tuning.lengths):
            for factor in chosen.tuning.factors:
                rate = rate_of(chosen, method, factor)
                name = row_name(method, rate, steps)
                trained = _trained(recipe, base, seed, method, factor, steps)
                told = f"{LABELS[method]}, learning rate {rate:g}, {steps} RL steps or as much compute"
                tried: dict[str, float | str] = {"method": method, "learning rate": rate, "steps": steps}
                label = f"{LABELS[method]}, {rate:g}, {steps}"
                arms.append(recipe.arm(name, label, told, seed, trained, start="base", factors=tried, split="val"))
    return arms


def rate_of(chosen: Settings, method: str, factor: float = 1.0) -> float:
    """The learning rate of a method at its scale times a factor; of gold that of AdamW, Muon's moves along."""
    own = chosen.extrapolation
    usual = {
        "rl": chosen.rl.optimizer.lr,
        "self_train": chosen.rl.optimizer.lr * own.self_train_lr_factor,
        "gold": chosen.train.optimizer.lr * chosen.midtrain.lr_factor * own.gold_lr_factor,
    }
    return float(f"{usual[method] * factor:.4g}")


def _rates_differ(chosen: Settings) -> None:
    """Raises ValueError where two factors give a method one rate, and so two rows one name."""
    for method in chosen.tuning.methods:
        found: dict[float, float] = {}
        for factor in chosen.tuning.factors:
            rate = rate_of(chosen, method, factor)
            if (other := found.setdefault(rate, factor)) != factor:
                raise ValueError(
                    f"tuning.factors {other} and {factor} give {method} the same learning rate, {rate:g}: "
                    "rates have four digits, and factors must differ within them"
                )


def row_name(method: str, rate: float, steps: int) -> str:
    """`rl_0.0005_50`."""
    return f"{method}_{rate:g}_{steps}"


def _trained(recipe: Recipe, base: PretrainStage, seed: Seed, method: str, factor: float, steps: int) -> Checkpointed:
    name = f"base, {method} x {factor:g}, {steps} steps"
    if method == "self_train":
        return self_trained(recipe, base, seed, name, steps=steps, factor=factor)
    if method == "gold":
        return gold_trained(recipe, base, seed, name, steps=steps, factor=factor)
    changes = {"optimizer": scaled(recipe.chosen.rl.optimizer, factor)}
    return recipe.reinforced(base, recipe.regimes["edge"], seed, name, steps=steps, changes=changes)


def tuning(chosen: Settings, place: Workplace) -> Study:
    """No claim is made of it. Raises ValueError for a seed that a study might report, and for a rate that stands twice."""
    if min(chosen.seeds) < FIRST:
        raise ValueError(f"tuning is done on seeds from {FIRST} on, which no study reports; got {min(chosen.seeds)}")
    _rates_differ(chosen)
    recipe = Recipe(chosen, place)
    arms = recipe.every_seed(arms_of_seed)
    names = dict.fromkeys(arm.name for arm in arms if arm.start)
    return Study(
        name="tuning",
        title="Learning rates and steps, chosen on held-out problems",
        question="Which learning rate and how many steps leave most verified accuracy on the edge, method by method?",
        settings=chosen,
        arms=arms,
        contrasts=compared(arms, [(name, "base") for name in names], chosen.ks),
        claims=(),
    )
