"""RL on the edge and what it is compared with at equal compute: gold solutions of the problems that RL is asked, and
self-training on its own right samples. Tuned in `tuning`, compared in `extrapolation`: one treatment is made in one place."""

from __future__ import annotations

from interplay.rl.presets import PRESETS
from interplay.stages.kinds import MidtrainStage, PretrainStage, RLStage
from interplay.studies.budget import rl_tokens
from interplay.studies.recipe import Recipe, Seed
from interplay.train.optimizer import OptimizerConfig


def scaled(optimizer: OptimizerConfig, factor: float) -> OptimizerConfig:
    """The same with all of its learning rates times a factor."""
    return optimizer.model_copy(update={"lr": optimizer.lr * factor, "matrix_lr": optimizer.matrix_lr * factor})


def self_trained(
    recipe: Recipe, base: PretrainStage, seed: Seed, name: str, *, steps: int | None = None, factor: float = 1.0,
) -> RLStage:  # fmt: skip
    """Right samples of edge problems are learned from, without a baseline; `factor` is on the learning rate of RL."""
    changes = _self_training(recipe, factor)
    return recipe.reinforced(base, recipe.regimes["edge"], seed, name, steps=steps, changes=changes)


def matched_self_trained(recipe: Recipe, base: PretrainStage, seed: Seed, name: str, replay: bool = False) -> RLStage:
    """The same for what RL was measured to compute: as many steps on as many edge problems, with more samples of each.

    With `replay` a step asks so many id problems more that they are `replay_share` of all.
    """
    chosen, own = recipe.chosen, recipe.chosen.extrapolation
    group = (own.self_train_replay_group if replay else own.self_train_group) or chosen.rl.group
    changes = _self_training(recipe, 1.0) | {"group": group}
    if not replay:
        return recipe.reinforced(base, recipe.regimes["edge"], seed, name, changes=changes)
    changes["prompts"] = round(chosen.rl.prompts / (1 - own.replay_share))
    return recipe.reinforced(base, recipe.with_id(own.replay_share), seed, name, changes=changes)


def _self_training(recipe: Recipe, factor: float) -> dict[str, object]:
    changes: dict[str, object] = dict(PRESETS["raft"])
    if (factor := factor * recipe.chosen.extrapolation.self_train_lr_factor) != 1.0:
        changes["optimizer"] = scaled(recipe.chosen.rl.optimizer, factor)
    return changes


def gold_trained(
    recipe: Recipe, base: PretrainStage, seed: Seed, name: str, *, steps: int | None = None, factor: float = 1.0,
    replay: bool = False,
) -> MidtrainStage:  # fmt: skip
    """Supervised on gold solutions of the problems that as many steps of RL are asked, for what RL was measured to compute;
    `factor` is on the learning rates of mid-training."""
    chosen, mixes = recipe.chosen, recipe.regimes
    own, steps = chosen.extrapolation, steps or chosen.rl.steps
    tokens = round(own.measured_share * rl_tokens(chosen, steps))
    more = {"replay": {"mixture": mixes["id"], "share": own.replay_share}} if replay else {}
    return recipe.midtrained(
        base, mixes["edge"], tokens, seed, name, "rl", lr_factor=factor * own.gold_lr_factor,
        distinct=steps * chosen.rl.prompts, **more,
    )  # fmt: skip
